"""What a verification finds."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Kind = Literal[
    "flipped",  # a record's fields are not those that its digest was made of
    "deleted",  # a record that was sealed or chained is not there, and no act deleted it
    "inserted",  # a record, or a segment, is there that was never sealed in its place
    "reordered",  # a record stands in another one's place
    "truncated",  # the newest records of a chain, or the newest checkpoints, are gone
    "rewritten",  # a record, a segment or a chain was changed, and its digests were made anew to fit
    "gap",  # the gateway itself noted that it never stored a record for this place
    "forged",  # a checkpoint is not signed by a known key
    "missing",  # a checkpoint that others prove is not there
    "rolled_back",  # the database, or a second place, is older than what it is known to have held
]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``where`` is what it was found in: a segment, a checkpoint, a file. It is about the record ``sequence`` of
    ``writer``, or about those up to ``last``."""

    kind: Kind
    what: str
    where: str = ""
    writer: str = ""
    sequence: int = 0
    last: int = 0
    id: str = ""

    @property
    def is_fault(self) -> bool:
        """False for what the gateway itself has told and signed."""
        return self.kind != "gap"

    def __str__(self) -> str:
        place = ""
        if self.writer:
            upto = f"-{self.last}" if self.last > self.sequence else ""
            place = f" {self.writer}/{self.sequence}{upto}" if self.sequence else f" {self.writer}"
        named = f" (id {self.id})" if self.id else ""
        where = f", in {self.where}" if self.where else ""
        return f"{self.kind}{place}{named}: {self.what}{where}"


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """The same, with what is said of records one after another said once."""
    told: list[Finding] = []
    for one in findings:
        before = told[-1] if told else None
        if before is not None and one.sequence and _continues(before, one):
            told[-1] = msgspec.structs.replace(before, last=max(one.sequence, one.last), id="")
        else:
            told.append(one)
    return told


def _continues(before: Finding, one: Finding) -> bool:
    reached = max(before.sequence, before.last)
    return reached + 1 == one.sequence and (before.kind, before.writer, before.what, before.where) == (
        one.kind, one.writer, one.what, one.where)
