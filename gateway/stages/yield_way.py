"""YieldWay: a line of a batch waits until a server of its version has nothing else to do."""

from collections.abc import Awaitable

from gateway.batches.turns import Turns
from gateway.exchange import Exchange
from gateway.stages.stage import Step


class YieldWay(Step):
    """Stands before Recall: whoever asks the same question meanwhile must not follow one that waits."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def enter(self, exchange: Exchange) -> Awaitable[None] | None:
        return self._turns.take(exchange)

    def settle(self, exchange: Exchange) -> None:
        self._turns.give_back(exchange)
