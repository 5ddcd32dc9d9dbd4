"""The shapes end in time, never exceed their peak, and never fall below one user."""

import pytest

from loadtests.__main__ import HERE, locust_arguments
from loadtests.shapes import SHAPES, ramp, spike


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("users", [1, 7, 200])
def test_a_shape_stays_within_its_bounds(name: str, users: int) -> None:
    """Some user at every moment, all of them at some, and an end."""
    counts = [SHAPES[name](moment, users=users, seconds=100) for moment in range(100)]
    assert all(count is not None and 1 <= count <= users for count in counts)
    assert users in counts
    assert SHAPES[name](100, users=users, seconds=100) is None


def test_a_ramp_rises_in_steps_and_stays() -> None:
    """Ten steps in the first 80 seconds."""
    counts = [ramp(moment, users=100, seconds=100) or 0 for moment in range(100)]
    assert counts == sorted(counts)
    assert sorted(set(counts)) == list(range(10, 101, 10))
    assert set(counts[80:]) == {100}


def test_a_spike_is_in_the_middle_and_calm_returns() -> None:
    """A tenth, all, a tenth."""
    assert [spike(moment, users=100, seconds=100) for moment in (0, 39, 40, 59, 60, 99)] == [10, 10, 100, 100, 10, 10]


def test_a_headless_run_leaves_a_report() -> None:
    """Unless one was named, or somebody looks at the page."""
    own = ["-f", str(HERE / "locustfile.py")]
    report = str(HERE / "reports" / "now.html")
    assert locust_arguments(["--headless"], stamp="now") == [*own, "--headless", "--html", report]
    assert locust_arguments(["--headless", "--html=mine"], stamp="now") == [*own, "--headless", "--html=mine"]
    assert locust_arguments([], stamp="now") == own
