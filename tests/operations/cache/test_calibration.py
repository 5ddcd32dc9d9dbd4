"""Calibration: a threshold is named where the pairs prove it, and only there."""

from __future__ import annotations

import random

import pytest

from guardrails.evaluation.intervals import clopper_pearson_upper
from operations.cache.calibration import Measured, calibrate, choose, hits_needed, share_of

BOUND, CONFIDENCE = 0.05, 0.9


def pairs(*told: tuple[int, float, bool, bool]) -> list[Measured]:
    """Of each: how many, their similarity, whether traits are equal, whether they are the same."""
    return [Measured(similarity, alike, same) for count, similarity, alike, same in told for _ in range(count)]


@pytest.mark.parametrize(("bound", "confidence", "needed"), [(0.01, 0.95, 299), (0.05, 0.9, 45), (0.02, 0.95, 149)])
def test_so_many_hits_prove_a_bound_without_a_false_one(bound: float, confidence: float, needed: int) -> None:
    assert hits_needed(bound, confidence) == needed
    assert clopper_pearson_upper(0, needed, confidence) <= bound < clopper_pearson_upper(0, needed - 1, confidence)


def test_the_most_lenient_threshold_that_is_proven_is_chosen() -> None:
    found = calibrate(pairs((50, 0.97, True, True), (50, 0.9, True, True), (50, 0.8, True, False)), BOUND, CONFIDENCE)
    chosen = found.guarded.chosen
    assert chosen is not None
    assert 0.8 < chosen.threshold <= 0.81
    assert (chosen.false.part, chosen.false.whole, chosen.found.share) == (0, 100, 1.0)


def test_nothing_behind_the_first_failure_is_tested() -> None:
    """More hits further down would look well again; by then too much has been looked at."""
    found = calibrate(pairs((60, 0.97, True, True), (10, 0.9, True, False), (2000, 0.8, True, True)), BOUND, CONFIDENCE)
    chosen = found.guarded.chosen
    assert chosen is not None
    assert chosen.threshold > 0.9
    lenient = found.guarded.steps[-1]
    assert (lenient.chance < 0.01, lenient.proven) == (True, False)


def test_too_few_pairs_name_no_threshold_and_say_how_many_it_takes() -> None:
    found = calibrate(pairs((44, 0.97, True, True)), BOUND, CONFIDENCE).guarded
    assert (found.chosen, found.hits, found.hits_needed) == (None, 44, 45)


def test_traits_make_the_difference() -> None:
    found = calibrate(pairs((60, 0.97, True, True), (60, 0.98, False, False)), BOUND, CONFIDENCE)
    assert found.guarded.chosen is not None
    assert found.bare.chosen is None


def test_shares_have_intervals_that_hold_them() -> None:
    for part, whole in ((0, 0), (0, 10), (3, 10), (10, 10)):
        share = share_of(part, whole, 0.95)
        assert 0 <= share.interval.low <= share.share <= share.interval.high <= 1


def test_the_promise_holds_although_the_pairs_choose() -> None:
    """Drawn anew 120 times from a source whose true share of false hits is known at every threshold: a threshold that
    breaks the bound is named in a tenth of the draws at most, but for chance (three standard deviations)."""
    drawn = random.Random(7)
    broken = 0
    for _ in range(120):
        rows = []
        for _ in range(300):
            similarity = drawn.uniform(0.7, 1.0)
            rows.append(Measured(similarity, True, drawn.random() >= false_at(similarity)))
        chosen = choose(rows, BOUND, CONFIDENCE, guarded=True).chosen
        broken += chosen is not None and mean_false_above(chosen.threshold) > BOUND
    assert broken / 120 <= 0.1 + 3 * (0.1 * 0.9 / 120) ** 0.5


def false_at(similarity: float) -> float:
    return max(0.0, 0.95 - similarity)


def mean_false_above(threshold: float) -> float:
    steps = [threshold + (1.0 - threshold) * (number + 0.5) / 1000 for number in range(1000)]
    return sum(map(false_at, steps)) / len(steps)
