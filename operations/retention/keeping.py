"""Deletes what is due, in batches so small that nobody waits for them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, Table

from gateway.config.settings import Retention
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.content.store import drop_idle_keys
from operations.retention import store
from operations.store.database import Database, DatabaseAway
from operations.store.tables import exchange, signal

KINDS = ("content", "signals", "exchanges")
BATCH_ROWS = 1000
PAUSE_SECONDS = 0.05
EVERY_SECONDS = 600.0
AWAY_SECONDS = 10.0
IDLE_KEY_SECONDS = 3600.0
BY = "retention"

Prune = Callable[[Connection, Table, Sequence[str], Act], int]


class RetentionKeeper:
    """Looks every ten minutes. ``prune`` deletes rows of the ledger in a way that their chains allow; it may leave some
    for later."""

    def __init__(self, database: Database, retention: Retention, prune: Prune, log: Log,
                 wall: Callable[[], float] = time.time) -> None:
        self.retention = retention
        self.deleted: Counter[str] = Counter()
        self.oldest: dict[str, float] = {}
        self._database = database
        self._prune = prune
        self._log = log
        self._wall = wall
        self._running = asyncio.Lock()

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            try:
                await self.delete_due()
                await asyncio.sleep(EVERY_SECONDS)
            except DatabaseAway:
                await asyncio.sleep(AWAY_SECONDS)

    async def due(self) -> dict[str, int]:
        """How much there is to delete by kind. Raises DatabaseAway."""
        now = self._wall()
        return await self._database.run(lambda c: {
            kind: store.due_count(c, kind, self.retention, now) for kind in KINDS})

    async def delete_due(self, reason: str = "their time is over", actor: str = BY) -> dict[str, int]:
        """Deletes all that is due; returns how much of each kind. Raises DatabaseAway."""
        async with self._running:
            told = {kind: await self._delete(kind, reason, actor) for kind in KINDS}
            await self._database.run(lambda c: drop_idle_keys(c, self._wall() - IDLE_KEY_SECONDS))
            if told["content"]:
                await self._database.make_durable("TRUNCATE")
            self.oldest = await self._database.run(store.oldest)
        if any(told.values()):
            self._log.info("retention_deleted", **told)
        return told

    async def _delete(self, kind: str, reason: str, actor: str) -> int:
        total = 0
        while True:
            act = Act(at=self._wall(), kind="retention.delete", actor=actor, reason=reason, about=kind)
            asked, done = await self._database.run(partial(self._batch, kind=kind, act=act))
            total += done
            self.deleted[kind] += done
            if asked < BATCH_ROWS or not done:
                return total
            await asyncio.sleep(PAUSE_SECONDS)  # the drain's turn

    def _batch(self, connection: Connection, kind: str, act: Act) -> tuple[int, int]:
        """Deletes some; returns how many were due and how many went."""
        ids = store.due_ids(connection, kind, self.retention, act.at, BATCH_ROWS)
        if not ids:
            return 0, 0
        if kind == "exchanges":
            about = store.signals_about(connection, ids)
            if about:
                self._prune(connection, signal, about, act)
            return len(ids), self._prune(connection, exchange, ids, act)
        if kind == "signals":
            return len(ids), self._prune(connection, signal, ids, act)
        done = store.delete_content(connection, ids)
        details = {"rows": done, "first": min(ids), "last": max(ids)}
        acts.append(connection, Act(at=act.at, kind=act.kind, actor=act.actor, reason=act.reason, about=kind,
                                    details=details))
        return len(ids), done
