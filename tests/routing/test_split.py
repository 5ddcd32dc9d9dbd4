"""A split shares [0, 1) among versions by weight, leaves no gap, and grows without taking anybody's version away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.split import Split

WEIGHTS = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.floats(1e-6, 1e6) | st.integers(1, 10**6),
                          min_size=1, max_size=8)  # fmt: skip
FRACTIONS = st.floats(0, 1, exclude_max=True)


@given(WEIGHTS, FRACTIONS)
def test_every_fraction_has_one_arm_and_each_arm_its_share(weights: dict[str, float], fraction: float) -> None:
    split = Split(weights)
    total = sum(weights.values())
    lower = 0.0
    for arm, (version, weight) in zip(split.arms, weights.items(), strict=True):
        assert arm.version == version
        assert arm.propensity == pytest.approx(weight / total)
        assert arm.upper - lower == pytest.approx(arm.propensity, abs=1e-9)
        assert (split.arm_at(fraction) is arm) == (lower <= fraction < arm.upper)
        lower = arm.upper
    assert lower == 1.0, "no fraction falls into a gap of rounding"


@given(st.floats(0.001, 1000), st.floats(0.001, 1000), st.floats(1, 100), FRACTIONS)
def test_a_candidate_that_grows_only_takes_units_and_gives_none_back(
    control: float, candidate: float, growth: float, fraction: float
) -> None:
    """With the control first: a user who has met the new version keeps it through the whole rollout."""
    before = Split({"control": control, "candidate": candidate}).arm_at(fraction)
    after = Split({"control": control, "candidate": candidate * growth}).arm_at(fraction)
    assert before.version == after.version or (before.version, after.version) == ("control", "candidate")


@given(WEIGHTS, st.floats(1e-3, 1e3), FRACTIONS)
def test_only_the_proportion_of_weights_counts(weights: dict[str, float], factor: float, fraction: float) -> None:
    one, other = Split(weights), Split({version: weight * factor for version, weight in weights.items()})
    edges = [arm.upper for arm in one.arms]
    if all(abs(fraction - edge) > 1e-9 for edge in edges):
        assert one.arm_at(fraction).version == other.arm_at(fraction).version


@pytest.mark.parametrize("weights", [{}, {"a": 0}, {"a": 1, "b": 0}, {"a": -1, "b": 2}])
def test_a_split_without_weights_above_zero_is_none(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="at least one version, and weights above zero"):
        Split(weights)


def test_a_split_shows_its_shares() -> None:
    assert repr(Split({"v1": 90, "v2": 10})) == "<Split v1=0.9, v2=0.1>"


def test_a_share_too_small_to_be_seen_is_a_share() -> None:
    split = Split({"v1": 1, "v2": 1e-15})
    assert split.arm_at(1 - 2**-53).version == "v2"
    assert split.arm_at(0.5).version == "v1"
