"""A threshold is the lowest that keeps its rate, and what it promises is kept although the same rows have chosen it."""

import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from guardrails.evaluation.thresholds import (
    allowed_counted,
    allowed_promised,
    choose,
    lowest,
    needed,
    shortest_above,
    shortest_below,
)
from tests.guardrails.evaluation.rankings import ROWS, Row, ranking

SAMPLES = 500


def over(rows: list[Row], threshold: float, kind: bool) -> int:
    return sum(positive == kind and score >= threshold and score > 0 for positive, score in rows)


@given(ROWS, st.sampled_from((0.05, 0.2, 0.5)))
def test_no_lower_threshold_finds_more_and_keeps_the_rate(rows: list[Row], rate: float) -> None:
    """By trying every score that there is."""
    negatives = sum(not positive for positive, _ in rows)
    choice = choose(ranking(rows), rate, 0.95, promised=False)
    keep = [score for _, score in rows if score > 0 and negatives and over(rows, score, False) <= rate * negatives]
    if choice.threshold is None:
        assert not keep
        return
    assert choice.negatives_found == over(rows, choice.threshold, False) <= rate * negatives
    best = max((over(rows, score, True) for score in keep), default=0)
    assert choice.positives_found == over(rows, choice.threshold, True) == best


def test_rows_that_tie_are_never_parted() -> None:
    """Of four negative rows one may be found; two tie at 0.8, so none is."""
    rows = [(True, 0.95), (True, 0.8), (False, 0.8), (False, 0.8), (False, 0.2), (False, 0.1)]
    choice = choose(ranking(rows), 0.25, 0.95, promised=False)
    assert (choice.threshold, choice.allowed, choice.negatives_found, choice.recall) == (0.9, 1, 0, 0.5)


def test_a_promise_allows_fewer_than_the_count() -> None:
    assert (allowed_counted(50_000, 0.01), allowed_promised(50_000, 0.01, 0.95)) == (500, 463)
    assert (allowed_counted(299, 0.01), allowed_promised(299, 0.01, 0.95)) == (2, 0)
    assert (allowed_counted(298, 0.01), allowed_promised(298, 0.01, 0.95)) == (2, None)
    assert (allowed_counted(0, 0.01), allowed_promised(0, 0.01, 0.95)) == (None, None)
    assert allowed_counted(100, 0.07) == 7


@given(st.floats(0.0005, 0.5), st.floats(0.5, 0.999))
def test_it_takes_as_many_rows_as_it_says(rate: float, confidence: float) -> None:
    rows = needed(rate, confidence)
    assert allowed_promised(rows, rate, confidence) is not None
    assume(rows > 1)
    assert allowed_promised(rows - 1, rate, confidence) is None


def test_too_few_negative_rows_promise_nothing_and_say_what_they_could() -> None:
    rows = [(True, 0.9)] * 5 + [(False, 0.1)] * 200
    choice = choose(ranking(rows), 0.01, 0.95, promised=True)
    assert (choice.allowed, choice.threshold, choice.recall, choice.false_alarms_below) == (None, None, None, None)
    assert choice.lowest_promise == pytest.approx(0.014867, abs=1e-6)
    assert choose(ranking(rows), 0.015, 0.95, promised=True).threshold == 0.2


def test_where_too_many_negative_rows_score_one_there_is_no_threshold() -> None:
    choice = choose(ranking([(True, 1.0)] * 9 + [(False, 1.0)] * 3 + [(False, 0.5)] * 97), 0.02, 0.95, promised=False)
    assert (choice.allowed, choice.threshold) == (2, None)


def test_a_row_without_a_finding_is_found_at_no_threshold() -> None:
    choice = choose(ranking([(True, 0.6), (True, 0.0), (False, 0.0), (False, 0.0)]), 0.4, 0.95, promised=False)
    assert (choice.threshold, choice.positives_found, choice.negatives_found) == (0.1, 1, 0)
    assert lowest(ranking([(True, 0.6), (False, 0.0)]), allowed=1) == 0.1


def misses(chance: random.Random, negatives: int, digits: int, at_most: float, promised: bool) -> int:
    """In how many samples the threshold that they choose has more false alarms than the rate, among all rows:
    scores are uniform, then rounded up, so that they tie and the rate over a score is known."""
    units = 10**digits
    broken = 0
    for _ in range(SAMPLES):
        rows = [(False, (int(chance.random() * units) + 1) / units) for _ in range(negatives)]
        threshold = choose(ranking(rows), at_most, 0.9, promised).threshold
        # A score of k units is one of the top units - k + 1, of which each is as likely as the others.
        share = 0 if threshold is None else sum(k / units >= threshold for k in range(1, units + 1)) / units
        broken += share > at_most + 1e-12
    return broken


@pytest.mark.parametrize("digits", [1, 3])
def test_what_is_promised_is_kept_as_often_as_it_is_said(digits: int) -> None:
    """At a confidence of 0.9, at most 50 of 500 samples may break the promise (three standard errors are 20); by the
    count alone about half do."""
    assert misses(random.Random(11), 120, digits, 0.1, promised=True) <= 70
    assert misses(random.Random(11), 120, 3, 0.1, promised=False) > 150


def test_the_bound_that_is_told_is_that_of_the_rows_that_were_allowed_not_of_those_that_were_found() -> None:
    """Ties leave fewer found than allowed. A bound for those few would be chosen by the rows themselves."""
    rows = [(False, 0.9)] * 40 + [(False, 0.2)] * 460
    choice = choose(ranking(rows), 0.05, 0.95, promised=False)
    assert (choice.allowed, choice.negatives_found) == (25, 0)
    assert choice.false_alarms_below == pytest.approx(0.069136, abs=1e-6)


@given(st.floats(0, 0.999), st.floats(0.001, 1))
def test_a_short_number_lies_between_the_scores_that_it_parts(low: float, high: float) -> None:
    assume(low < high)
    for found in (shortest_above(low, high), shortest_below(low, high)):
        assert low < found <= high
    assert len(repr(shortest_above(low, high))) <= len(repr(high)) or "e" in repr(high)


def test_a_short_number_is_the_lowest_or_the_highest_of_the_shortest() -> None:
    assert (shortest_above(0.8312, 0.8345), shortest_below(0.8312, 0.8349)) == (0.832, 0.834)
    assert (shortest_above(0.3, 0.8), shortest_below(0.3, 0.8)) == (0.4, 0.8)
    assert (shortest_above(0.0, 0.35), shortest_below(0.0, 0.35)) == (0.1, 0.3)
    assert shortest_above(0.95, 1.0) == 1.0
