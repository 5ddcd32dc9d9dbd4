"""A cost is a whole number that comes out the same whoever adds it up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.price import MAX_MICROS, Price

PRICE = Price(150_000, 75_000, 600_000)  # 0.15, 0.075 and 0.60 a million
PRICES = st.integers(0, 100_000_000_000)
TOKENS = st.integers(0, 1 << 53)


@pytest.mark.parametrize(("prompt", "cached", "completion", "micros"), [
    (0, 0, 0, 0), (1_000_000, 0, 0, 150_000), (1_000_000, 1_000_000, 0, 75_000), (0, 0, 1_000_000, 600_000),
    (1000, 400, 200, 240), (1, 0, 0, 0), (3, 0, 0, 0), (4, 0, 0, 1), (10, 0, 0, 2), (0, 0, 1, 1),
    (100, 300, 0, 8)])  # fmt: skip
def test_tokens_cost_what_a_million_of_them_costs_in_proportion(
        prompt: int, cached: int, completion: int, micros: int) -> None:
    """A half is rounded up; more cached tokens than the prompt has are all of it."""
    assert PRICE.micros(prompt, cached, completion) == micros


@given(PRICES, PRICES, PRICES, TOKENS, TOKENS, TOKENS)
def test_a_cost_is_right_to_half_a_millionth_and_can_be_stored(
        prompt_price: int, cached_price: int, completion_price: int, prompt: int, cached: int, completion: int) -> None:
    micros = Price(prompt_price, cached_price, completion_price).micros(prompt, cached, completion)
    cached = min(cached, prompt)
    exactly = Fraction((prompt - cached) * prompt_price + cached * cached_price + completion * completion_price, 10**6)
    assert micros == MAX_MICROS or abs(micros - exactly) <= Fraction(1, 2)
    assert 0 <= micros <= MAX_MICROS


def test_a_million_small_costs_add_up_without_drift() -> None:
    """A tenth is no number that a float has."""
    price = Price(100_000, 100_000, 100_000)
    assert sum(price.micros(10, 0, 0) for _ in range(10_000)) == 10_000
