"""Lines begin where nobody waits and leave when somebody comes; one that has yielded often enough stays."""

from __future__ import annotations

import pytest

from gateway.batches.board import Seen
from gateway.batches.manners import SENT_AWAY, WAITED_SECONDS, has_to_leave, is_stubborn, may_begin

IDLE = Seen(0, 0, 0, float("inf"))


@pytest.mark.parametrize(("seen", "may"), [
    (IDLE, True), (IDLE._replace(lines=3), True), (IDLE._replace(lines=4), False), (IDLE._replace(lines=9), False),
    (IDLE._replace(interactive=1, quiet_seconds=0.0), False), (IDLE._replace(quiet_seconds=0.4), False),
    (IDLE._replace(quiet_seconds=0.5), True), (IDLE._replace(stubborn=1, lines=1), True),
])  # fmt: skip
def test_a_line_begins_where_it_is_quiet_and_there_is_room(seen: Seen, may: bool) -> None:
    assert may_begin(seen, 4, 0.5, stubborn=False) is may


def test_a_stubborn_line_begins_beside_those_who_wait_but_never_beyond_the_limit() -> None:
    busy = Seen(7, 0, 0, 0.0)
    assert may_begin(busy, 4, 0.5, stubborn=True)
    assert not may_begin(busy._replace(lines=4), 4, 0.5, stubborn=True)


def test_who_was_sent_away_thrice_or_waited_a_minute_is_stubborn_and_the_only_one() -> None:
    assert not is_stubborn(IDLE, SENT_AWAY - 1, WAITED_SECONDS - 1)
    assert is_stubborn(IDLE, SENT_AWAY, 0.0)
    assert is_stubborn(IDLE, 0, WAITED_SECONDS)
    assert not is_stubborn(IDLE._replace(stubborn=1), SENT_AWAY, WAITED_SECONDS)


def test_a_line_leaves_when_somebody_comes_unless_it_is_stubborn() -> None:
    assert not has_to_leave(IDLE, stubborn=False)
    assert has_to_leave(IDLE._replace(interactive=1), stubborn=False)
    assert not has_to_leave(IDLE._replace(interactive=1), stubborn=True)
