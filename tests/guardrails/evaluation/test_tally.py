"""Figures are the textbook's."""

import pytest

from guardrails.evaluation.matching import Match
from guardrails.evaluation.tally import RowCounts, SpanCounts, rates


def test_rates_are_those_of_the_textbook() -> None:
    assert rates(8, 10, 8, 16) == (0.8, 0.5, pytest.approx(0.6153846))


def test_what_has_nothing_to_divide_by_is_none_and_nothing_right_is_zero() -> None:
    assert rates(0, 0, 0, 4) == (None, 0.0, None)
    assert rates(0, 3, 0, 0) == (0.0, None, None)
    assert rates(0, 3, 0, 4) == (0.0, 0.0, 0.0)


def test_rows_count_by_what_is_right_and_what_was_found() -> None:
    counts = RowCounts()
    for positive, found in ((True, True), (True, False), (False, False), (False, False), (False, True)):
        counts.add(positive, found)
    figures = counts.figures()
    assert (figures.precision, figures.recall, figures.f1) == (0.5, 0.5, 0.5)
    assert figures.false_alarm_rate == pytest.approx(1 / 3)
    assert (figures.positives, figures.positives_found, figures.negatives, figures.negatives_found) == (2, 1, 3, 1)


def test_spans_count_what_is_met_and_what_is_right() -> None:
    counts = SpanCounts()
    counts.add(Match([0.9, 0.9, 0.0], [(0.9, True), (0.4, False)]))
    figures = counts.figures()
    assert (figures.precision, figures.recall) == (0.5, pytest.approx(2 / 3))
