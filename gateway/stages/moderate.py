"""Moderate: the guards themselves are asked what they make of some texts, and that is the reply."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial

from gateway.aside import Aside, NoRoom, Runs, at_once
from gateway.exchange import Clock, Exchange
from gateway.guard_log import GuardLog, log_guards
from gateway.moderation import MODEL, Input, answer_of, inputs_of
from gateway.refusal import GuardUnavailable
from gateway.reply import AnsweredSource, Reply
from gateway.stages.guard_prompt import LONG_READ_BYTES, LONG_SEATS, MANY_TEXTS, SLOW_SEATS
from gateway.stages.stage import Step
from guardrails.examination import Examination
from guardrails.inspection import EVERY
from guardrails.moderation import Moderator, Scores, Surest, scores_of
from guardrails.slow_reading import Room, SlowReadings
from guardrails.verdict import Failure, Verdict

SIDE_BY_SIDE = 8  # inputs of one request that are judged at once, where that takes waiting


class Moderate(Step):
    """Lets the moderator of the snapshot score every input, each for itself. What it finds goes into the ledger as
    flagged: nothing else is done about it.

    What waits or takes long runs beside the event loop, as much as there is room for: beyond that, a guard counts as
    one that could not decide.
    """

    def __init__(self, clock: Clock, log: GuardLog, threads: Executor, *, slow_seats: int = SLOW_SEATS,
                 long_seats: int = LONG_SEATS) -> None:
        self._clock = clock
        self._log = log
        self._room = Room(slow_seats)
        self._aside = Aside(threads, long_seats)

    def enter(self, exchange: Exchange) -> Reply | Awaitable[Reply]:
        exchange.record.model = MODEL
        moderator = exchange.snapshot.moderator
        inputs = inputs_of(exchange.document)
        if moderator is None:
            raise GuardUnavailable("The guards that moderate cannot be used here.")
        long = len(exchange.request.body) > LONG_READ_BYTES or sum(map(len, inputs)) > MANY_TEXTS
        if long or moderator.inspector.slow:
            return self._wait(exchange, moderator, inputs, self._aside.run if long else at_once)
        examinations = [self._examination(moderator, passages) for passages in inputs]
        for one in examinations:
            one.run()
        return _answer(exchange, moderator, [(one.verdict, one.seconds) for one in examinations])

    def settle(self, exchange: Exchange) -> None:
        log_guards(exchange, self._log)

    def _examination(self, moderator: Moderator, passages: Input) -> Examination:
        examination = Examination(moderator.inspector, passages, 0.0, None, self._clock.time)
        examination.verdict = Surest()
        return examination

    async def _wait(self, exchange: Exchange, moderator: Moderator, inputs: Sequence[Input], off_the_loop: Runs
                    ) -> Reply:
        """Some inputs at a time; the policy's deadline is for each."""
        judged: list[Judged] = [(Verdict(), {})] * len(inputs)
        waiting = iter(enumerate(inputs))

        async def judge_in_turn() -> None:
            for index, passages in waiting:
                judged[index] = await self._judge(
                    self._examination(moderator, passages), moderator.deadline_seconds, off_the_loop)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(SIDE_BY_SIDE, len(inputs))):
                group.create_task(judge_in_turn())
        return _answer(exchange, moderator, judged)

    async def _judge(self, one: Examination, seconds: float, off_the_loop: Runs) -> "Judged":
        end = asyncio.get_running_loop().time() + seconds
        readings = SlowReadings(one, one.slow_readers("before"), self._room, self._clock.time)
        try:
            async with asyncio.timeout_at(end):
                await off_the_loop(partial(one.run, off_the_loop is not at_once))
            await readings.conclude(end - asyncio.get_running_loop().time())
            return one.verdict, one.seconds
        except (TimeoutError, NoRoom) as error:
            failed = Verdict()  # a thread may still be at the other one
            failed.fail(Failure(EVERY, "prompt", "overloaded" if isinstance(error, NoRoom) else "timeout"))
            return failed, {}
        finally:
            one.stop()
            readings.cancel()


Judged = tuple[Verdict, Mapping[str, float]]  # what was found in one input, and how long each guard took


def _answer(exchange: Exchange, moderator: Moderator, judged: Sequence[Judged]) -> Reply:
    """Tells the exchange what was found; raises GuardUnavailable where too little was looked at."""
    results = [scores_of(moderator, verdict) for verdict, _ in judged]
    exchange.verdict = _verdict(judged, results)
    took = exchange.record.guard_seconds = dict[str, float]()
    for name, seconds in (pair for _, each in judged for pair in each.items()):
        took[f"prompt:{name}"] = took.get(f"prompt:{name}", 0.0) + seconds
    if moderator.refuses(exchange.verdict.failures):
        raise GuardUnavailable("A guard could not judge the input.")
    return Reply(AnsweredSource(answer_of(exchange.id, results)))


def _verdict(judged: Sequence[Judged], results: Sequence[Scores]) -> Verdict:
    """All inputs together, as the ledger is told of them."""
    verdict = Verdict()
    for decision in (decision for one in results for decision in one.counted):
        verdict.add(decision)
    for failure in (failure for each, _ in judged for failure in each.failures):
        verdict.fail(failure)
    return verdict
