"""Brings sealed content into the database: each item once, under its subject's key, and the segment gone after that."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from gateway.content.item import Item
from gateway.content.segments import sealed_segments
from gateway.journal import has_ended
from gateway.telemetry.logs import Log
from operations.content import store
from operations.content.opening import NotOurs, Opener, SealedSegment
from operations.content.store import Stored
from operations.content.vault import Vault
from operations.store.database import Database, DatabaseAway

PAUSE_SECONDS = 0.5
AWAY_SECONDS = 5.0
BATCH_BYTES = 4 << 20
BATCH_ITEMS = 1000


class ContentDrain:
    """Reads in a thread, stores in the database's. What is in the database already is left as it is, so that reading a
    segment again after a crash does no harm; a segment goes once nothing can be added to it and all of it is durable.

    A segment that was sealed under another master key stays where it is, and is told of.
    """

    def __init__(self, database: Database, folder: Path, vault: Vault, opener: Opener, log: Log,
                 wall: Callable[[], float] = time.time) -> None:
        self.total = Stored()
        self.torn_total = 0
        self.unopenable: set[str] = set()
        self._database = database
        self._folder = folder
        self._vault = vault
        self._opener = opener
        self._log = log
        self._wall = wall
        self._segments: dict[str, SealedSegment] = {}
        self._waiting: list[Item] = []
        self._finished: list[SealedSegment] = []
        self._stepping = asyncio.Lock()

    async def run(self) -> None:
        """Drains until it is cancelled."""
        while True:
            try:
                taken = await self.step()
            except DatabaseAway:
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if not taken:
                await asyncio.sleep(PAUSE_SECONDS)

    async def finish(self) -> None:
        """Stores all that is there. Raises DatabaseAway."""
        while await self.step():
            pass

    async def step(self) -> int:
        """Stores one batch and removes what is done with; returns how many items it took. Raises DatabaseAway."""
        async with self._stepping:
            if not self._waiting:
                self._waiting, self._finished = await asyncio.to_thread(self._read)
            if self._waiting:
                await self._store()
            taken, self._waiting = len(self._waiting), []
            if self._finished:
                await self._database.make_durable()
                await asyncio.to_thread(self._remove, self._finished)
                self._finished = []
            return taken

    async def _store(self) -> None:
        # What was stored before one of these fails is left as it is when they are tried again.
        for first in range(0, len(self._waiting), BATCH_ITEMS):
            items = self._waiting[first : first + BATCH_ITEMS]
            told = await self._database.run(partial(store.keep, vault=self._vault, items=items, now=self._wall()))
            self.total.stored += told.stored
            self.total.erased += told.erased
            self.total.expired += told.expired

    def _read(self) -> tuple[list[Item], list[SealedSegment]]:
        items: list[Item] = []
        finished: list[SealedSegment] = []
        room = BATCH_BYTES
        for path in sealed_segments(self._folder):
            if room <= 0:
                break
            segment = self._segments.setdefault(path.name, SealedSegment(path, self._opener))
            ended = has_ended(path)  # asked first: what is read after that cannot be followed by more
            before = segment.unread_bytes
            try:
                items.extend(segment.read(room))
            except NotOurs as error:
                self._note_unopenable(path, error)
                continue
            except OSError:
                continue
            room -= before - segment.unread_bytes
            if ended and (segment.torn or before == segment.unread_bytes):
                finished.append(segment)
        return items, finished

    def _note_unopenable(self, path: Path, error: NotOurs) -> None:
        if path.name not in self.unopenable:
            self.unopenable.add(path.name)
            self._log.error("content_not_ours", segment=path.name, sealed_for=str(error),
                            remedy="it was sealed under another master key; start the host with that one")

    def _remove(self, finished: list[SealedSegment]) -> None:
        for segment in finished:
            left = segment.unread_bytes
            if left:
                self.torn_total += 1
                self._log.error("content_torn", segment=segment.path.name, lost_bytes=left)
            segment.path.unlink(missing_ok=True)
            self._segments.pop(segment.path.name, None)

    def undrained_bytes(self) -> int:
        """How much is sealed and not stored."""
        return sum(segment.unread_bytes for segment in self._segments.values())
