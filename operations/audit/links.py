"""Links records into their writers' chains: each is digested with the digest of the one before.

A *writer* numbers its records from 1 on. What comes with no number, or with one that its chain has passed already (a
journal that is read out of order), is given the next place in a chain of its own: that of the strays.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.record import Entry, ExchangeRecord
from operations.audit.canonical import canonical
from operations.audit.merkle import leaf_hash

STRAYS = "stray"
ACTS = "acts"


class Head(msgspec.Struct, frozen=True):
    """The end of a chain: the last place that is taken or given up, and the digest of the newest record."""

    sequence: int = 0
    digest: bytes = b""
    closed: bool = False


class Gap(msgspec.Struct, frozen=True):
    """Places from ``first`` to ``last`` that no record has: ``missing`` (never seen) or ``unstorable``."""

    writer: str
    first: int
    last: int
    why: str


def kind_of(entry: Entry) -> str:
    """The table that holds it."""
    return "exchange" if isinstance(entry, ExchangeRecord) else "signal"


class Links:
    """Chains as they are while records are added to them. ``changed`` are the heads that moved, ``gaps`` the new gaps.

    What a transaction undoes has to be undone here too: see ``copy``.
    """

    def __init__(self, heads: Mapping[str, Head]) -> None:
        self.changed: dict[str, Head] = {}
        self.gaps: list[Gap] = []
        self._heads = heads

    def copy(self) -> "Links":
        copied = Links(self._heads)
        copied.changed, copied.gaps = dict(self.changed), list(self.gaps)
        return copied

    def head(self, writer: str) -> Head:
        return self.changed.get(writer) or self._heads.get(writer) or Head()

    def follow(self, other: "Links") -> None:
        """Takes over how far a copy has come."""
        self.changed, self.gaps = other.changed, other.gaps

    def link(self, kind: str, fields: dict[str, Any]) -> tuple[bytes, bytes]:
        """Adds a record to its chain, whose head it is now; returns its links, the digest of the one before and its
        own. Raises ValueError, OverflowError or TypeError where no database could hold it."""
        writer, sequence = fields["writer"], fields["sequence"]
        head = self.head(writer)
        digest = leaf_hash(canonical(kind, fields, head.digest))
        if sequence > head.sequence + 1:
            self.gaps.append(Gap(writer, head.sequence + 1, sequence - 1, "missing"))
        self.changed[writer] = Head(sequence, digest)
        return head.digest, digest

    def give_up(self, writer: str, sequence: int) -> None:
        """Notes that a record cannot be stored: the chain goes on after its place."""
        head = self.head(writer)
        if sequence > head.sequence + 1:
            self.gaps.append(Gap(writer, head.sequence + 1, sequence - 1, "missing"))
        self.gaps.append(Gap(writer, sequence, sequence, "unstorable"))
        self.changed[writer] = Head(sequence, head.digest)


def strays_among(entries: Iterable[Entry], links: Links) -> list[Entry]:
    """Those for which their writer's chain has no place."""
    reached: dict[str, int] = {}
    found = []
    for entry in entries:
        writer = entry.writer
        if writer not in reached:
            head = links.head(writer)
            reached[writer] = entry.sequence if head.closed else head.sequence
        if writer and entry.sequence > reached[writer]:
            reached[writer] = entry.sequence
        else:
            found.append(entry)
    return found
