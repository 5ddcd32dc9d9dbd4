"""Has drills done when they are due, each in a process of its own, and knows how the newest went."""

import asyncio
import random
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from gateway.config.handover import settings_line
from gateway.config.settings import Settings
from gateway.telemetry.logs import Log
from operations.backups.retention import due_at, is_missed
from operations.backups.schedule import Schedule
from operations.drills import evidence
from operations.store.database import Database, DatabaseAway

COMMAND = (sys.executable, "-m", "operations.drills")
_LOOK_SECONDS = 30.0
_LEAVE_SECONDS = 30.0


class Drills:
    """What is due follows from the acts: also drills that somebody has done by hand count."""

    def __init__(
        self, settings: Settings, backups: Schedule, database: Database, log: Log,
        clock: Callable[[], float] = time.time, draw: Callable[[], float] = random.random,
        command: Sequence[str] = COMMAND,
    ) -> None:
        assert settings.backups is not None
        self.every = settings.backups.drill_every
        self.newest: dict[str, Any] | None = None
        self._settings = settings
        self._backups = backups
        self._database = database
        self._log = log
        self._clock = clock
        self._fraction = draw()
        self._command = command

    @property
    def newest_at(self) -> float | None:
        return None if self.newest is None else float(self.newest["at"])

    @property
    def age(self) -> float | None:
        return None if self.newest_at is None else max(0.0, self._clock() - self.newest_at)

    @property
    def missed(self) -> bool:
        """True where no drill was done that should have been."""
        return self.every is not None and is_missed(self.newest_at, self.every, self._clock())

    @property
    def problem(self) -> str:
        """What somebody should look at; empty where all is well."""
        if self.passed is False:
            return "the newest restore drill failed: see gatewright drill list"
        return "no restore drill was done that should have been" if self.missed else ""

    @property
    def passed(self) -> bool | None:
        return None if self.newest is None else bool(self.newest["details"].get("passed"))

    async def run(self) -> None:
        """Until it is cancelled; a drill that goes on then is ended."""
        while True:
            await asyncio.sleep(await self.step())

    async def step(self) -> float:
        """Has a drill done where one is due; returns how many seconds to wait before looking again."""
        await self.look()
        if self.every is None or self._backups.newest is None:
            return _LOOK_SECONDS
        wait = due_at(self.newest_at, self.every, self._fraction) - self._clock()
        if wait > 0:
            return min(wait, _LOOK_SECONDS)
        before = self.newest_at
        status = await self._drill()
        await self.look()
        if self.newest_at == before:  # it could not even tell of itself
            self._log.error("drill_failed", status=status)
            return self.every / 10
        return _LOOK_SECONDS

    async def look(self) -> None:
        """Finds the newest drill."""
        with suppress(DatabaseAway):
            found = await self._database.run(lambda connection: evidence.newest(connection, 1))
            self.newest = found[0] if found else None

    async def _drill(self) -> int:
        process = await asyncio.create_subprocess_exec(*self._command, stdin=asyncio.subprocess.PIPE)
        assert process.stdin is not None
        try:
            process.stdin.write(settings_line(self._settings))
            await process.stdin.drain()
            return await process.wait()
        finally:
            process.stdin.close()  # which ends it, where it goes on
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(process.wait()), _LEAVE_SECONDS)
