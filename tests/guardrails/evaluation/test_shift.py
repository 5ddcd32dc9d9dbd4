"""How far scores have moved agrees with scipy, with counting by hand, and with chance where nothing has changed."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.evaluation.ranking import Sample
from guardrails.evaluation.shift import (
    Part,
    by_chance,
    chi_square_95,
    ks_distance,
    ks_p_value,
    parted,
    shift,
    stability,
)

SCORES = st.lists(st.integers(0, 8).map(lambda step: step / 8), min_size=1, max_size=40)


def sample(scores: list[float]) -> Sample:
    found = Sample()
    for score in scores:
        found.add(score)
    return found


def test_the_distance_and_its_chance_are_those_of_scipy() -> None:
    """scipy.stats.ks_2samp of the same samples: statistic, and p-value by the exact method."""
    one, other = sample([k / 400 for k in range(400)]), sample([(k / 500) ** 0.8 for k in range(500)])
    found = shift(one, other)
    assert found is not None
    assert found.ks == pytest.approx(0.084)
    assert found.ks_p == pytest.approx(0.0822387905033396, abs=0.003)


@given(SCORES, SCORES)
def test_the_distance_is_the_largest_between_shares_up_to_a_score(before: list[float], after: list[float]) -> None:
    largest = max(abs(sum(one <= at for one in before) / len(before) - sum(one <= at for one in after) / len(after))
                  for at in {*before, *after})
    assert ks_distance(sample(before).counts(), sample(after).counts()) == pytest.approx(largest)


def test_a_distance_of_nothing_is_certain_and_a_large_one_is_not() -> None:
    assert ks_p_value(0.0, 100, 100) == 1.0
    assert ks_p_value(1.0, 1000, 1000) < 1e-100
    values = [ks_p_value(distance / 100, 300, 200) for distance in range(101)]
    assert values == sorted(values, reverse=True)


@given(SCORES, SCORES)
def test_every_row_is_in_one_part_and_those_without_a_finding_are_by_themselves(before: list[float],
                                                                               after: list[float]) -> None:
    parts = list(parted(sample(before).counts(), sample(after).counts()))
    assert (sum(one.before for one in parts), sum(one.after for one in parts)) == (len(before), len(after))
    assert [one.high for one in parts] == sorted({one.high for one in parts})
    none = [one for one in parts if one.high == 0]
    assert sum(one.before for one in none) == before.count(0)
    assert sum(one.after for one in none) == after.count(0)


def test_the_index_is_jeffreys_divergence_with_half_a_row_more_in_each_part() -> None:
    parts = [Part(0.5, 60, 30), Part(1.0, 40, 70)]
    wanted = sum((new - old) * math.log(new / old) for old, new in ((60.5 / 101, 30.5 / 101), (40.5 / 101, 70.5 / 101)))
    assert stability(parts) == pytest.approx(wanted)
    assert stability([Part(0.5, 60, 60), Part(1.0, 40, 40)]) == 0
    assert stability([Part(0.5, 100, 0), Part(1.0, 0, 100)]) < math.inf


def test_chi_square_is_that_of_scipy_to_one_part_in_a_hundred() -> None:
    for degrees, wanted in ((1, 3.841458820694124), (4, 9.487729036781154), (10, 18.307038053275146)):
        assert chi_square_95(degrees) == pytest.approx(wanted, rel=0.025 if degrees == 1 else 0.01)


def test_where_nothing_has_changed_one_in_twenty_is_above_chance() -> None:
    chance, above = random.Random(4), 0
    for _ in range(300):
        one, other = (sample([chance.random() for _ in range(count)]) for count in (300, 200))
        found = shift(one, other)
        assert found is not None
        above += found.psi > found.psi_by_chance
    assert 2 <= above <= 27
    assert by_chance(1, 10, 10) == 0.0


def test_an_empty_sample_has_not_moved() -> None:
    assert shift(sample([]), sample([0.5])) is None
    nothing = shift(sample([0.0, 0.0]), sample([0.0]))
    assert nothing is not None
    assert (nothing.psi, nothing.ks) == (0.0, 0.0)
