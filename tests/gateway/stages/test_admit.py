"""So many at once and no more; what was taken is given back however the exchange ends."""

from __future__ import annotations

import pytest

from gateway.refusal import Draining, Overloaded
from gateway.stages.admit import Admit
from tests.gateway.exchanges import exchange_of, request_of


def test_up_to_the_limit_everyone_enters_and_beyond_it_nobody_waits() -> None:
    admit = Admit(2)
    first, second, third = (exchange_of(request_of({})) for _ in range(3))
    admit.enter(first)
    admit.enter(second)
    with pytest.raises(Overloaded) as caught:
        admit.enter(third)
    assert (b"retry-after", b"1") in caught.value.headers()
    assert admit.in_flight == 2


def test_a_place_is_free_once_its_exchange_is_settled() -> None:
    admit = Admit(1)
    first, second = (exchange_of(request_of({})) for _ in range(2))
    admit.enter(first)
    admit.settle(first)
    admit.enter(second)
    assert admit.open_exchanges() == [second]


def test_settling_what_was_refused_gives_nothing_back() -> None:
    """A stage is settled whenever it was entered, also where its entering was the refusal."""
    admit = Admit(1)
    first, refused = (exchange_of(request_of({})) for _ in range(2))
    admit.enter(first)
    with pytest.raises(Overloaded):
        admit.enter(refused)
    admit.settle(refused)
    admit.settle(refused)
    assert admit.in_flight == 1


def test_one_that_is_closed_lets_nobody_in_and_lets_finish_who_is_in() -> None:
    admit = Admit(2)
    first, late = (exchange_of(request_of({})) for _ in range(2))
    admit.enter(first)
    admit.closed = True
    with pytest.raises(Draining):
        admit.enter(late)
    admit.settle(first)
    assert admit.in_flight == 0
