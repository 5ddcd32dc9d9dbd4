"""Makes backups when they are due, and says when one is missing."""

import asyncio
import random
import sqlite3
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from gateway.config.settings import Backups
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.backups import record
from operations.backups.damage import Damaged, Refused, Stopped
from operations.backups.databases import kind_of, offline_engine
from operations.backups.folder import Backup
from operations.backups.making import Maker
from operations.backups.postgresql import DumpFailed
from operations.backups.retention import due_at, is_missed, superfluous
from operations.backups.turn import turn
from operations.store.database import Database, DatabaseAway

FAILURES = (OSError, SQLAlchemyError, sqlite3.Error, DumpFailed, Damaged, Refused, DatabaseAway)
_LOOK_SECONDS = 30.0
_RETRY_SECONDS = 300.0
_AHEAD_SECONDS = 60.0  # what is dated later than this was dated by a clock that has been set back
_GATEWRIGHT = "gatewright"


class Busy(Exception):
    """A backup is being made already, here or on another host."""


class BackupFailed(Exception):
    """No backup was made; the message says why. It was counted and logged."""


class Schedule:
    """The backups of one database. What is due follows from the backups that are there, so that a restart neither
    leaves one out nor makes one twice. All work is done in a thread, on connections of its own.
    """

    def __init__(
        self, rule: Backups, maker: Maker, url: str, database: Database, log: Log,
        clock: Callable[[], float] = time.time, draw: Callable[[], float] = random.random,
    ) -> None:
        self.rule = rule
        self.maker = maker
        self.newest: Backup | None = None  # in the folder here
        self.newest_at: float | None = None  # there or on another host
        self.begun_at: float | None = None  # while one is being made
        self.problem = ""  # of the last try, or of the folder
        self.failures_total = 0
        self.last_seconds: float | None = None
        self._url = url
        self._database = database
        self._log = log
        self._clock = clock
        self._fraction = draw()
        self._draw = draw
        self._leaving = threading.Event()

    @property
    def due_at(self) -> float:
        return due_at(self.newest_at, self.rule.every, self._fraction)

    @property
    def missed(self) -> bool:
        """True where there is no backup as young as there should be."""
        return is_missed(self.newest_at, self.rule.every, self._clock())

    @property
    def age(self) -> float | None:
        """Seconds since the newest backup."""
        return None if self.newest_at is None else max(0.0, self._clock() - self.newest_at)

    async def run(self) -> None:
        """Makes backups until it is cancelled; what is being made then is given up."""
        while True:
            await asyncio.sleep(await self.step())

    async def step(self) -> float:
        """Makes a backup where one is due; returns how many seconds to wait before looking again."""
        await self.look()
        wait = self.due_at - self._clock()
        if wait > 0:
            return min(wait, _LOOK_SECONDS)
        try:
            await self.make("it was due", _GATEWRIGHT, only_if_due=True)
        except (BackupFailed, Busy):
            return min(_RETRY_SECONDS, self.rule.every / 10)
        return min(_LOOK_SECONDS, self.rule.every / 10)

    async def look(self) -> None:
        """Finds the newest backup."""
        try:
            found = await asyncio.to_thread(self._found)
        except FileNotFoundError:
            found = []  # it is made with the first one
        except OSError as error:
            self.problem = f"the folder of the backups cannot be read: {error}"
            found = []
        self.newest = found[0] if found else None
        times = [one.manifest.created_at for one in found if one.manifest] + [await self._elsewhere()]
        past = [at for at in times if 0 < at <= self._clock() + _AHEAD_SECONDS]
        self.newest_at = max(past, default=None)

    def _found(self) -> list[Backup]:
        return self.maker.folder.of(self.maker.source)

    async def _elsewhere(self) -> float:
        try:
            return await self._database.run(lambda c: record.made_elsewhere(c, self.maker.host))
        except DatabaseAway:
            return 0.0

    async def make(self, reason: str, actor: str, only_if_due: bool = False) -> Backup | None:
        """Makes a backup and removes those that the rule does not keep any more; None where it is not due after all.

        Raises Busy, BackupFailed.
        """
        if self.begun_at is not None:
            raise Busy
        self.begun_at = began = self._clock()
        try:
            made = await asyncio.to_thread(self._make, only_if_due)
            if made is not None:
                await self._note(made, reason, actor, self._clock() - began)
            return made
        except asyncio.CancelledError:
            self._leaving.set()
            raise
        except FAILURES as error:
            self._note_failure(error)
            raise BackupFailed(self.problem) from None
        finally:
            self.begun_at = None

    def _make(self, only_if_due: bool) -> Backup | None:
        with turn(self._url) as mine:
            if not mine:
                if only_if_due:
                    return None
                raise Busy
            if only_if_due and self._made_meanwhile():
                return None
            return self.maker.make(self._alive)

    def _made_meanwhile(self) -> bool:
        if kind_of(self._url) == "sqlite":
            return False
        with offline_engine(self._url).connect() as connection:
            at = record.made_elsewhere(connection, self.maker.host)
        return due_at(max(at, self.newest_at or 0.0), self.rule.every, 0.0) > self._clock()

    def _alive(self) -> None:
        if self._leaving.is_set():
            raise Stopped

    async def _note(self, made: Backup, reason: str, actor: str, seconds: float) -> None:
        self.problem, self.last_seconds, self._fraction = "", seconds, self._draw()
        assert made.manifest is not None
        self._log.info("backup_made", backup=made.manifest.id, bytes=made.bytes, seconds=round(seconds, 3))
        if not made.manifest.key_is_given:
            self._log.warning("backup_key_is_the_hosts", key=made.manifest.key,
                              remedy="set GATEWRIGHT_MASTER_KEY: without this host's host.key it cannot be read")
        try:
            await self._tell(record.created(made, self._clock(), reason, actor, seconds))
            await self._retire()
        except DatabaseAway:
            self._log.error("backup_not_on_record", backup=made.manifest.id, remedy="the file is there, and is good")
        await self.look()

    async def _retire(self) -> None:
        """Deletes what the rule does not keep: only ever after a backup that was read back, which stays."""
        found = await asyncio.to_thread(self._found)
        for one in superfluous(found, self.rule, self._clock()):
            act = record.deleted(one, self._clock(), f"the rule keeps {_words_of(self.rule)}", _GATEWRIGHT)
            await self._tell(act)
            await asyncio.to_thread(one.path.unlink, missing_ok=True)
            self._log.info("backup_deleted", backup=act.about)

    async def _tell(self, act: Act) -> None:
        await self._database.run(lambda connection: acts.append(connection, act))

    def _note_failure(self, error: Exception) -> None:
        self.failures_total += 1
        self.problem = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        self._log.error("backup_failed", error=self.problem, missed=self.missed)


def _words_of(rule: Backups) -> str:
    younger = f", and all that are younger than {rule.keep_for / 86_400:g} days" if rule.keep_for else ""
    return f"the newest {rule.keep}{younger}"
