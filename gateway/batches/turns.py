"""Turns: who of the lines is at which endpoint, and who waits for one."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from gateway.batches.board import Board, Cell
from gateway.batches.manners import has_to_leave, is_stubborn, may_begin
from gateway.exchange import Clock, Exchange
from models.endpoint import Endpoint


class Line(Protocol):
    """A line that is being asked, as turns need it. It is its exchange's edge."""

    times_sent_away: int
    waiting_since: float  # monotonic seconds; for its turn, over all attempts

    def at_work(self) -> None:
        """It has a place."""

    def sent_away(self) -> None:
        """It lost its place: its exchange has to end."""


class Turn:
    """A place at an endpoint."""

    __slots__ = ("cell", "line", "stubborn")

    def __init__(self, cell: Cell, line: Line, stubborn: bool) -> None:
        self.cell = cell
        self.line = line
        self.stubborn = stubborn


class Turns:
    """Gives a place to whoever may begin, the longest waiting first. ``look`` is to be called every few milliseconds
    while lines wait or are at work: that is how the other workers' traffic is noticed."""

    def __init__(self, board: Board, quiet_seconds: float, clock: Clock,
                 soon: Callable[[Callable[[], None]], object]) -> None:
        """``soon`` runs something once this turn of the event loop is over."""
        self._board = board
        self._quiet_seconds = quiet_seconds
        self._clock = clock
        self._soon = soon
        self._turns: dict[Exchange, Turn] = {}
        self._waiting: dict[Exchange, asyncio.Future[None]] = {}
        self._looking = False
        board.on_arrival = self._arrived

    def __repr__(self) -> str:
        return f"<Turns {len(self._turns)} at work, {len(self._waiting)} waiting>"

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def busy(self) -> bool:
        return bool(self._waiting or self._turns)

    def take(self, exchange: Exchange) -> "asyncio.Future[None] | None":
        """A place at an endpoint of the version that was assigned: now (None), or when the future is done."""
        if self._begins(exchange):
            return None
        future = self._waiting[exchange] = asyncio.get_running_loop().create_future()
        return future

    def _begins(self, exchange: Exchange) -> bool:
        line, now = _line_of(exchange), self._clock.time()
        found = self._place_for(exchange, line, now)
        if found is None:
            return False
        endpoint, turn = found
        turn.cell.lines += 1
        turn.cell.stubborn += turn.stubborn
        turn.cell.write()
        self._turns[exchange] = turn
        exchange.held_endpoint = endpoint
        exchange.record.queue_seconds = now - exchange.began_at
        exchange.began_at = now  # a model's time-outs are for the model
        line.at_work()
        return True

    def _place_for(self, exchange: Exchange, line: Line, now: float) -> tuple[Endpoint, Turn] | None:
        """The endpoint with the fewest lines of those where it may begin."""
        most, waited = exchange.route.batch.in_flight, now - line.waiting_since
        held = exchange.held_endpoint
        endpoints = exchange.route.targets[exchange.record.arm_assigned].endpoints if held is None else (held,)
        found, fewest = None, most
        for endpoint in endpoints:
            cell = self._board.cell(endpoint.url)
            seen = self._board.seen(cell)
            stubborn = is_stubborn(seen, line.times_sent_away, waited)
            if endpoint.healthy and seen.lines < fewest and may_begin(
                    seen, most, self._quiet_seconds, stubborn=stubborn):
                found, fewest = (endpoint, Turn(cell, line, stubborn)), seen.lines
        return found

    def give_back(self, exchange: Exchange) -> None:
        """Its exchange is over, wherever it stood."""
        self._waiting.pop(exchange, None)
        turn = self._turns.pop(exchange, None)
        if turn is not None:
            turn.cell.lines -= 1
            turn.cell.stubborn -= turn.stubborn
            turn.cell.write()
            if self._waiting:
                self._look_soon()

    def look(self) -> None:
        """Sends away who has to leave, and begins who may."""
        self._looking = False
        for turn in list(self._turns.values()):
            if has_to_leave(self._board.seen(turn.cell), stubborn=turn.stubborn):
                turn.line.sent_away()
        for exchange, future in list(self._waiting.items()):
            if future.done() or self._begins(exchange):
                del self._waiting[exchange]
                if not future.done():
                    future.set_result(None)

    def _arrived(self, cell: Cell) -> None:
        self._look_soon()  # and not now: the request that arrives goes out first

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            self._soon(self.look)


def _line_of(exchange: Exchange) -> Line:
    return exchange.edge  # type: ignore[return-value]  # see LineCall
