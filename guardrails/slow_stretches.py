"""Slow stretches: the stretches of one reply before judges that wait for something.

Each guard reads some together, and several such readings go on at once, in the order in which they were asked for. Each
has the policy's deadline from when it begins.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from guardrails.detectors.detector import SlowReader
from guardrails.guard import Guard
from guardrails.opinions import Opinion, Question, Told
from guardrails.slow_reading import Room, reason_of
from guardrails.stretch_judging import MOST

TOGETHER = 8  # stretches that are given to a reader at once
AT_ONCE = 4  # such readings by one guard


class _Waiting(NamedTuple):
    question: Question
    opinion: Opinion


class SlowStretches:
    """Answers what is asked, on the running event loop. ``cancel`` lets go of what nobody wants to know any more.

    seconds  by guard, what its readings have taken together
    closed   nobody is asked any more: what is not known has no room
    """

    def __init__(self, room: Room, seconds: float, now: Callable[[], float],
                 told: Callable[[Sequence[Told]], None]) -> None:
        """``told`` is given whom to tell whenever some are answered."""
        self.seconds: dict[str, float] = {}
        self._room = room
        self._deadline_seconds = seconds
        self._now = now
        self._told = told
        self.closed = False
        self._known: dict[tuple[Guard, tuple[str, int]], Opinion] = {}
        self._readings: dict[Guard, _Readings] = {}

    def ask(self, guard: Guard, reader: SlowReader, asked: Question, told: Told) -> Opinion:
        opinion = self._known.get((guard, asked.key))
        if opinion is None:
            opinion = self._known[guard, asked.key] = Opinion()
            if self.closed or len(self._known) > MOST:
                opinion.failure = "overloaded"
            else:
                self._readings_of(guard, reader).add(_Waiting(asked, opinion))
        if not opinion.known:
            opinion.waiting.append(told)
        return opinion

    def _readings_of(self, guard: Guard, reader: SlowReader) -> "_Readings":
        readings = self._readings.get(guard)
        if readings is None:
            readings = self._readings[guard] = _Readings(lambda taken: self._read(guard, reader, taken), self._told)
        return readings

    async def _read(self, guard: Guard, reader: SlowReader, taken: Sequence[_Waiting]) -> None:
        if not self._room.take():
            _fail(taken, "overloaded")
            return
        began = self._now()
        try:
            async with asyncio.timeout(self._deadline_seconds):
                found = await reader.read_all([one.question.passage for one in taken])
            for one, findings in zip(taken, found, strict=True):
                one.opinion.findings = one.question.answered(findings)
        except Exception as error:  # a guard that raises is the policy's business: it says what such a guard means
            _fail(taken, reason_of(error))
        finally:
            self._room.give_back()
            self.seconds[guard.name] = self.seconds.get(guard.name, 0.0) + self._now() - began

    @property
    def idle(self) -> bool:
        """Whether all that was asked is answered."""
        return all(readings.idle for readings in self._readings.values())

    def cancel(self) -> None:
        for readings in self._readings.values():
            readings.cancel()


class _Readings:
    """Those of one guard."""

    def __init__(self, read: Callable[[Sequence[_Waiting]], Awaitable[None]],
                 told: Callable[[Sequence[Told]], None]) -> None:
        self._read = read
        self._told = told
        self._waiting: deque[_Waiting] = deque()
        self._tasks: set[asyncio.Task[list[_Waiting]]] = set()
        self._beginning = 0  # of the tasks: those that have taken nothing yet

    @property
    def idle(self) -> bool:
        return not (self._waiting or self._tasks)

    def add(self, waiting: _Waiting) -> None:
        self._waiting.append(waiting)
        self._begin()

    def _begin(self) -> None:
        """A reading takes what is waiting when it begins, in a turn of its own: what was asked for together is read
        together."""
        while len(self._tasks) < AT_ONCE and self._beginning * TOGETHER < len(self._waiting):
            self._beginning += 1
            task = asyncio.ensure_future(self._read_next())
            self._tasks.add(task)
            task.add_done_callback(self._end)

    async def _read_next(self) -> list[_Waiting]:
        self._beginning -= 1
        taken = [self._waiting.popleft() for _ in range(min(TOGETHER, len(self._waiting)))]
        await self._read(taken)
        return taken

    def _end(self, task: "asyncio.Task[list[_Waiting]]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._begin()
            self._told([told for one in task.result() for told in one.opinion.waiting])

    def cancel(self) -> None:
        self._waiting.clear()
        for task in self._tasks:
            task.cancel()


def _fail(taken: Sequence[_Waiting], reason: str) -> None:
    for one in taken:
        if one.opinion.findings is None:
            one.opinion.failure = reason
