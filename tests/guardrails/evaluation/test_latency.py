"""Latencies are told by row and by KB."""

from guardrails.evaluation.latency import Latencies, quantile


def test_latencies_are_told_in_microseconds_by_row_and_by_kb() -> None:
    latencies = Latencies()
    latencies.add(10_000, 1024)
    latencies.add(30_000, 512)
    figures = latencies.figures()
    assert figures is not None
    assert (figures.rows, figures.per_row.mean, figures.per_row.p50, figures.per_row.p95) == (2, 20, 30, 30)
    assert (figures.per_kb.p95, round(figures.per_kb.mean, 3)) == (60, round(40 / 1.5, 3))
    assert latencies.points() == [(1024, 10.0), (512, 30.0)]


def test_an_empty_row_has_a_latency_too() -> None:
    latencies = Latencies()
    latencies.add(1000, 0)
    assert latencies.figures() is not None


def test_no_rows_have_no_latency() -> None:
    assert Latencies().figures() is None


def test_a_quantile_is_a_value_that_was_measured() -> None:
    assert [quantile([1.0, 2.0, 3.0, 4.0], share) for share in (0.0, 0.5, 0.95, 1.0)] == [1.0, 3.0, 4.0, 4.0]
