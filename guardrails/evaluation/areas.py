"""Areas under curves: how well scores part positive rows from negative ones, over all thresholds, and how sure that is.

Both intervals come from the variance that a row's own share in the figure gives (for the area under the ROC this is
DeLong's), on the scale of logits. Nothing is drawn by chance, and it takes no longer than to sort the rows.
"""

import math
from collections.abc import Iterator

import msgspec

from guardrails.evaluation.intervals import Interval, Z, decreasing_root, on_logits, wilson
from guardrails.evaluation.ranking import Ranking, totals


class Area(msgspec.Struct, frozen=True):
    """Where the rows are all, and the interval for rows like them."""

    value: float
    interval: Interval


class Areas(msgspec.Struct, frozen=True, kw_only=True):
    """None where rows of a kind are missing.

    auroc              the chance that a positive row scores higher than a negative one, half of it where they tie
    average_precision  the step-wise area under precision over recall. Rows that score 0 have no finding: no threshold
                       finds them, and they add nothing. By chance it is the share of positive rows
    """

    positives: int
    negatives: int
    auroc: Area | None
    average_precision: Area | None


def areas(ranking: Ranking) -> Areas:
    positives, negatives = totals(ranking)
    return Areas(positives=positives, negatives=negatives, auroc=auroc(ranking),
                 average_precision=average_precision(ranking) if negatives else None)


def auroc(ranking: Ranking) -> Area | None:
    """With the variance of DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated
    receiver operating characteristic curves", 1988. Where that is 0 or not to be had, as where all rows are parted, the
    interval holds what would not make the figure unlikely by Hanley and McNeil's variance: see ``_by_score``."""
    positives, negatives = totals(ranking)
    if not positives or not negatives:
        return None
    places = list(_places(ranking))  # for each step: of positives above, of negatives below, half of those that tie
    area = math.fsum(step.positives * below for step, (_, below) in zip(ranking, places, strict=True))
    area /= positives * negatives
    variance = _delong(ranking, places, area, positives, negatives)
    if variance > 0 and 0 < area < 1:
        return Area(area, on_logits(area, math.sqrt(variance)))
    return Area(area, _by_score(area, positives, negatives))


def _places(ranking: Ranking) -> Iterator[tuple[float, float]]:
    above, below = 0, totals(ranking)[1]
    for step in ranking:
        below -= step.negatives
        yield above + step.positives / 2, below + step.negatives / 2
        above += step.positives


def _delong(ranking: Ranking, places: list[tuple[float, float]], area: float, positives: int, negatives: int) -> float:
    if positives < 2 or negatives < 2:
        return 0.0
    of_positives = of_negatives = 0.0
    for step, (above, below) in zip(ranking, places, strict=True):
        of_positives += step.positives * (below / negatives - area) ** 2
        of_negatives += step.negatives * (above / positives - area) ** 2
    return of_positives / (positives - 1) / positives + of_negatives / (negatives - 1) / negatives


def _by_score(area: float, positives: int, negatives: int) -> Interval:
    """All areas from which this one is no farther than 1.96 of their own standard errors: Hanley and McNeil, "The
    meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982, their variance, solved as
    by Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic", part 2, 2006."""
    def reach(truth: float) -> float:
        pairs = (positives - 1) * (1 - truth) / (2 - truth) + (negatives - 1) * truth / (1 + truth)
        return Z * math.sqrt(truth * (1 - truth) * (1 + pairs) / (positives * negatives))

    low = decreasing_root(lambda truth: area - truth - reach(truth)) if area > 0 else 0.0
    high = 1 - decreasing_root(lambda rest: 1 - area - rest - reach(1 - rest)) if area < 1 else 1.0
    return Interval(min(low, area), max(high, area))


def average_precision(ranking: Ranking) -> Area | None:
    """With the variance of the infinitesimal jackknife: the sum of squares of what a grain more of each row would
    change. Jaeckel, "The infinitesimal jackknife", 1972. Where that is 0, as where all rows are parted, that of a share
    of so many positive rows."""
    positives, _ = totals(ranking)
    if not positives:
        return None
    value, variance = _average_precision(ranking, positives)
    if variance > 0 and 0 < value < 1:
        return Area(value, on_logits(value, math.sqrt(variance)))
    interval = wilson(round(value * positives), positives)
    assert interval is not None
    return Area(value, interval)


def _average_precision(ranking: Ranking, positives: int) -> tuple[float, float]:
    """The area, which is the mean precision at the positive rows, and its variance. A row counts for the precision at
    all rows that score no more: those are summed from the lowest score up."""
    met = found = 0
    steps: list[tuple[int, int, int, int]] = []  # positives and negatives of the step, of it and all above
    area = 0.0
    for step in ranking:
        if step.score > 0:
            met, found = met + step.positives, found + step.positives + step.negatives
            area += step.positives * met / found
        steps.append((step.positives, step.negatives, met if step.score > 0 else 0, found))
    area /= positives
    variance = raises = lowers = 0.0
    for own, others, met, found in reversed(steps):
        precision = met / found if found else 0.0
        if met:
            raises += own * (found - met) / found**2
            lowers += own * met / found**2
        variance += own * (precision - area + raises) ** 2 + others * lowers**2
    return area, variance / positives**2
