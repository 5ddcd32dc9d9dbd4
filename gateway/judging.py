"""Judging: slow guards at work on a request while its exchange goes on."""

import asyncio
from collections.abc import Callable

from gateway.exchange import Late
from guardrails.examination import Examination
from guardrails.guard import Side
from guardrails.inspection import EVERY
from guardrails.policy import When
from guardrails.slow_reading import Room, SlowReadings
from guardrails.verdict import Failure


class Judging:
    """Begins at once. Once it is ``over`` each examination's verdict holds what was found, and who failed."""

    def __init__(self, live: Examination | None, shadow: Examination | None, when: When, room: Room, seconds: float,
                 now: Callable[[], float]) -> None:
        """``seconds`` are for all of it."""
        self.live, self.shadow = live, shadow
        self._readings = [SlowReadings(one, one.slow_readers(when), room, now)
                          for one in (live, shadow) if one is not None]
        self._then: Callable[[], None] | None = None
        self._task = asyncio.ensure_future(self._judge(seconds))
        self._task.add_done_callback(self._tell)

    async def _judge(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        for readings in self._readings:
            await readings.conclude(end - loop.time())

    def told(self, side: Side) -> list[Late]:
        """What it came to, once it is over."""
        return [Late(side, one.verdict, one.seconds, one is self.shadow)
                for one in (self.live, self.shadow) if one is not None]

    @property
    def over(self) -> bool:
        return self._task.done()

    def then(self, call: Callable[[], None]) -> None:
        """Has ``call`` called when it is over, unless it is cancelled before."""
        self._then = call

    def _tell(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        if task.exception() is not None:  # a bug in the guards is the policy's business
            for readings in self._readings:
                readings.examination.verdict.fail(Failure(EVERY, "prompt", "error"))
        call, self._then = self._then, None
        if call is not None:
            call()

    def cut_short(self) -> None:
        """Is over now: who has not told yet has failed. What was to be called is not."""
        self._then = None
        self._task.cancel()
        for readings in self._readings:
            readings.cut_short()

    def cancel(self) -> None:
        """Nobody wants to know any more. What was to be called is not."""
        self._then = None
        self._task.cancel()
        for readings in self._readings:
            readings.cancel()
