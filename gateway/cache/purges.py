"""Purges: what is to be forgotten, told to the workers through a file, as the routing is."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from gateway.cache.entry import Entry

NAME = "cache-purges.json"
KEPT = 1000  # purges that the file holds: a worker that is behind by more than these forgets everything


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """What is named has to match; what is empty matches all. Numbers grow: they are Unix microseconds or more."""

    number: int = 0
    tenant: str = ""
    model: str = ""
    version: str = ""
    subject: str = ""
    exchange: str = ""

    def matches(self, entry: Entry) -> bool:
        return all(not wanted or wanted == found for wanted, found in (
            (self.tenant, entry.tenant), (self.model, entry.model), (self.version, entry.version),
            (self.subject, entry.subject), (self.exchange, entry.exchange_id)))


def read(state: Path) -> list[Purge]:
    """The last purges, in order; none where the file is not there. Raises msgspec.DecodeError, OSError."""
    try:
        return msgspec.json.decode((state / NAME).read_bytes(), type=list[Purge])
    except FileNotFoundError:
        return []


def write(state: Path, purges: Iterable[Purge]) -> None:
    """Replaces the file, whole or not at all."""
    aside = state / f".{NAME}"
    aside.write_bytes(msgspec.json.encode(list(purges)[-KEPT:]))
    aside.replace(state / NAME)


class PurgeReader:
    """One worker's place among the purges. What was purged before its life it never had."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._seen_file: tuple[int, int] | None = None
        self._number = 0
        self.due()

    def due(self) -> list[Purge]:
        """Those that have come since it was asked last."""
        try:
            stat = (self._state / NAME).stat()
        except FileNotFoundError:
            return []
        seen = stat.st_mtime_ns, stat.st_ino
        if seen == self._seen_file:
            return []
        purges = read(self._state)
        self._seen_file = seen
        missed = [purge for purge in purges if purge.number > self._number]
        if missed:
            self._number = missed[-1].number
        if len(missed) == KEPT:  # others may have stood before them
            return [Purge(number=self._number)]
        return missed
