"""Calibration: a threshold that keeps alarms rare, a slope that fits, and halves that do not mix."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.scores.knots import Knots
from guardrails.training.calibration import (
    TRIALS,
    Alarms,
    halves,
    is_for_calibration,
    knots,
    slope_of,
    threshold_for,
    trials,
)

_NAMES = sorted(path.stem for path in TRIALS.glob("*.jsonl"))


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=60), st.floats(0, 0.5))
def test_no_more_alarms_than_were_asked_for(logits: list[float], most: float) -> None:
    threshold = threshold_for([Alarms(logits, most)])
    assert sum(logit > threshold for logit in logits) <= most * len(logits)


@given(st.lists(st.floats(-9, 9), min_size=20, max_size=60, unique=True))
def test_the_threshold_is_no_higher_than_it_must_be(logits: list[float]) -> None:
    """A hair lower there would be an alarm too many."""
    threshold = threshold_for([Alarms(logits, 0.1)])
    assert sum(logit >= threshold for logit in logits) > 0.1 * len(logits)


def test_alarms_rarer_than_the_texts_can_tell_are_foretold_by_their_tail() -> None:
    """Of two hundred texts, what one in a thousand would reach is told to within a mean excess, where the highest of
    them says far too little."""
    random = Random(5)
    found = [threshold_for([Alarms([random.expovariate(1.0) for _ in range(200)], 0.001)]) for _ in range(50)]
    assert sum(found) / len(found) == pytest.approx(math.log(1000), abs=1.0)


def test_the_strictest_kind_decides() -> None:
    assert threshold_for([Alarms([0.0, 1.0], 0.5), Alarms([5.0, 4.0], 0.5)]) == 4.0


def test_the_slope_is_that_of_the_labels() -> None:
    """Labels drawn by a logistic of known slope give that slope back."""
    random = Random(3)
    logits = [random.uniform(-4, 4) for _ in range(4000)]
    labels = [int(random.random() < 1 / (1 + math.exp(-1.5 * logit + 1))) for logit in logits]
    assert slope_of(logits, labels) == pytest.approx(1.5, abs=0.15)


def test_the_knots_are_the_logistic() -> None:
    line = Knots(knots(slope=0.8, threshold=1.2))
    for logit in (-2.0, 0.0, 1.2, 2.5, 4.0):
        assert line.score(logit) == pytest.approx(1 / (1 + math.exp(-0.8 * (logit - 1.2))), abs=0.01)
    assert line.score(1.2) == 0.5


@pytest.mark.parametrize("name", _NAMES)
def test_the_halves_of_the_trials_share_nothing(name: str) -> None:
    """Every text is in one half, by its own digest: figures are never taken from what a threshold was chosen by."""
    ours, measured = halves(name)
    assert len(ours) + len(measured) == len(trials(name))
    assert 0.4 < len(ours) / len(trials(name)) < 0.6
    assert {row.text for row in ours}.isdisjoint(row.text for row in measured)
    assert all(is_for_calibration(row.text) for row in ours)


def test_no_trial_is_in_two_files() -> None:
    texts = [row.text for name in _NAMES for row in trials(name)]
    assert len(texts) == len(set(texts)) > 2000
