"""A pace sends what waits: at once where a lane is free, together where none is, and never later than its patience."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from models.batching import Pace, Queue

PATIENCE = 2.0**-9  # seconds; sums of its parts are exact
PIECES, SIZE = 4, 100


class Hand:
    """A clock and its timers, moved by the test."""

    def __init__(self) -> None:
        self.now = 10.0
        self.timers: list[HandTimer] = []

    def time(self) -> float:
        return self.now

    def later(self, seconds: float, call: Callable[[], None]) -> HandTimer:
        timer = HandTimer(self, self.now + seconds, call)
        self.timers.append(timer)
        return timer

    def move(self, seconds: float) -> None:
        """Lets the time pass, and what is due in it happen in its order."""
        end = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= end]:
            first = min(due, key=lambda timer: timer.at)
            self.timers.remove(first)
            self.now = first.at
            first.call()
        self.now = end


class HandTimer:
    def __init__(self, hand: Hand, at: float, call: Callable[[], None]) -> None:
        self.hand, self.at, self.call = hand, at, call

    def cancel(self) -> None:
        self.hand.timers.remove(self)


class Sending:
    """A pace over a plain line, and the batches that it has sent, in names."""

    def __init__(self, lanes: int = 1, most: float = inf, patience: float = PATIENCE, rest: float = PATIENCE) -> None:
        self.hand = Hand()
        self.line: Queue[str] = Queue(PIECES, SIZE)
        self.sent: list[list[str]] = []
        self.idled = 0
        self.pace = Pace(self.line, self.sent.append, time=self.hand.time, later=self.hand.later, patience=patience,
                         rest=rest, lanes=lanes, most=most, on_idle=self._idle)  # fmt: skip

    def _idle(self) -> None:
        self.idled += 1

    def come(self, *names: str, pieces: int = 1, size: int = 1) -> None:
        for name in names:
            self.line.add(name, pieces, size)
            self.pace.arrived()


def test_who_asks_alone_waits_for_nothing() -> None:
    sending = Sending()
    for name in "abc":
        sending.come(name)
        assert sending.sent[-1] == [name]
        sending.pace.returned(shared=False)
    assert (sending.hand.timers, sending.idled) == ([], 3)


def test_what_comes_while_one_is_under_way_goes_when_it_returns() -> None:
    sending = Sending()
    sending.come("a", "b", "c")
    assert sending.sent == [["a"]]
    sending.pace.returned(shared=False)
    assert sending.sent == [["a"], ["b", "c"]]
    assert repr(sending.pace) == "<Pace 0 waiting, 1 under way, 0 at rest>"


def test_it_goes_when_it_is_full() -> None:
    sending = Sending()
    sending.come("a", "b", "c", "d", "e", "f")
    assert sending.sent == [["a"], ["b", "c", "d", "e"]]


def test_it_goes_when_it_is_large() -> None:
    sending = Sending()
    sending.come("a")
    sending.come("b", "c", size=60)
    assert sending.sent == [["a"], ["b"]]


def test_it_goes_when_its_patience_is_over_and_the_patience_begins_with_the_first() -> None:
    sending = Sending()
    sending.come("a", "b")
    sending.hand.move(PATIENCE * 0.75)
    sending.come("c")
    sending.hand.move(PATIENCE * 0.25)
    assert sending.sent == [["a"], ["b", "c"]]


def test_a_lane_rests_after_a_batch_that_was_shared() -> None:
    sending = Sending()
    sending.come("a", "b", "c")
    sending.pace.returned(shared=False)
    sending.pace.returned(shared=True)
    sending.come("d")
    sending.hand.move(PATIENCE / 2)
    sending.come("e")
    assert len(sending.sent) == 2
    sending.hand.move(PATIENCE / 2)
    assert sending.sent[2] == ["d", "e"]


def test_no_lane_rests_unless_the_line_asks_for_it() -> None:
    sending = Sending(rest=0.0)
    sending.come("a", "b", "c")
    sending.pace.returned(shared=False)
    sending.pace.returned(shared=True)
    sending.come("d")
    assert sending.sent == [["a"], ["b", "c"], ["d"]]


def test_a_rest_ends_when_the_batch_is_full() -> None:
    sending = Sending(lanes=1, most=1)
    sending.come("a", "b", "c")
    sending.pace.returned(shared=False)
    sending.pace.returned(shared=True)
    sending.come("d", "e", "f", "g")
    assert sending.sent[2:] == [["d", "e", "f", "g"]]


def test_what_went_without_standing_in_the_line_takes_a_lane_too() -> None:
    sending = Sending()
    sending.pace.went()
    sending.come("a", "b")
    assert sending.sent == []
    sending.pace.returned(shared=False)
    assert sending.sent == [["a", "b"]]


def test_another_lane_that_is_free_does_not_rest() -> None:
    sending = Sending(lanes=2, most=2)
    sending.come("a", "b", "c", "d")
    sending.pace.returned(shared=False)
    assert sending.sent == [["a"], ["b"], ["c", "d"]]
    sending.pace.returned(shared=False)
    sending.pace.returned(shared=True)
    sending.come("e")
    assert sending.sent[3:] == [["e"]]


def test_without_patience_what_waits_waits_for_a_lane() -> None:
    sending = Sending(patience=inf)
    sending.come("a", "b", "c")
    assert sending.hand.timers == []
    sending.pace.returned(shared=False)
    assert sending.sent == [["a"], ["b", "c"]]


def test_where_as_many_are_under_way_as_may_be_no_patience_helps() -> None:
    sending = Sending(lanes=2, most=2)
    sending.come("a", "b", "c", "d", "e", "f", "g", "h")
    sending.hand.move(1)
    assert sending.sent == [["a"], ["b"]]
    sending.pace.returned(shared=False)
    assert sending.sent[2:] == [["c", "d", "e", "f"]]


def test_what_is_larger_than_a_batch_goes_by_itself() -> None:
    sending = Sending()
    sending.come("a", "b")
    sending.come("huge", pieces=PIECES * 3)
    sending.come("c")
    sending.hand.move(PATIENCE)
    assert sending.sent == [["a"], ["b"], ["huge"], ["c"]]


def test_what_has_left_is_not_sent_and_what_never_waited_cannot_leave() -> None:
    sending = Sending()
    sending.come("a", "b", "c")
    sending.line.remove("b")
    sending.pace.left()
    with pytest.raises(ValueError, match="does not wait"):
        sending.line.remove("b")
    sending.line.remove("c")
    sending.pace.left()
    assert sending.hand.timers == []
    sending.pace.returned(shared=False)
    assert (sending.sent, sending.idled) == ([["a"]], 1)


def test_a_line_that_finds_nothing_worth_sending_sends_nothing() -> None:
    class Gone(Queue[str]):
        def take(self, now: float) -> list[str]:
            super().take(now)
            return []

    sending = Sending()
    line: Any = Gone(PIECES, SIZE)
    pace = Pace(line, sending.sent.append, time=sending.hand.time, later=sending.hand.later, patience=PATIENCE)
    line.add("a", 1, 1)
    pace.arrived()
    assert (sending.sent, pace.under_way) == ([], 0)


@given(st.lists(st.tuples(st.integers(1, 2 * PIECES), st.integers(1, 2 * SIZE))))
def test_a_line_keeps_order_loses_nothing_and_never_takes_more_than_it_may(items: list[tuple[int, int]]) -> None:
    line: Queue[int] = Queue(PIECES, SIZE)
    for number, (pieces, size) in enumerate(items):
        line.add(number, pieces, size)
    taken = []
    while line:
        batch = line.take(0.0)
        taken += batch
        fits = sum(items[n][0] for n in batch) <= PIECES and sum(items[n][1] for n in batch) <= SIZE
        assert fits or len(batch) == 1
    assert taken == list(range(len(items)))
    assert not line.full


class Pacing(RuleBasedStateMachine):
    """Whatever comes, leaves and returns: what waited has gone in order, once, no later than its patience allows, in
    batches that are not too large."""

    lanes, most = 2, inf

    def __init__(self) -> None:
        super().__init__()
        self.sending = Sending(self.lanes, self.most)
        self.came: dict[str, float] = {}  # when
        self.pieces: dict[str, int] = {}
        self.left_by_themselves: set[str] = set()
        self.back = 0

    @property
    def gone(self) -> list[str]:
        return [name for batch in self.sending.sent for name in batch]

    @property
    def waiting(self) -> list[str]:
        gone = set(self.gone) | self.left_by_themselves
        return [name for name in self.came if name not in gone]

    @rule(pieces=st.integers(1, PIECES + 1))
    def comes(self, pieces: int) -> None:
        name = str(len(self.came))
        now = self.sending.hand.now
        resting = self.sending.pace._resting
        alone = not self.waiting and self.sending.pace.under_way + resting < self.lanes
        self.came[name], self.pieces[name] = now, pieces
        self.sending.come(name, pieces=pieces)
        if alone:
            assert self.sending.sent[-1] == [name]

    @rule(pick=st.randoms(use_true_random=False))
    def leaves(self, pick: Any) -> None:
        if self.waiting:
            name = pick.choice(self.waiting)
            self.left_by_themselves.add(name)
            self.sending.line.remove(name)
            self.sending.pace.left()

    @precondition(lambda self: self.sending.pace.under_way)
    @rule()
    def returns(self) -> None:
        shared = len(self.sending.sent[self.back]) > 1
        self.back += 1
        self.sending.pace.returned(shared=shared)

    @rule(seconds=st.sampled_from([PATIENCE / 4, PATIENCE / 2, PATIENCE, 1.0]))
    def time_passes(self, seconds: float) -> None:
        self.sending.hand.move(seconds)

    @invariant()
    def all_is_as_promised(self) -> None:
        gone = self.gone
        assert gone == sorted(set(gone), key=int), "in order, each once"
        assert set(gone) | set(self.waiting) | self.left_by_themselves == set(self.came), "nothing is lost"
        assert self.waiting == [one.item for one in self.sending.line._waiting]
        assert self.sending.pace.under_way == len(self.sending.sent) - self.back <= self.most
        for batch in self.sending.sent:
            assert len(batch) == 1 or sum(self.pieces[name] for name in batch) <= PIECES
        self.nobody_waits_too_long()

    def nobody_waits_too_long(self) -> None:
        assert all(self.sending.hand.now - self.came[name] < PATIENCE for name in self.waiting)


class PacingWithinLimits(Pacing):
    """The same where no more may be under way than there are lanes: then who waits, waits for one to return."""

    lanes, most = 2, 2

    def nobody_waits_too_long(self) -> None:
        if self.waiting:
            assert self.sending.pace.under_way + self.sending.pace._resting >= self.lanes


TestPacing = Pacing.TestCase
TestPacingWithinLimits = PacingWithinLimits.TestCase
