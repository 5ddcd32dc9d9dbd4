"""A unit gets the same version everywhere and always, and each version gets its share of units."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.assignment import Assigner, assign, fraction_of
from routing.split import Split

UNITS = [f"user-{i}" for i in range(20_000)]


@given(st.text(), st.text())
def test_a_fraction_lies_below_one_and_has_52_bits(salt: str, unit: str) -> None:
    fraction = fraction_of(salt, unit)
    assert 0 <= fraction < 1
    assert (fraction * (1 << 52)).is_integer()


@pytest.mark.parametrize(("salt", "unit", "fraction"), [
    ("assistant", "alice", 0.1361642816212718), ("assistant", "bob", 0.5546318463641966), ("", "", 0.306704472591079),
    ("é", "日本", 0.7146307550818765),
])  # fmt: skip
def test_a_fraction_never_changes(salt: str, unit: str, fraction: float) -> None:
    """Written down: another value for one of these moves every user of every service to a draw of its own."""
    assert fraction_of(salt, unit) == fraction


def test_every_process_says_the_same() -> None:
    """Also one whose hash seed is another: workers on other hosts, and after a restart."""
    script = "from routing.assignment import fraction_of; print(fraction_of('assistant', 'alice'))"
    for seed in ("0", "1", "random"):
        said = subprocess.run([sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed}, check=True,
                              capture_output=True, text=True, timeout=60).stdout  # fmt: skip
        assert float(said) == fraction_of("assistant", "alice")


def chi_square(counts: list[int], expected: list[float]) -> float:
    return sum((count - mean) ** 2 / mean for count, mean in zip(counts, expected, strict=True))


def test_units_are_spread_evenly() -> None:
    """Pearson's chi-square over 100 cells: 99 degrees of freedom, 148.2 is passed once in a thousand. The units are
    fixed, so the test is too."""
    cells = Counter(int(fraction_of("salt", unit) * 100) for unit in UNITS)
    assert chi_square([cells[i] for i in range(100)], [len(UNITS) / 100] * 100) < 148.2


def test_each_version_gets_its_share_of_units() -> None:
    """Three arms, two degrees of freedom: 13.8 is passed once in a thousand."""
    split = Split({"v1": 70, "v2": 20, "v3": 10})
    counts = Counter(assign(split, "salt", unit).version for unit in UNITS)
    assert chi_square([counts[arm.version] for arm in split.arms],
                      [arm.propensity * len(UNITS) for arm in split.arms]) < 13.8  # fmt: skip


def test_two_salts_are_two_draws() -> None:
    """Who is in the candidate of one trial tells nothing of the other: 2 by 2, one degree of freedom, 10.8 once in a
    thousand."""
    split = Split({"v1": 1, "v2": 1})
    cells = Counter((assign(split, "one", unit).version, assign(split, "two", unit).version) for unit in UNITS)
    assert chi_square([cells[a, b] for a in ("v1", "v2") for b in ("v1", "v2")], [len(UNITS) / 4] * 4) < 16.3


@pytest.mark.parametrize(("one", "other"), [
    (("ab", "c"), ("a", "bc")), (("", "ab"), ("ab", "")), (("a", ""), ("", "a")), (("a\x00", "b"), ("a", "\x00b")),
])  # fmt: skip
def test_salt_and_unit_do_not_run_together(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert fraction_of(*one) != fraction_of(*other)


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), min_size=2, max_size=20, unique=True))
def test_no_two_pairs_of_salt_and_unit_are_one(pairs: list[tuple[str, str]]) -> None:
    assert len({fraction_of(*pair) for pair in pairs}) == len(pairs)


@given(st.text(), st.text(), st.floats(0.01, 100), st.floats(0.01, 100))
def test_an_assignment_says_the_version_its_chance_and_where_the_unit_fell(
    salt: str, unit: str, one: float, other: float
) -> None:
    split = Split({"v1": one, "v2": other})
    found = assign(split, salt, unit)
    arm = split.arm_at(fraction_of(salt, unit))
    assert (found.version, found.propensity, found.fraction) == (arm.version, arm.propensity, fraction_of(salt, unit))


def test_an_assigner_says_the_same_however_often_and_in_whatever_order_it_is_asked() -> None:
    assigner = Assigner(Split({"v1": 1, "v2": 1}), "salt")
    first = [assigner.assign(unit) for unit in UNITS[:100]]
    assert [assigner.assign(unit) for unit in reversed(UNITS[:100])] == first[::-1]
    assert [assign(Split({"v1": 1, "v2": 1}), "salt", unit) for unit in UNITS[:100]] == first


def test_a_growing_candidate_keeps_every_unit_that_it_has() -> None:
    """The whole of a rollout, step by step."""
    had: set[str] = set()
    for weight in (1, 5, 10, 25, 50, 100, 1000):
        split = Split({"control": 100, "candidate": weight})
        has = {unit for unit in UNITS[:3000] if assign(split, "salt", unit).version == "candidate"}
        assert had <= has
        had = has


def test_a_unit_with_half_a_character_is_a_unit() -> None:
    """JSON from elsewhere can bring a lone surrogate; it is no reason to fail."""
    assert 0 <= fraction_of("salt", "\ud800") < 1
