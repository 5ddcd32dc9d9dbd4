"""Admit: whether there is room. A permit is taken on the way in and given back when the exchange is settled."""

from gateway.exchange import Exchange
from gateway.refusal import Draining, Overloaded
from gateway.stages.stage import Step


class Admit(Step):
    """Lets at most ``limit`` exchanges be in flight in this worker; beyond that refuses at once, never queues."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._admitted: set[Exchange] = set()
        self.closed = False

    @property
    def in_flight(self) -> int:
        return len(self._admitted)

    def enter(self, exchange: Exchange) -> None:
        if self.closed:
            raise Draining("This worker is shutting down.")
        if len(self._admitted) >= self._limit:
            raise Overloaded("Too many requests are in flight.")
        self._admitted.add(exchange)

    def settle(self, exchange: Exchange) -> None:
        self._admitted.discard(exchange)

    def open_exchanges(self) -> list[Exchange]:
        """Those in flight now, for a drain that has run out of time."""
        return list(self._admitted)
