"""Slow reading: detectors that wait for something, side by side, until a policy's deadline."""

import asyncio
from collections.abc import Callable, Sequence
from threading import BoundedSemaphore

from guardrails.detectors.detector import Overloaded, SlowReader
from guardrails.examination import Examination
from guardrails.finding import Finding
from guardrails.guard import Guard


class Room:
    """How much may run at once. Nothing queues: who finds no seat has failed. Seats may be given back by any thread."""

    def __init__(self, seats: int) -> None:
        self._seats = BoundedSemaphore(seats)

    def take(self) -> bool:
        """Whether there was a seat; each that was taken is to be given back."""
        return self._seats.acquire(blocking=False)

    def give_back(self) -> None:
        self._seats.release()


class _Read:
    """One reader's findings, and how long it took."""

    def __init__(self, guard: Guard, reader: SlowReader, now: Callable[[], float]) -> None:
        self.guard = guard
        self.found: Sequence[Sequence[Finding]] = ()
        self.seconds = 0.0
        self._reader = reader
        self._now = now

    async def read(self, examination: Examination) -> None:
        began = self._now()
        try:
            self.found = await self._reader.read_all(examination.passages)
        finally:
            self.seconds = self._now() - began


class SlowReadings:
    """The slow readers of one examination at work. ``conclude`` or ``cancel`` must follow."""

    def __init__(self, examination: Examination, readers: Sequence[tuple[Guard, SlowReader]], room: Room,
                 now: Callable[[], float]) -> None:
        self.examination = examination
        self._tasks: dict[asyncio.Task[None], _Read] = {}
        self._turned_away: list[Guard] = []
        self._taken = False
        for guard, reader in readers:
            if not room.take():
                self._turned_away.append(guard)
                continue
            reading = _Read(guard, reader, now)
            task = asyncio.ensure_future(reading.read(examination))
            # A reader that does not end when it is told to keeps its seat.
            task.add_done_callback(lambda _: room.give_back())
            self._tasks[task] = reading

    async def conclude(self, seconds: float) -> None:
        """Waits for at most ``seconds``, and gives the examination what was found: what else it is used for must be
        over. A reader that raised, is late or had no room has failed."""
        try:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=max(0.0, seconds))
            self._take_all("timeout")
        finally:
            self.cancel()

    def cut_short(self) -> None:
        """Concludes now: a reader that is not done yet has failed, as cancelled."""
        self._take_all("cancelled")
        self.cancel()

    def _take_all(self, unfinished: str) -> None:
        if self._taken:
            return
        self._taken = True
        for guard in self._turned_away:
            self.examination.fail(guard, "overloaded")
        for task, reading in self._tasks.items():
            self._take(task, reading, unfinished)

    def _take(self, task: "asyncio.Task[None]", reading: _Read, unfinished: str) -> None:
        if not task.done():
            self.examination.fail(reading.guard, unfinished)
        elif task.cancelled() or (error := task.exception()) is not None:
            self.examination.fail(reading.guard, "error" if task.cancelled() else reason_of(error))
        else:
            self.examination.add(reading.guard, reading.found, reading.seconds)

    def cancel(self) -> None:
        for task in self._tasks:
            if task.done():
                task.cancelled() or task.exception()  # looked at, so that nobody is told of it
            else:
                task.cancel()


def reason_of(error: BaseException | None) -> str:
    """Why a reader has failed."""
    return "overloaded" if isinstance(error, Overloaded) else "timeout" if isinstance(error, TimeoutError) else "error"
