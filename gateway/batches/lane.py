"""The lane: what a worker does for batches while it has nothing better to do.

Each batch is run by one worker at a time, whoever takes its lock first; a worker that dies lets go of all it had, and
the others, or the next start, go on where it stopped.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from gateway.batches.batch_store import Held
from gateway.batches.run import Run
from gateway.batches.surroundings import Surroundings
from gateway.batches.turns import Turns
from gateway.telemetry.faults import FaultLog

T = TypeVar("T")
MOST_RUNS = 8
LOOK_SECONDS = 1.0
TURN_SECONDS = 0.01
SWEEP_SECONDS = 600.0
AFTER_FAULT_SECONDS = 30.0


class Lane:
    """The runs of one worker."""

    def __init__(self, around: Surroundings, turns: Turns, threads: Executor, faults: FaultLog,
                 time: Callable[[], float]) -> None:
        self._around = around
        self._turns = turns
        self._threads = threads
        self._faults = faults
        self._time = time
        self._runs: dict[Path, tuple[Run, asyncio.Task[None]]] = {}
        self._shunned: dict[Path, float] = {}
        self._woken = asyncio.Event()
        self._swept_at = 0.0
        self._closed = False

    def __repr__(self) -> str:
        return f"<Lane {len(self._runs)} batches, {self._turns!r}>"

    def wake(self) -> None:
        """There is a new batch."""
        self._woken.set()

    async def run(self) -> None:
        """Takes up batches until it is cancelled."""
        while True:
            if not self._closed:
                await self._take_up()
            if not self._closed and self._time() >= self._swept_at + SWEEP_SECONDS:
                self._swept_at = self._time()
                await self._aside(self._sweep)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._woken.wait()
            self._woken.clear()

    async def keep_turns(self) -> None:
        """Looks after who may be where, until it is cancelled: often only while there is somebody."""
        while True:
            await asyncio.sleep(TURN_SECONDS if self._turns.busy else LOOK_SECONDS / 20)
            self._turns.look()

    async def _take_up(self) -> None:
        if len(self._runs) >= MOST_RUNS:
            return
        now = self._time()
        self._shunned = {folder: until for folder, until in self._shunned.items() if until > now}
        known = {*self._runs, *self._shunned}
        room = MOST_RUNS - len(self._runs)
        for held in await self._aside(lambda: self._taken(known, room)):
            if self._closed:
                held.let_go()
                continue
            run = Run(held, self._around)
            self._runs[held.folder] = run, asyncio.create_task(self._go(run))

    def _taken(self, known: set[Path], room: int) -> list[Held]:
        """In a thread."""
        taken: list[Held] = []
        for folder in self._around.batches.place.queued():
            if len(taken) < room and folder not in known:
                held = self._around.batches.take(folder)
                if held is not None:
                    taken.append(held)
        return taken

    async def _go(self, run: Run) -> None:
        try:
            await run.go()
        except Exception as error:  # a bug, or a disk that is away: told, and tried again after a while
            self._shunned[run.folder] = self._time() + AFTER_FAULT_SECONDS
            self._faults.fault("batch_failed", error, request_id=run.folder.name)
        finally:
            del self._runs[run.folder]
            self._woken.set()

    async def _aside(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _sweep(self) -> None:
        """Removes what is past its time; one worker at a time does."""
        folder = self._around.batches.place.folder
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder / "sweep.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            with suppress(BlockingIOError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._around.files.sweep()
                self._around.batches.sweep(self._around.settings.keep)
        finally:
            os.close(fd)

    async def close(self) -> None:
        """Gives everything back at once: the lines in flight are asked again by whoever goes on."""
        self._closed = True
        self._woken.set()
        runs = list(self._runs.values())
        for run, _ in runs:
            run.stop()
        await asyncio.gather(*(task for _, task in runs), return_exceptions=True)
