"""Figures as they stand in tables: four digits, and a dash where there is none."""

from guardrails.evaluation.intervals import Interval


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def signed(value: float | None) -> str:
    return "-" if value is None else f"{value:+.4f}"


def interval(found: Interval | None) -> str:
    return "-" if found is None else f"{found.low:.4f} to {found.high:.4f}"


def chance(value: float) -> str:
    """A p-value; nobody acts otherwise on one in a million than on one in ten thousand."""
    return "<0.0001" if value < 0.0001 else f"{value:.4f}"
