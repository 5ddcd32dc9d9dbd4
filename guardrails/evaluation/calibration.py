"""Calibration: whether of rows that score 0.8 four in five are positive.

It is told for the share of positive rows that the data have: where they are rarer, so they are at every score.
"""

import math
from collections.abc import Iterator

import msgspec

from guardrails.evaluation.intervals import Interval, wilson
from guardrails.evaluation.ranking import Ranking, Step, totals

BINS = 10


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that score from ``low`` to ``high``; ``share`` of them are positive."""

    low: float
    high: float
    rows: int
    positives: int
    mean_score: float
    share: float
    share_interval: Interval


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Scores taken as probabilities.

    brier           the mean of (score - answer) squared: Brier, "Verification of forecasts expressed in terms of
                    probability", 1950. ``brier_of_share`` is what scoring every row with the share of positives has
    expected_error  the mean distance of a bin's share from its mean score, by rows: Naeini, Cooper and Hauskrecht,
                    "Obtaining well calibrated probabilities using Bayesian binning", 2015. Chance alone makes it more
                    than 0, the more so the fewer rows a bin has
    bins            of about equal numbers of rows, from the lowest scores up; rows of one score stay together
    """

    rows: int
    brier: float
    brier_of_share: float
    expected_error: float
    bins: list[Bin]


def calibration(ranking: Ranking, bins: int = BINS) -> Calibration | None:
    """None where there are no rows."""
    positives, negatives = totals(ranking)
    rows = positives + negatives
    if not rows:
        return None
    found = [_bin(steps) for steps in equal_parts(ranking, bins)]
    squares = math.fsum(step.positives * (step.score - 1) ** 2 + step.negatives * step.score**2 for step in ranking)
    return Calibration(
        rows=rows, brier=squares / rows, brier_of_share=positives * negatives / rows**2,
        expected_error=math.fsum(one.rows * abs(one.share - one.mean_score) for one in found) / rows, bins=found)


def equal_parts(ranking: Ranking, parts: int) -> Iterator[list[Step]]:
    """The steps from the lowest score up, in at most ``parts`` parts of about equal numbers of rows. A step of more
    rows than a part has takes the place of several."""
    rows, taken, closed = sum(totals(ranking)), 0, 0
    part: list[Step] = []
    for step in reversed(ranking):
        part.append(step)
        taken += step.positives + step.negatives
        if taken * parts // rows > closed:
            yield part
            part, closed = [], taken * parts // rows


def _bin(steps: list[Step]) -> Bin:
    positives, negatives = totals(steps)
    rows = positives + negatives
    interval = wilson(positives, rows)
    assert interval is not None
    mean = math.fsum(step.score * (step.positives + step.negatives) for step in steps) / rows
    return Bin(low=steps[0].score, high=steps[-1].score, rows=rows, positives=positives, mean_score=mean,
               share=positives / rows, share_interval=interval)
