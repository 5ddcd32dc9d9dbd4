"""Areas are those that comparing every row with every other gives, and their intervals hold the truth as often as they
say."""

import random
from collections.abc import Callable
from statistics import NormalDist, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.areas import Area, areas, auroc, average_precision
from guardrails.evaluation.intervals import on_logits
from tests.guardrails.evaluation.rankings import BY_HAND, ROWS, Row, ranking, sampled


def parts(rows: list[Row]) -> tuple[list[float], list[float]]:
    return [score for positive, score in rows if positive], [score for positive, score in rows if not positive]


def wins(one: float, others: list[float]) -> float:
    return sum((one > other) + (one == other) / 2 for other in others) / len(others)


def precision_at(score: float, weighted: list[tuple[bool, float, float]]) -> float:
    over = [(positive, weight) for positive, own, weight in weighted if own >= score]
    return sum(weight for positive, weight in over if positive) / sum(weight for _, weight in over)


def weighted_average_precision(weighted: list[tuple[bool, float, float]]) -> float:
    """The mean precision at the positive rows, each row counted by its weight; what scores 0 is not found."""
    own = [(score, weight) for positive, score, weight in weighted if positive]
    return sum(weight * precision_at(score, weighted) for score, weight in own if score) / sum(w for _, w in own)


def test_areas_are_those_of_scikit_learn() -> None:
    """roc_auc_score and average_precision_score of the same rows."""
    found = areas(ranking(BY_HAND))
    assert found.auroc is not None
    assert found.average_precision is not None
    assert found.auroc.value == pytest.approx(0.7083333333333334)
    assert found.average_precision.value == pytest.approx(0.7111111111111111)
    assert (found.positives, found.negatives) == (6, 6)


@given(ROWS)
def test_auroc_is_the_share_of_pairs_and_its_variance_delongs(rows: list[Row]) -> None:
    positives, negatives = parts(rows)
    found = auroc(ranking(rows))
    if not positives or not negatives:
        assert found is None
        return
    assert found is not None
    won = [wins(one, negatives) for one in positives]
    assert found.value == pytest.approx(sum(won) / len(won))
    assert found.interval.low <= found.value <= found.interval.high
    if len(positives) > 1 and len(negatives) > 1:
        lost = [1 - wins(one, positives) for one in negatives]
        spread = variance(won) / len(won) + variance(lost) / len(lost)
        if spread > 1e-12 and 0 < found.value < 1:
            wanted = on_logits(found.value, spread**0.5)
            assert (found.interval.low, found.interval.high) == pytest.approx((wanted.low, wanted.high))


@given(ROWS.filter(lambda rows: len({positive for positive, _ in rows}) == 2))
def test_average_precision_is_the_mean_precision_and_its_variance_what_each_row_moves(rows: list[Row]) -> None:
    """The infinitesimal jackknife, by moving the weight of each row a little."""
    found = average_precision(ranking(rows))
    assert found is not None
    equal = [(positive, score, 1.0) for positive, score in rows]
    assert found.value == pytest.approx(weighted_average_precision(equal))
    moved = [(weighted_average_precision([*equal[:at], (*rows[at], 1 + 1e-6), *equal[at + 1:]]) - found.value) / 1e-6
             for at in range(len(rows))]
    spread = sum(one * one for one in moved)
    if spread > 1e-6 and 0.01 < found.value < 0.99:
        wanted = on_logits(found.value, spread**0.5)
        assert (found.interval.low, found.interval.high) == pytest.approx((wanted.low, wanted.high), abs=1e-3)


@given(st.integers(1, 50), st.integers(1, 50))
def test_where_all_rows_are_parted_the_interval_still_says_how_few_they_are(positives: int, negatives: int) -> None:
    found = areas(ranking([(True, 0.9)] * positives + [(False, 0.1)] * negatives))
    for area in (found.auroc, found.average_precision):
        assert area is not None
        assert (area.value, area.interval.high) == (1, 1)
        assert area.interval.low < 1 - 0.8 / (positives + negatives)


def test_all_rows_of_one_score_are_parted_by_nothing() -> None:
    found = areas(ranking([(True, 0.5)] * 40 + [(False, 0.5)] * 60))
    assert found.auroc is not None
    assert found.average_precision is not None
    assert (found.auroc.value, found.average_precision.value) == (0.5, pytest.approx(0.4))
    assert found.auroc.interval.low < 0.45
    assert found.auroc.interval.high > 0.55


def test_rows_of_one_kind_have_no_areas() -> None:
    for rows in ([(True, 0.5)], [(False, 0.5)], [(False, 0.0)]):
        found = areas(ranking(rows))
        assert (found.auroc, found.average_precision) == (None, None)


def covered(area: Callable[[list[Row]], Area | None], truth: float, positives: int, negatives: int) -> float:
    chance, held = random.Random(7), 0
    for _ in range(400):
        found = area(sampled(chance, positives, negatives))
        assert found is not None
        held += found.interval.low <= truth <= found.interval.high
    return held / 400


def test_intervals_hold_the_truth_in_about_95_of_100_samples() -> None:
    truth = NormalDist().cdf(1.5 / 2**0.5)
    assert 0.92 <= covered(lambda rows: auroc(ranking(rows)), truth, 40, 60) <= 0.985
    large = average_precision(ranking(sampled(random.Random(1), 20_000, 30_000)))
    assert large is not None
    assert 0.92 <= covered(lambda rows: average_precision(ranking(rows)), large.value, 40, 60) <= 0.995
