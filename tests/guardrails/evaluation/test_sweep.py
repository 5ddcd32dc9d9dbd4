"""The sweep says for every threshold what a policy with that threshold would have said."""

import random

import pytest
from hypothesis import given

from guardrails.evaluation.matching import Match
from guardrails.evaluation.sweep import SpanSweep, row_curve
from tests.guardrails.evaluation.rankings import ROWS, Row, ranking, sampled


@given(ROWS)
def test_every_point_is_what_counting_by_hand_gives(rows: list[Row]) -> None:
    for point in row_curve(ranking(rows)).points:
        over = [positive for positive, score in rows if score >= point.threshold]
        positives = sum(positive for positive, _ in rows)
        assert point.precision == sum(over) / len(over)
        assert point.recall == (sum(over) / positives if positives else None)
        negatives = len(rows) - positives
        assert point.false_alarm_rate == ((len(over) - sum(over)) / negatives if negatives else None)


def test_the_area_is_one_where_a_threshold_parts_all_and_what_is_never_found_is_missing_from_it() -> None:
    rows = [(True, 0.9), (True, 0.8), (False, 0.3), (False, 0.0)]
    curve = row_curve(ranking(rows))
    assert curve.average_precision == 1.0
    assert curve.best is not None
    assert (curve.best.threshold, curve.best.f1) == (0.8, 1.0)
    assert row_curve(ranking([*rows, (True, 0.0)])).average_precision == pytest.approx(2 / 3)


def test_the_best_threshold_is_a_short_number_that_does_the_same() -> None:
    best = row_curve(ranking([(True, 0.83456789), (False, 0.8312)])).best
    assert best is not None
    assert (best.threshold, best.recall, best.precision) == (0.834, 1.0, 1.0)


def test_of_many_scores_about_a_thousand_points_are_kept_and_the_figures_are_of_all() -> None:
    """The first two hundred and the last stay; the area is that of every point."""
    rows = sampled(random.Random(3), 2000, 3000)
    curve = row_curve(ranking(rows))
    assert 900 < len(curve.points) < 1100
    scores = sorted((score for _, score in rows), reverse=True)
    assert [point.threshold for point in curve.points[:200]] == scores[:200]
    assert curve.points[-1].threshold == scores[-1]
    ordered = sorted(rows, key=lambda row: -row[1])
    found = [sum(one for one, _ in ordered[:at + 1]) / (at + 1) for at, (positive, _) in enumerate(ordered) if positive]
    assert curve.average_precision == pytest.approx(sum(found) / 2000)


def test_spans_are_swept_like_rows_and_have_no_false_alarm_rate() -> None:
    sweep = SpanSweep()
    sweep.add(Match([0.9, 0.4], [(0.9, True), (0.4, True), (0.4, False)]))
    first, second = sweep.curve().points
    assert (first.threshold, first.precision, first.recall, first.false_alarm_rate) == (0.9, 1.0, 0.5, None)
    assert (second.threshold, second.precision, second.recall) == (0.4, pytest.approx(2 / 3), 1.0)


def test_nothing_has_no_curve() -> None:
    curve = SpanSweep().curve()
    assert (curve.average_precision, curve.best, curve.points) == (None, None, [])
