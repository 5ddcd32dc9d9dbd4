"""The pipeline: takes an exchange through its stages, forth and back, and settles every stage that it entered.

Synchronous until something must wait: only a stage whose ``enter`` returns an awaitable costs a task.
"""

import asyncio
from collections.abc import Awaitable, Sequence

from gateway.exchange import Exchange
from gateway.refusal import InternalError, Refusal
from gateway.reply import SPENT, RefusedSource, Reply
from gateway.stages.stage import Stage, Step
from gateway.telemetry.faults import FaultLog


class Pipeline:
    """Runs exchanges through ``stages``; holds those whose stages wait, so that they can be cancelled."""

    def __init__(self, stages: Sequence[Stage], log: FaultLog) -> None:
        self._enters = tuple(stage.enter for stage in stages)
        # Most stages have nothing to do on the way back; each that has stands here with its place on the way in.
        self._leaves = [(place, stage.leave) for place, stage in _backwards(stages) if _does(stage, "leave")]
        self._settles = [(place, stage.settle) for place, stage in _backwards(stages) if _does(stage, "settle")]
        self._log = log
        self._waiting: dict[Exchange, asyncio.Future[Reply | None]] = {}

    def start(self, exchange: Exchange) -> None:
        """Enters the stages in order. Never raises: whatever goes wrong becomes the client's reply."""
        try:
            self._enter(exchange, 0)
        except Exception as error:
            self._break_off(exchange, error)

    def _enter(self, exchange: Exchange, first: int) -> None:
        for place in range(first, len(self._enters)):
            exchange.entered = place + 1
            answer = self._enters[place](exchange)
            if answer is None:
                continue
            if isinstance(answer, Reply):
                self._leave(exchange, answer)
            else:
                self._wait(exchange, answer, place)
            return
        raise InternalError("No stage answered.")

    def _wait(self, exchange: Exchange, answer: Awaitable[Reply | None], place: int) -> None:
        task = self._waiting[exchange] = asyncio.ensure_future(answer)
        task.add_done_callback(lambda done: self._go_on(exchange, done, place))

    def _go_on(self, exchange: Exchange, waited: "asyncio.Future[Reply | None]", place: int) -> None:
        self._waiting.pop(exchange, None)
        if exchange.settled:  # left or cut short meanwhile: whatever came of the waiting comes too late
            waited.cancelled() or waited.exception()
            return
        try:
            reply = waited.result()
            if reply is None:
                self._enter(exchange, place + 1)
            else:
                self._leave(exchange, reply)
        except (Exception, asyncio.CancelledError) as error:
            self._break_off(exchange, error)

    def _break_off(self, exchange: Exchange, error: BaseException) -> None:
        """A stage has raised: a refusal is its way to decline, anything else is a bug in it."""
        if not isinstance(error, Refusal):
            self._log.fault("stage_failed", error, request_id=exchange.id)
            error = InternalError("The gateway failed.")
        self._refuse(exchange, error)

    def _leave(self, exchange: Exchange, reply: Reply) -> None:
        """Passes the reply back through the stages entered, then lets it begin."""
        for place, leave in self._leaves:
            if place < exchange.entered:
                reply = leave(exchange, reply)
        exchange.reply = reply
        reply.begin(exchange.edge)

    def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        if exchange.settled:
            return
        try:
            if exchange.reply is None:
                self._leave(exchange, Reply(RefusedSource(refusal)))
            else:  # it had begun: what is wrong now ends it where it stands
                exchange.reply.source.cancel()
                exchange.reply.fail(refusal)
        except Exception as error:  # a bug on the way back: the client still gets an answer
            self._log.fault("stage_failed", error, request_id=exchange.id)
            exchange.conclude(refusal.outcome, refusal.blame, refusal.code)
            exchange.edge.fail(refusal)

    def abandon(self, exchange: Exchange) -> None:
        """The client went away: stops whatever is done for it, at once."""
        if exchange.settled:
            return
        exchange.left = True
        exchange.conclude("abandoned", "caller")
        if exchange.stays is not None and exchange.stays(lambda: self.settle(exchange)):
            return  # others wait for the same reply
        task = self._waiting.pop(exchange, None)
        if task is not None:
            task.cancel()
        if exchange.reply is not None:
            exchange.reply.source.cancel()
        self.settle(exchange)

    def cut_short(self, exchange: Exchange, refusal: Refusal) -> None:
        """Ends an exchange that is still open, with an error event where its stream has begun."""
        task = self._waiting.pop(exchange, None)
        if task is not None:
            task.cancel()
        self._refuse(exchange, refusal)

    def settle(self, exchange: Exchange) -> None:
        """Lets every stage entered give back what it took, the last one first; once."""
        if exchange.settled:
            return
        exchange.settled = True
        for place, settle in self._settles:
            if place < exchange.entered:
                try:
                    settle(exchange)
                except Exception as error:  # one stage's bug must not keep the others from settling
                    self._log.fault("settle_failed", error, request_id=exchange.id)
        # These hold the exchange in turn: without the knot its memory is free at once, not when the collector comes.
        exchange.reply = None
        exchange.edge = SPENT


def _backwards(stages: Sequence[Stage]) -> list[tuple[int, Stage]]:
    return list(enumerate(stages))[::-1]


def _does(stage: Stage, verb: str) -> bool:
    """Whether a stage says something of its own to this verb."""
    return getattr(type(stage), verb, None) is not getattr(Step, verb)
