"""Group commit: what was appended is brought to the disk in a thread, many records by one ``fdatasync``.

While one sync is under way, who comes waits for the next, which covers all of them; so under load each sync takes more
records, and never more time than the disk needs for one.

A sync that failed is never tried again on the same file: the kernel may have marked the pages clean, and the next one
would succeed without them. The segments are left, and what they may have lost is appended again to a new one.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from gateway.journal import Journal, Unconfirmed
from gateway.segment import Segment
from gateway.telemetry.logs import Log

Told = Callable[[bool], None]
_TRIES = 2


class GroupCommit:
    """``after`` calls back in the event loop: with True once the disk has all that was appended before, with False
    where no disk takes it. ``sync`` raises OSError.
    """

    def __init__(self, journal: Journal, loop: asyncio.AbstractEventLoop, log: Log,
                 sync: Callable[[int], None] = os.fdatasync) -> None:
        self._journal = journal
        self._loop = loop
        self._log = log
        self._sync = sync
        self._thread = ThreadPoolExecutor(1, "commit")
        self._waiting: list[Told] = []
        self._syncing: list[Told] | None = None
        self.failures = 0  # syncs that the disk refused
        self.unconfirmed = 0  # who was told False

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._syncing or ())

    def after(self, tell: Told) -> None:
        self._waiting.append(tell)
        if self._syncing is None:
            self._begin()

    def close(self) -> None:
        """Without waiting: a disk that hangs must not keep the worker from leaving."""
        self._thread.shutdown(wait=False)

    def _begin(self) -> None:
        self._syncing, self._waiting = self._waiting, []
        self._start(_TRIES)

    def _start(self, tries: int) -> None:
        those = self._journal.unconfirmed()
        syncing = self._loop.run_in_executor(self._thread, self._bring, those.segments)
        syncing.add_done_callback(partial(self._done, those, tries - 1))

    def _bring(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            segment.sync(self._sync)

    def _done(self, those: Unconfirmed, tries: int, syncing: "asyncio.Future[None]") -> None:
        error = syncing.exception()
        if error is None:
            self._journal.confirm(those)
        elif self._begins_again(error, those, tries):
            return
        told, self._syncing = self._syncing or [], None
        if self._waiting:
            self._begin()
        for tell in told:
            tell(error is None)

    def _begins_again(self, error: BaseException, those: Unconfirmed, tries: int) -> bool:
        self.failures += 1
        self._log.error("journal_sync_failed", error=str(error), waiting=self.waiting, tries_left=tries)
        if self._journal.begin_again() and tries:
            self._start(tries)
            return True
        self._journal.give_up(those)
        self.unconfirmed += len(self._syncing or ())
        return False
