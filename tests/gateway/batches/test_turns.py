"""A line begins at a server that nobody waits at, and makes room for whoever comes there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from gateway.batches.board import Board
from gateway.batches.line_call import LineCall
from gateway.batches.manners import SENT_AWAY, WAITED_SECONDS
from gateway.batches.turns import Turns
from gateway.exchange import Exchange
from tests.gateway.exchanges import HandClock, endpoints_at, exchange_of, request_of, routing, snapshot_of

URL = "http://127.0.0.1:9"


class Lines:
    """The owner of some lines: notes who began, and gives up who is sent away."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.left: list[int] = []
        self.on_left: Callable[[LineCall], None] = lambda call: None

    def at_work(self, call: LineCall) -> None:
        self.began.append(call.line)

    def ended(self, call: LineCall) -> None:
        raise AssertionError("nothing ends here")

    def yielded(self, call: LineCall) -> None:
        self.left.append(call.line)
        self.on_left(call)


class Hall:
    """Turns of one worker on one endpoint with room for two lines, and another worker's board beside it."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.board, self.other = (Board(folder, name, self._now) for name in ("w0", "w1"))
        self.later: list[Callable[[], None]] = []
        self.turns = Turns(self.board, 0.5, self.clock, self.later.append)
        self.lines = Lines()
        self.lines.on_left = lambda call: self.turns.give_back(call.exchange)
        self.snapshot = snapshot_of(routing(URL, batch={"in_flight": 2}), endpoints_at(self.clock))
        self.tick(0.0)

    def _now(self) -> int:
        return int(self.clock.now * 1e9)

    def tick(self, seconds: float) -> None:
        self.clock.now += seconds
        for board in (self.board, self.other):
            board.touch()
        for work in self.later[:]:
            self.later.remove(work)
            work()
        self.turns.look()

    def line(self, number: int, sent_away: int = 0) -> Exchange:
        call = LineCall(number, f"q{number}", 1, sent_away, self.clock.now, self.lines)
        exchange = call.exchange = exchange_of(request_of({"model": "m"}), self.snapshot, edge=call, clock=self.clock)
        exchange.route = self.snapshot.routes["m"]
        exchange.record.arm_assigned = "v1"
        return exchange


@pytest_asyncio.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    yield Hall(tmp_path)


async def test_lines_begin_up_to_the_limit_and_the_others_in_order_as_there_is_room(hall: Hall) -> None:
    exchanges = [hall.line(number) for number in range(4)]
    waited = [hall.turns.take(exchange) for exchange in exchanges]
    assert [one is None for one in waited] == [True, True, False, False]
    assert exchanges[0].held_endpoint is exchanges[0].route.targets["v1"].endpoints[0]
    hall.turns.give_back(exchanges[1])
    hall.tick(3.0)
    assert waited[2] is not None
    assert waited[2].done()
    assert hall.lines.began == [0, 1, 2]
    assert exchanges[2].record.queue_seconds == 3.0
    assert exchanges[2].began_at == hall.clock.now, "the model's time-outs begin with its turn"
    assert repr(hall.turns) == "<Turns 2 at work, 1 waiting>"


async def test_whoever_comes_sends_lines_away_and_quiet_lets_them_come_again(hall: Hall) -> None:
    exchange = hall.line(0)
    assert hall.turns.take(exchange) is None
    cell = hall.board.cell(URL)
    cell.begun()
    assert hall.lines.left == [], "not before the request that arrives has gone out"
    hall.tick(0.0)
    assert hall.lines.left == [0]
    again = hall.line(0, 1)
    waiting = hall.turns.take(again)
    assert waiting is not None
    hall.tick(60.0 - 1)
    assert not waiting.done()
    cell.ended()
    hall.tick(0.4)
    assert not waiting.done()
    hall.tick(0.2)
    assert waiting.done()


async def test_the_traffic_of_another_worker_counts_as_ones_own(hall: Hall) -> None:
    assert hall.turns.take(hall.line(0)) is None
    theirs = hall.other.cell(URL)
    theirs.begun()
    hall.tick(0.01)
    assert hall.lines.left == [0]
    theirs.ended()
    theirs.lines = 2
    theirs.write()
    hall.tick(1.0)
    assert hall.turns.take(hall.line(1)) is not None, "the other worker's lines have all the room"


async def test_a_line_that_yielded_thrice_or_waited_a_minute_stays_one_at_an_endpoint(hall: Hall) -> None:
    cell = hall.board.cell(URL)
    cell.begun()
    stubborn = hall.line(0, SENT_AWAY)
    assert hall.turns.take(stubborn) is None
    other, patient = hall.line(1, SENT_AWAY), hall.line(2)
    waits = [hall.turns.take(one) for one in (other, patient)]
    hall.tick(1.0)
    assert [one is not None and one.done() for one in waits] == [False, False]
    assert hall.lines.left == []
    hall.turns.give_back(stubborn)
    hall.tick(0.0)
    assert hall.lines.began == [0, 1]
    hall.turns.give_back(other)
    hall.tick(WAITED_SECONDS)
    assert hall.lines.began == [0, 1, 2]


async def test_a_server_that_is_down_gets_no_lines_and_one_that_waits_may_leave(hall: Hall) -> None:
    exchange = hall.line(0)
    endpoint = exchange.route.targets["v1"].endpoints[0]
    endpoint.healthy = False
    waiting = hall.turns.take(exchange)
    assert waiting is not None
    hall.turns.give_back(exchange)
    endpoint.healthy = True
    hall.tick(1.0)
    assert not waiting.done()
    assert not hall.turns.busy
