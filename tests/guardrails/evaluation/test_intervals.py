"""Intervals agree with published examples and with what counting gives."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.intervals import (
    Interval,
    binomial_up_to,
    clopper_pearson_upper,
    newcombe,
    on_logits,
    wilson,
)


@pytest.mark.parametrize(("part", "whole", "low", "high"), [  # Newcombe 1998, "Two-sided confidence intervals ..."
    (81, 263, .2553, .3662), (15, 148, .0624, .1605), (0, 20, 0, .1611), (1, 29, .0061, .1718)])
def test_wilson_is_as_published(part: int, whole: int, low: float, high: float) -> None:
    found = wilson(part, whole)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("one", "other", "low", "high"), [  # Newcombe 1998, "Interval estimation ...", table II
    ((48, 80), (56, 70), .0524, .3339), ((3, 10), (9, 10), .1705, .8090), ((0, 10), (10, 10), .6075, 1)])
def test_a_difference_is_as_published(one: tuple[int, int], other: tuple[int, int], low: float, high: float) -> None:
    found = newcombe(*one, *other)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_has_the_share_in_it(part: int, more: int) -> None:
    found = wilson(part, part + more)
    assert found is not None
    assert 0 <= found.low <= part / (part + more) <= found.high <= 1


def test_where_nothing_was_counted_there_is_no_interval() -> None:
    assert wilson(0, 0) is None
    assert newcombe(0, 0, 1, 2) is None


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.data())
def test_a_binomial_is_the_sum_of_its_terms(trials: int, chance: float, data: st.DataObject) -> None:
    count = data.draw(st.integers(-1, trials))
    exact = sum(math.comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(count + 1))
    assert binomial_up_to(count, trials, chance) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(("count", "trials", "expected"), [
    (3, 500, 0.26361558813659336), (480, 50_000, 0.1908412441097095), (520, 50_000, 0.8218845405899222),
    (10_000, 1_000_000, 0.5026596147995148)])
def test_a_binomial_of_many_trials_is_that_of_scipy(count: int, trials: int, expected: float) -> None:
    assert binomial_up_to(count, trials, 0.01) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(("part", "whole", "confidence", "expected"), [  # scipy.stats.beta.ppf
    (0, 200, .95, 0.014867039231272054), (3, 500, .95, 0.015433734876752685), (490, 50_000, .95, 0.010556120101046982),
    (50, 60, .9, 0.8937479029086682), (0, 0, .95, 1), (7, 7, .95, 1)])
def test_the_upper_bound_is_that_of_clopper_and_pearson(part: int, whole: int, confidence: float,
                                                        expected: float) -> None:
    assert clopper_pearson_upper(part, whole, confidence) == pytest.approx(expected, abs=1e-10)


@given(st.floats(0.001, 0.999), st.floats(0, 100))
def test_an_interval_on_logits_holds_its_value_and_stays_a_share(value: float, error: float) -> None:
    found = on_logits(value, error)
    assert 0 <= found.low <= value + 1e-9
    assert value - 1e-9 <= found.high <= 1
    assert on_logits(0.5, 0.01) == Interval(pytest.approx(0.4804, abs=1e-4), pytest.approx(0.5196, abs=1e-4))
