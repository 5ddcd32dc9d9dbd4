"""Infer: the last stage, which always answers: it asks a model server."""

from collections.abc import Callable

from gateway.exchange import Clock, Exchange
from gateway.inference import Inference
from gateway.reply import Reply
from gateway.stages.stage import Step
from gateway.telemetry.faults import FaultLog
from routing.retrying import RetryBudget


class Infer(Step):
    def __init__(self, clock: Clock, random: Callable[[], float], budget: RetryBudget, log: FaultLog) -> None:
        self._clock = clock
        self._random = random
        self._budget = budget
        self._log = log

    def enter(self, exchange: Exchange) -> Reply:
        return Reply(Inference(exchange, self._clock, self._random, self._budget, self._log))
