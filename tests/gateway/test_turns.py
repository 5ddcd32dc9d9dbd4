"""What comes late in a turn of the event loop is begun in the next, in order, and nothing is left for ever."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from benchmarks.hot_path import HEAD, body, build
from gateway.turns import TURN_SECONDS, Turns


class Loop:
    """A loop whose turns last as long as the work in them says."""

    def __init__(self) -> None:
        self.now = 100.0
        self._soon: list[Callable[[], None]] = []

    def call_soon(self, callback: Callable[[], None]) -> None:
        self._soon.append(callback)

    def turn(self) -> bool:
        """Whether there was anything to do."""
        called, self._soon = self._soon, []
        for callback in called:
            callback()
        return bool(called)


class Case:
    """``late`` after the first has asked and taken the turn's time."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.turns = Turns(self.loop, lambda: self.loop.now)
        self.done: list[str] = []

    def be_late(self) -> None:
        assert not self.turns.late()
        self.loop.now += 2 * TURN_SECONDS

    def work(self, name: str, seconds: float) -> Callable[[], None]:
        def work() -> None:
            self.loop.now += seconds
            self.done.append(name)

        return work


def test_a_turn_is_late_when_it_has_lasted_and_the_next_one_is_not() -> None:
    case = Case()
    assert not case.turns.late()
    assert not case.turns.late()
    case.loop.now += 2 * TURN_SECONDS
    assert case.turns.late()
    case.loop.turn()
    assert not case.turns.late()


def test_what_was_left_is_done_in_order_as_much_a_turn_as_there_is_time_for() -> None:
    case = Case()
    case.be_late()
    for name, turns in (("a", 0.6), ("b", 0.6), ("c", 3.0), ("d", 0.1)):
        case.turns.leave(case.work(name, turns * TURN_SECONDS))
    done = []
    while case.loop.turn():
        done.append("".join(case.done))
    assert done == ["ab", "abc", "abcd", "abcd"]


def test_while_something_is_left_what_is_new_goes_behind_it() -> None:
    case = Case()
    case.be_late()
    case.turns.leave(case.work("a", 2 * TURN_SECONDS))
    case.turns.leave(case.work("b", 0))
    case.loop.turn()
    assert case.turns.late()
    case.loop.turn()
    assert case.done == ["a", "b"]
    assert not case.turns.late()


def test_work_that_fails_keeps_nobody_from_theirs() -> None:
    case = Case()
    case.be_late()

    def fail() -> None:
        raise ValueError

    case.turns.leave(fail)
    case.turns.leave(case.work("a", 0))
    with pytest.raises(ValueError):  # noqa: PT011  # the loop's to tell
        case.loop.turn()
    case.loop.turn()
    assert case.done == ["a"]


def test_a_timer_of_a_real_loop_need_not_wait_for_all_that_came_at_once() -> None:
    """Twenty pieces of work for which a turn has time for one: between them, timers have theirs."""
    async def order() -> list[str]:
        turns, done = Turns(asyncio.get_running_loop(), time.monotonic), list[str]()

        def work() -> None:
            time.sleep(1.5 * TURN_SECONDS)
            done.append("work")

        for _ in range(20):
            turns.leave(work) if turns.late() else work()
        asyncio.get_running_loop().call_later(TURN_SECONDS, done.append, "timer")
        while len(done) < 21:
            await asyncio.sleep(0.001)
        return done

    assert "timer" in uvloop.run(order())[:-1]


def request() -> bytes:
    whole = body(False)
    return HEAD % (len(whole), whole)


class Arrivals:
    """A door of which every request arrives late in a turn."""

    def __init__(self, folder: Path) -> None:
        self.case = Case()
        self.case.be_late()
        self.door, _ = build(folder, asyncio.get_running_loop())
        self.hall = self.door._hall
        self.hall.turns = self.case.turns
        self.written: list[bytes] = []
        self.door.transport.write = self.written.append  # type: ignore[method-assign]


async def test_a_request_that_arrives_late_in_a_turn_is_begun_in_the_next(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    arrivals.door.data_received(request())
    assert arrivals.door._exchange is None
    arrivals.case.loop.turn()
    assert arrivals.door._exchange is not None


async def test_a_request_that_waits_for_its_turn_is_answered_before_what_is_refused_behind_it(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    arrivals.door.data_received(request() + b"no request at all\r\n\r\n")
    assert arrivals.door._exchange is not None
    assert arrivals.written == []


async def test_a_client_that_leaves_before_its_turn_begins_nothing(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    arrivals.door.data_received(request())
    arrivals.door.connection_lost(None)
    arrivals.case.loop.turn()
    assert arrivals.door._exchange is None


async def test_a_request_that_waits_for_its_turn_is_not_dropped_by_a_drain(tmp_path: Path) -> None:
    arrivals = Arrivals(tmp_path)
    closed: list[bool] = []
    arrivals.door.transport.close = lambda: closed.append(True)  # type: ignore[method-assign]
    arrivals.door.data_received(request())
    arrivals.hall.drain()
    arrivals.case.loop.turn()
    assert (arrivals.door._exchange is not None, closed) == (True, [])
