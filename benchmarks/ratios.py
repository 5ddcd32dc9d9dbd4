"""Medians and ratios of a few rounds, with their spread.

A ratio is taken within each round, because both of its sides then saw the same neighbours; its median and its extremes
are reported. Three rounds are no basis for an interval, so none is claimed.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some values, the least and the greatest."""

    median: float
    least: float
    greatest: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of one value or more."""
    return Spread(statistics.median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """The spread of `ours / theirs`, round by round; both have a value for the same rounds, in the same order."""
    return spread([mine / other for mine, other in zip(ours, theirs, strict=True)])
