"""The routing file on this host, watched: a good change becomes a revision, a bad one is refused and said so."""

import asyncio
import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.config.checking import ConfigurationError, Problem
from gateway.config.reading import parse_yaml
from gateway.telemetry.logs import Log
from operations.revisions.keeper import Change, Keeper, SnapshotNotWritten
from operations.store.database import DatabaseAway

POLL_SECONDS = 0.5


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A content of the file that cannot be used, and all that is wrong with it."""

    digest: str
    at: float
    problems: list[Problem]


class Settling:
    """Lets a content through once it was read the same twice running and is not the one let through last: an editor
    may be half-way through writing it."""

    def __init__(self, handled: str) -> None:
        self._handled = handled
        self._previous = handled

    def offer(self, digest: str) -> bool:
        settled = digest == self._previous and digest != self._handled
        self._previous = digest
        return settled

    def handled(self, digest: str) -> None:
        self._handled = digest


class RoutingFile:
    """The file that an operator edits. ``refusal`` is set while what stands in it cannot be used."""

    def __init__(self, path: Path, keeper: Keeper, log: Log, clock: Callable[[], float] = time.time) -> None:
        self.refusal: Refusal | None = None
        self.path = path
        self._keeper = keeper
        self._log = log
        self._clock = clock

    def read(self) -> tuple[bytes, str]:
        """The content and its digest; an unreadable file is a content of its own."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            return b"", f"unreadable: {error.strerror}"
        return content, hashlib.sha256(content).hexdigest()

    async def take(self, content: bytes, digest: str) -> None:
        """Makes the content the live revision where it is new and good. Raises DatabaseAway, SnapshotNotWritten."""
        try:
            routing = self._checked(content, digest)
        except ConfigurationError as error:
            self._refuse(digest, list(error.problems))
            return
        change = Change(routing=routing, source="file", reason=f"{self.path.name} changed", actor="file",
                        seen=(str(self.path), digest))
        revision, new = await self._keeper.apply(change)
        self.refusal = None
        if new:
            self._log.info("routing_file_applied", revision=revision.revision, warnings=self._keeper.warnings())

    def _checked(self, content: bytes, digest: str) -> object:
        source = str(self.path)
        if digest.startswith("unreadable"):
            raise ConfigurationError(source, [Problem(path="", expected="a readable file", found=digest)])
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise ConfigurationError(source, [Problem(path="", expected="UTF-8", found=str(error))]) from None
        routing = parse_yaml(text, source)
        self._keeper.checked(routing, source)
        return routing

    def _refuse(self, digest: str, problems: list[Problem]) -> None:
        self.refusal = Refusal(digest=digest, at=self._clock(), problems=problems)
        self._log.error("routing_file_refused", file=str(self.path), serving=self._keeper.number,
                        problems=[str(problem) for problem in problems])

    async def watch(self, handled: str) -> None:
        """Takes each new content, from the one after ``handled`` on, until cancelled."""
        settling = Settling(handled)
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self._look(settling)
            except (DatabaseAway, SnapshotNotWritten):
                continue  # said where it happened; tried again at the next look

    async def _look(self, settling: Settling) -> None:
        content, digest = await asyncio.to_thread(self.read)
        if not self._keeper.in_step:
            await self._keeper.open(str(self.path), digest)
            await self.take(content, digest)
            settling.handled(digest)
        elif settling.offer(digest):
            await self.take(content, digest)
            settling.handled(digest)
        await self._keeper.write_snapshot()
