"""The sweep says for every threshold what a policy with that threshold would have said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.matching import Match
from guardrails.evaluation.sweep import Sweep

SCORES = st.integers(0, 1000).map(lambda step: step / 1000)


@given(st.lists(st.tuples(st.booleans(), SCORES), min_size=1, max_size=40))
def test_every_point_is_what_counting_by_hand_gives(rows: list[tuple[bool, float]]) -> None:
    sweep = Sweep()
    for positive, score in rows:
        sweep.add_row(positive, score)
    for point in sweep.curve().points:
        over = [positive for positive, score in rows if score >= point.threshold]
        positives = sum(positive for positive, _ in rows)
        assert point.precision == sum(over) / len(over)
        assert point.recall == (sum(over) / positives if positives else None)
        negatives = len(rows) - positives
        assert point.false_alarm_rate == ((len(over) - sum(over)) / negatives if negatives else None)


def test_the_area_is_one_where_a_threshold_parts_all_and_what_is_never_found_is_missing_from_it() -> None:
    sweep = Sweep()
    for positive, score in ((True, 0.9), (True, 0.8), (False, 0.3), (False, 0.0)):
        sweep.add_row(positive, score)
    curve = sweep.curve()
    assert curve.average_precision == 1.0
    assert curve.best is not None
    assert (curve.best.threshold, curve.best.f1) == (0.8, 1.0)
    sweep.add_row(True, 0.0)
    assert sweep.curve().average_precision == pytest.approx(2 / 3)


def test_spans_are_swept_like_rows_and_have_no_false_alarm_rate() -> None:
    sweep = Sweep()
    sweep.add_spans(Match([0.9, 0.4], [(0.9, True), (0.4, True), (0.4, False)]))
    first, second = sweep.curve().points
    assert (first.threshold, first.precision, first.recall, first.false_alarm_rate) == (0.9, 1.0, 0.5, None)
    assert (second.threshold, second.precision, second.recall) == (0.4, pytest.approx(2 / 3), 1.0)


def test_a_histogram_has_every_score_that_was_found_in_its_bar() -> None:
    sweep = Sweep()
    for positive, score in ((True, 1.0), (True, 0.5), (True, 0.501), (False, 0.001), (False, 0.0)):
        sweep.add_row(positive, score)
    assert sweep.histogram(2) == ([1, 2], [1, 0])


def test_nothing_has_no_curve() -> None:
    curve = Sweep().curve()
    assert (curve.average_precision, curve.best, curve.points) == (None, None, [])
