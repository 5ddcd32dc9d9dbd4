"""What every kind of database gives a backup, and what it takes back."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import msgspec

from operations.backups.manifest import Contents, Kind

Alive = Callable[[], None]  # raises Stopped where what goes on is to be given up


class Dump(msgspec.Struct, frozen=True, kw_only=True):
    """A consistent copy of a database: what is in it, and its bytes, which can be read once."""

    kind: Kind
    tool: str
    contents: Contents
    blocks: Iterator[bytes]


class Target(Protocol):
    """Where a backup is restored to. It is filled beside what is there, and takes its place in one step."""

    url: str  # of what is being filled: a database of its own until ``take_place``

    def fill(self, blocks: Iterable[bytes]) -> None:
        """Makes the database out of a dump; raises Damaged, Refused."""

    def take_place(self) -> str:
        """Puts it where it belongs; returns where the old one is kept, empty where there was none."""

    def discard(self) -> None:
        """Leaves nothing of it. May be called at any time, more than once."""
