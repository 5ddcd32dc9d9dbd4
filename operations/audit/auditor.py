"""Seals the ledger every so often, and sees to it that the second places hear of it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from sqlalchemy import Connection

from gateway.telemetry.logs import Log
from operations.audit import log_store
from operations.audit.checkpoint import Checkpoint
from operations.audit.delivery import Delivery, FolderPlace
from operations.audit.sealing import SEAL_RECORDS, Sealed, Sealer
from operations.store.database import Database, DatabaseAway

LOOK_SECONDS = 1.0
LATE = 5  # times `every`


class Auditor:
    """``waiting`` is how many records were not sealed when last looked; ``sealed_at`` when everything was, by the
    clock."""

    def __init__(self, database: Database, sealer: Sealer, deliveries: Sequence[Delivery], every: float, log: Log,
                 clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self.waiting = 0
        self.newest: Checkpoint | None = None
        self.sealed_at = clock()
        self.is_damaged = False
        self.deliveries = list(deliveries)
        self.every = every
        self._database = database
        self._sealer = sealer
        self._log = log
        self._clock = clock
        self._wall = wall
        self._sealing = asyncio.Lock()
        self._tried_at = float("-inf")

    @property
    def sealed_age_seconds(self) -> float:
        return max(0.0, self._clock() - self.sealed_at)

    def now(self) -> float:
        """Unix seconds."""
        return self._wall()

    def notes(self) -> Iterator[str]:
        """What somebody should look at."""
        if self.is_damaged:
            yield "audit: the log in the database is not the one that was signed; gatewright audit verify tells where"
        if self.waiting and self.sealed_age_seconds > LATE * self.every:
            yield f"audit: nothing was sealed for {self.sealed_age_seconds:.0f} s, {self.waiting} records wait"
        for one in self.deliveries:
            if one.error:
                yield f"audit: the second place {one.place.name} is behind: {one.error}"

    async def run(self) -> None:
        """Seals and delivers until it is cancelled."""
        while True:
            with suppress(DatabaseAway):  # the drain says so; what it has not stored need not be sealed
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def finish(self, seconds: float) -> None:
        """Seals and delivers once more, where that takes no longer."""
        with suppress(DatabaseAway, TimeoutError):
            async with asyncio.timeout(seconds):
                await self.seal()
                await self.deliver()

    async def look(self) -> None:
        """Seals where it is time to, or where much is waiting; delivers what is due. Raises DatabaseAway."""
        self.waiting, self.newest = await self._database.read(_state)
        if self._clock() - self._tried_at >= self.every or self.waiting >= SEAL_RECORDS:
            await self.seal()
        await self.deliver()

    async def seal(self) -> Sealed:
        """Seals all that is stored; returns the last checkpoint, and how many records are under a new one. Raises
        DatabaseAway."""
        async with self._sealing:
            self._tried_at = self._clock()
            await self._know_places()
            records, checkpoint = 0, None
            while (sealed := await self._database.run(self._seal)).checkpoint is not None:
                records, checkpoint = records + sealed.records, sealed.checkpoint
                self.newest = checkpoint
                self._log.info("sealed", checkpoint=checkpoint.number, records=sealed.records)
            self._note_damage(sealed.is_damaged)
            self.sealed_at, self.waiting = self._clock(), 0
            return Sealed(checkpoint, records, sealed.is_damaged)

    def _seal(self, connection: Connection) -> Sealed:
        return self._sealer.seal(connection, self._wall(), self._known())

    def _known(self) -> Checkpoint | None:
        held = [one.place.last for one in self.deliveries
                if isinstance(one.place, FolderPlace) and one.place.last is not None]
        return max((one for one in held if self._sealer.is_own(one)), key=lambda one: one.number, default=None)

    async def _know_places(self) -> None:
        # A database that was restored from a backup is behind them: the next checkpoint says so.
        for delivery in self.deliveries:
            if delivery.number is None:
                await self._deliver_to(delivery, 0)

    def _note_damage(self, is_damaged: bool) -> None:
        if is_damaged and not self.is_damaged:
            self._log.error("audit_log_damaged", remedy="gatewright audit verify tells where")
        self.is_damaged = self.is_damaged or is_damaged

    async def deliver(self) -> None:
        """Raises DatabaseAway."""
        newest = self.newest.number if self.newest else 0
        for delivery in self.deliveries:
            await self._deliver_to(delivery, newest)

    async def _deliver_to(self, delivery: Delivery, newest: int) -> None:
        before = delivery.error
        await delivery.step(newest)
        if delivery.error and delivery.error != before:
            self._log.error("checkpoint_not_delivered", place=delivery.place.name, error=delivery.error)


def _state(connection: Connection) -> tuple[int, Checkpoint | None]:
    return log_store.waiting(connection), log_store.newest_checkpoint(connection)
