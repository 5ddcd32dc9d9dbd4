"""GuardPrompt: what the application sends is judged before anything else sees it."""

import asyncio
from collections.abc import Awaitable, Mapping
from concurrent.futures import Executor
from functools import partial
from hashlib import blake2b
from typing import Any

from gateway.afterwards import Afterwards
from gateway.aside import Aside, NoRoom, Runs, at_once
from gateway.declining import refusal_by
from gateway.exchange import Clock, Exchange
from gateway.guard_log import GuardLog, log_guards
from gateway.inquiry import Inquiry
from gateway.judging import Judging
from gateway.refusal import PolicyRefusal
from gateway.snapshot import Route
from gateway.stages.stage import Step
from guardrails.inspection import EVERY
from guardrails.slow_reading import Room, SlowReadings
from guardrails.verdict import Failure, Verdict

# Requests that are longer, or hold more texts, are judged in a thread: the event loop must not be held. Readers go
# through a text in Python, and take longer over it than patterns do.
LONG_BYTES = 32 * 1024
LONG_READ_BYTES = 8 * 1024
MANY_TEXTS = 256
# What may be at work beside the event loop at once, for each worker.
SLOW_SEATS = 64
LONG_SEATS = 256


class GuardPrompt(Step):
    """Lets the policy of the route judge every text of the request; what it redacts is gone for whoever comes after.

    What waits or takes long runs beside the event loop, as much as there is room for: beyond that, a guard counts as
    one that could not decide. The exchange waits here for slow guards that judge before the model is asked. The others
    begin then: those beside the model are the ``Gate``'s to wait for, those after it nobody's.
    """

    def __init__(self, clock: Clock, log: GuardLog, threads: Executor, afterwards: Afterwards, *,
                 slow_seats: int = SLOW_SEATS, long_seats: int = LONG_SEATS) -> None:
        self._clock = clock
        self._log = log
        self._afterwards = afterwards
        self._room = Room(slow_seats)
        self._aside = Aside(threads, long_seats)

    def enter(self, exchange: Exchange) -> Awaitable[None] | None:
        route = exchange.route
        if route.guards is None and route.shadow_guards is None:
            return None
        _begin(exchange, route)
        guards = [one for one in (route.guards, route.shadow_guards) if one is not None and one.prompt.guards]
        if not guards:
            return None
        read = any(one.prompt.readers for one in guards)
        long = len(exchange.request.body) > (LONG_READ_BYTES if read else LONG_BYTES)
        inquiry = None if long else self._inquire(exchange)
        many = inquiry is None or len(inquiry.texts) > MANY_TEXTS
        seconds = guards[0].deadline_seconds
        if inquiry is None or many or any(one.prompt.slow_at["before"] for one in guards):
            return self._wait(exchange, seconds, inquiry, self._aside.run if many else at_once)
        inquiry.run()
        self._conclude(exchange, inquiry, inquiry.edited())
        if any(one.prompt.slow for one in guards):
            self._go_on_judging(exchange, inquiry, seconds)
        return None

    def settle(self, exchange: Exchange) -> None:
        """Tells of both sides, now that nothing more is found in time."""
        if exchange.beside is not None:
            exchange.beside.cancel()
            exchange.beside = None
        log_guards(exchange, self._log)

    def _inquire(self, exchange: Exchange) -> Inquiry:
        return Inquiry(exchange.document, exchange.route.guards, exchange.route.shadow_guards, exchange.lot,
                       self._clock.time)

    def _conclude(self, exchange: Exchange, inquiry: Inquiry, document: Mapping[str, Any]) -> None:
        """Takes what was found; raises a PolicyRefusal where the request may not go on."""
        live, shadow = inquiry.live, inquiry.shadow
        if shadow is not None:
            exchange.would_be = shadow.verdict
        if live is not None:
            exchange.verdict = live.verdict
            exchange.verdict.limit = None  # the reply's findings are few, and looked at again as they grow
            exchange.record.guard_seconds |= {f"prompt:{name}": took for name, took in live.seconds.items()}
            _refuse(refusal_by(exchange, live.verdict, inquiry.unreadable))
        if document is not exchange.document:
            exchange.document = dict(document)
        exchange.pseudonyms = inquiry.pseudonyms or None

    def _go_on_judging(self, exchange: Exchange, inquiry: Inquiry, seconds: float) -> None:
        """What is slow and need not be waited for here begins now, with the model."""
        live, shadow = inquiry.apart("beside")
        if live is not None or shadow is not None:
            exchange.beside = Judging(live, shadow, "beside", self._room, seconds, self._clock.time)
        live, shadow = inquiry.apart("after")
        if live is not None or shadow is not None:
            self._afterwards.begin(exchange, "prompt", live, shadow, seconds)

    # What has to wait

    async def _wait(self, exchange: Exchange, seconds: float, inquiry: Inquiry | None, off_the_loop: Runs) -> None:
        """A request that is long, or that slow detectors judge. ``seconds`` are for all of it."""
        end = asyncio.get_running_loop().time() + seconds
        readings: list[SlowReadings] = []
        try:
            async with asyncio.timeout_at(end):
                if inquiry is None:
                    inquiry = await off_the_loop(lambda: self._inquire(exchange))
                readings = [SlowReadings(one, one.slow_readers("before"), self._room, self._clock.time)
                            for one in inquiry.examinations]
                await off_the_loop(partial(inquiry.run, off_the_loop is not at_once))
            for one in readings:
                await one.conclude(end - asyncio.get_running_loop().time())
            document = await off_the_loop(inquiry.edited)
        except (TimeoutError, NoRoom) as error:
            _give_up(exchange, "overloaded" if isinstance(error, NoRoom) else "timeout")
            return
        finally:
            if inquiry is not None:
                inquiry.stop()
            for one in readings:
                one.cancel()
        self._conclude(exchange, inquiry, document)
        self._go_on_judging(exchange, inquiry, seconds)


def _begin(exchange: Exchange, route: Route) -> None:
    if route.guards is not None:
        exchange.verdict = Verdict()
        exchange.record.policy_digest = route.guards.digest
    if route.shadow_guards is not None:
        exchange.would_be = Verdict()
    exchange.lot = lot_of(exchange.id)


def lot_of(exchange_id: str) -> float:
    """From [0, 1), evenly, and the same for the same exchange: which sampled guards judge it can be told afterwards."""
    return int.from_bytes(blake2b(exchange_id.encode(), digest_size=6).digest()) / (1 << 48)


def _give_up(exchange: Exchange, reason: str) -> None:
    """No guard could judge the request as a whole."""
    for verdict in (exchange.verdict, exchange.would_be):
        if verdict is not None:
            verdict.fail(Failure(EVERY, "prompt", reason))
    if exchange.verdict is not None:
        _refuse(refusal_by(exchange, exchange.verdict))


def _refuse(refusal: PolicyRefusal | None) -> None:
    if refusal is not None:
        raise refusal
