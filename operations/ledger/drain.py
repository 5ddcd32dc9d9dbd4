"""Brings the journals into the ledger: in order, each record once, whatever dies in between."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection

from gateway.journal import has_ended, segments, size_of
from gateway.record import Entry
from gateway.telemetry.logs import Log
from operations.ledger import store
from operations.ledger.tail import Tail
from operations.store.database import Database, DatabaseAway

BATCH_RECORDS = 2000
FEWEST_RECORDS = 50  # at once, where a database is too slow for more
PAUSE_SECONDS = 0.15
IDLE_SECONDS = 1.0
LONGEST_BACKOFF_SECONDS = 5.0


class Batch(NamedTuple):
    """What one transaction did: how many records it read, which of them no row could hold, and where reading stands."""

    records: int
    unstorable: Sequence[Entry]
    tail: Tail


class Drain:
    """Moves records batch by batch; rows and places are one transaction.

    A segment is deleted once its writer is done with it, all of it is in the ledger durably, and ``is_spent`` says that
    nobody else has still to read it. While the database is away the journals wait on disk.
    """

    def __init__(
        self, database: Database, folder: Path, spent: Callable[[], Set[str]], log: Log,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.stored_total = 0
        self.unstorable_total = 0
        self.failures_total = 0
        self.away_since: float | None = None
        self.away_because = ""
        self._database = database
        self._folder = folder
        self._spent = spent
        self._log = log
        self._clock = clock
        self._tail: Tail | None = None
        self._limit = BATCH_RECORDS
        self._stored: Mapping[str, int] = {}
        self._stepping = asyncio.Lock()
        self._gone: set[str] = set()
        self._stuck: set[str] = set()

    async def run(self) -> None:
        """Drains until it is cancelled."""
        backoff = PAUSE_SECONDS
        asked_at = float("-inf")
        while True:
            # A host without traffic asks its database once a second, to know that it is there.
            if not self.undrained_bytes() and self._clock() - asked_at < IDLE_SECONDS:
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            asked_at, limit = self._clock(), self._limit
            try:
                stored = await self.step()
            except DatabaseAway:
                await asyncio.sleep(backoff)
                backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)
                continue
            backoff = PAUSE_SECONDS
            if stored < limit:
                await asyncio.sleep(PAUSE_SECONDS)

    async def wait_for_writers(self, seconds: float) -> None:
        """Returns when no worker writes any more, or after ``seconds``."""
        deadline = self._clock() + seconds
        while self._clock() < deadline and not all(map(has_ended, segments(self._folder))):
            await asyncio.sleep(PAUSE_SECONDS / 3)

    async def finish(self, seconds: float) -> bool:
        """Drains until every segment is stored and gone; False where that took more than ``seconds``."""
        deadline = self._clock() + seconds
        while self._clock() < deadline:
            stored = 0
            with suppress(DatabaseAway):
                stored = await self.step()
            if not stored and self._is_complete():
                return True
            await asyncio.sleep(0 if stored else PAUSE_SECONDS / 3)
        return False

    async def step(self) -> int:
        """Stores one batch and removes what is done with; returns how many records. Raises DatabaseAway."""
        async with self._stepping:
            spent = frozenset(self._spent())
            try:
                batch = await self._database.run(self._store_batch)
                self._tail, self._stored = batch.tail, batch.tail.positions()
                await self._remove_finished(spent)
            except DatabaseAway as error:
                # Where reading stands is known again only when the database says how far it got.
                self._tail = None
                self._note_failure(error)
                raise
            self._note_success(batch)
            return batch.records

    @property
    def away_seconds(self) -> float:
        """How long the database has not taken records; 0 while it does."""
        return 0.0 if self.away_since is None else self._clock() - self.away_since

    def undrained_bytes(self) -> int:
        """How much of the journals is not in the ledger."""
        return sum(max(0, size_of(segment) - self._stored.get(segment.name, 0)) for segment in segments(self._folder))

    def _is_complete(self) -> bool:
        return all(segment.name in self._stuck for segment in segments(self._folder))

    def _store_batch(self, connection: Connection) -> Batch:
        # Runs in the database's thread; the tail belongs to it while it does.
        tail = self._tail or self._tail_from(connection)
        chunks = tail.read(self._limit)
        records = [record for chunk in chunks for record in chunk.records]
        unstorable = store.append(connection, records)
        store.move(connection, {chunk.segment: chunk.position for chunk in chunks})
        store.forget(connection, self._gone)
        return Batch(len(records), unstorable, tail)

    def _tail_from(self, connection: Connection) -> Tail:
        places = store.positions(connection)
        self._gone |= places.keys() - {segment.name for segment in segments(self._folder)}
        return Tail(self._folder, places)

    async def _remove_finished(self, spent: Set[str]) -> None:
        self._gone = set()
        removable = (self._tail.finished & spent) - self._stuck if self._tail else set()
        if removable and self._tail:
            await self._database.make_durable()
            for name in removable:
                self._remove(self._folder / name, name in self._tail.torn)
            self._gone = removable

    def _remove(self, segment: Path, torn: bool) -> None:
        try:
            if torn:
                segment.rename(segment.with_suffix(".torn"))  # kept for whoever wants to know what the disk did
            else:
                segment.unlink()
        except OSError as error:
            self._stuck.add(segment.name)
            self._log.warning("segment_not_removed", segment=segment.name, error=str(error))

    def _note_failure(self, error: DatabaseAway) -> None:
        self.failures_total += 1
        self._limit = max(FEWEST_RECORDS, self._limit // 4)
        self.away_because = str(error)
        if self.away_since is None:
            self.away_since = self._clock()
            self._log.error("ledger_away", error=str(error), remedy="exchanges wait in the journal until it is back")

    def _note_success(self, batch: Batch) -> None:
        self.stored_total += batch.records
        for record in batch.unstorable:
            self.unstorable_total += 1
            self._log.error("record_unstorable", exchange=record.id, worker=record.worker)
        self._limit = min(BATCH_RECORDS, self._limit * 2)
        if self.away_since is not None:
            self._log.info("ledger_back", away_seconds=round(self._clock() - self.away_since, 3))
            self.away_since, self.away_because = None, ""
