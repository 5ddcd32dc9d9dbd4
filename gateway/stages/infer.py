"""Infer: the last stage, which always answers: it asks a model server."""

from collections.abc import Callable

from gateway.exchange import Clock, Exchange
from gateway.gathering.gathering import Gathering
from gateway.inference import Inference
from gateway.reply import Reply
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog
from routing.affinity import Affinity
from routing.retrying import RetryBudget


class Infer(Step):
    def __init__(self, clock: Clock, random: Callable[[], float], budget: RetryBudget, log: FaultLog,
                 affinity: Affinity | None = None, gathering: Gathering | None = None) -> None:
        self._clock = clock
        self._random = random
        self._budget = budget
        self._log = log
        self._affinity = affinity
        self._gathering = gathering

    def enter(self, exchange: Exchange) -> Reply:
        if self._gathering is None:
            return Reply(self._inference(exchange))
        return Reply(self._gathering.source(exchange, self._inference))

    def settle(self, exchange: Exchange) -> None:
        if self._gathering is not None:
            self._gathering.settle(exchange)

    def _inference(self, exchange: Exchange) -> Inference:
        return Inference(exchange, self._clock, self._random, self._budget, self._log, self._affinity)
