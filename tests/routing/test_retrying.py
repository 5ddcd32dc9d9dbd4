"""Second tries are a share of the first ones: where everything fails, they do not double it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.retrying import RetryBudget


@given(st.integers(0, 10_000), st.floats(0, 1), st.integers(0, 10))
def test_retries_never_exceed_their_share_of_the_requests_or_the_minimum(
    requests: int, ratio: float, minimum: int
) -> None:
    budget = RetryBudget(ratio, minimum)
    budget.requests = requests
    while budget.allows():
        budget.retries += 1
    assert budget.retries == max(minimum, int(ratio * requests))


@pytest.mark.parametrize(("requests", "retries"), [(0, 3), (1, 3), (15, 3), (19, 3), (20, 4), (100, 20), (104, 20)])
def test_a_fifth_of_what_is_in_flight_may_be_retries_and_three_always(requests: int, retries: int) -> None:
    """Envoy's defaults."""
    budget = RetryBudget()
    budget.requests = requests
    budget.retries = retries - 1
    assert budget.allows()
    budget.retries = retries
    assert not budget.allows()


def test_a_retry_that_has_ended_makes_room_for_another() -> None:
    budget = RetryBudget(0, 1)
    budget.retries = 1
    assert not budget.allows()
    budget.retries = 0
    assert budget.allows()


def test_a_budget_shows_what_it_has_spent() -> None:
    budget = RetryBudget()
    budget.requests, budget.retries = 100, 7
    assert repr(budget) == "<RetryBudget 7 of 20>"
