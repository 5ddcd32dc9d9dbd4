"""Calibration tells scores that are probabilities from scores that are not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.calibration import calibration, equal_parts
from guardrails.evaluation.ranking import totals
from tests.guardrails.evaluation.rankings import BY_HAND, ROWS, Row, ranking


def drawn(rows: int, truth: float) -> list[Row]:
    """A row of score s is positive with the probability s to the power of ``truth``."""
    chance = random.Random(5)
    scores = [chance.random() for _ in range(rows)]
    return [(chance.random() < score**truth, score) for score in scores]


def test_the_brier_score_is_that_of_scikit_learn() -> None:
    found = calibration(ranking(BY_HAND))
    assert found is not None
    assert found.brier == pytest.approx(0.21437499999999998)
    assert (found.rows, found.brier_of_share) == (12, 0.25)


def test_probabilities_are_on_the_diagonal_and_other_scores_are_not() -> None:
    honest, bold = calibration(ranking(drawn(20_000, 1))), calibration(ranking(drawn(20_000, 3)))
    assert honest is not None
    assert bold is not None
    assert honest.expected_error < 0.015
    assert all(one.share_interval.low - 0.02 < one.mean_score < one.share_interval.high + 0.02 for one in honest.bins)
    assert bold.expected_error == pytest.approx(0.25, abs=0.01), "the mean of s - s³"
    assert honest.brier < bold.brier_of_share + 0.05


@given(ROWS, st.integers(1, 12))
def test_bins_have_every_row_once_and_never_part_a_score(rows: list[Row], parts: int) -> None:
    found = list(equal_parts(ranking(rows), parts))
    assert len(found) <= parts
    assert [step for part in found for step in part] == list(reversed(ranking(rows)))
    assert all(sum(totals(part)) for part in found)


def test_bins_are_of_equal_numbers_where_no_scores_tie() -> None:
    found = calibration(ranking((at % 3 == 0, at / 100) for at in range(100)))
    assert found is not None
    assert [one.rows for one in found.bins] == [10] * 10
    assert (found.bins[0].low, found.bins[0].high, found.bins[0].positives) == (0.0, 0.09, 4)


def test_a_score_of_many_rows_is_one_bin() -> None:
    found = calibration(ranking([(False, 0.0)] * 95 + [(True, 0.9)] * 5))
    assert found is not None
    assert [(one.rows, one.share) for one in found.bins] == [(95, 0), (5, 1)]
    assert found.expected_error == pytest.approx(0.05 * 0.1)


def test_no_rows_have_no_calibration() -> None:
    assert calibration([]) is None
