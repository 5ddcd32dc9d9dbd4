"""Thresholds: the lowest one under which a stated share of negative rows stays, on these rows or on all like them.

What is promised. Of n negative rows a number k may lie at or above the threshold; k follows from n, from the stated
rate and from the confidence, not from the scores. The threshold stands just above the (k+1)-th highest score. The share
of all negative rows like these at or above it is then at most that of scores above an order statistic, which has the
distribution Beta(k+1, n-k), and less where scores tie (ties broken by lot would give just that, and a threshold never
parts them). So, before the rows are drawn, the chance is at least the confidence that the threshold which they lead to
has a false alarm rate of at most the upper bound of Clopper and Pearson for k of n: although the same rows choose it.
Wilks, "Determination of sample sizes for setting tolerance limits", 1941; Vovk, "Conditional validity of inductive
conformal predictors", 2012. It holds for each threshold by itself, and where the rows are independent draws from what
will be judged, and nothing of the detector was made with them.
"""

import math
from decimal import ROUND_FLOOR, Decimal

import msgspec

from guardrails.evaluation.intervals import Interval, binomial_up_to, clopper_pearson_upper, wilson
from guardrails.evaluation.ranking import Ranking, totals

_ROUNDING = 1e-9  # 0.07 of 100 rows are 7, whatever the floats say


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold for a stated rate of false alarms.

    promised            whether the upper bound was to stay within the rate, or only the count
    allowed             how many negative rows may lie at or above it; None: there are too few to promise the rate
    threshold           None where there is none: none is allowed, or too many negative rows score 1
    false_alarms_below  with ``confidence`` the rate is at most this among all rows like these
    lowest_promise      what 0 of so many negative rows would allow to promise
    """

    at_most: float
    promised: bool
    confidence: float
    allowed: int | None
    threshold: float | None
    negatives: int
    negatives_found: int | None
    false_alarms_below: float | None
    lowest_promise: float
    positives: int
    positives_found: int | None
    recall: float | None
    recall_interval: Interval | None


def choose(ranking: Ranking, at_most: float, confidence: float, promised: bool) -> Choice:
    """``promised``: by the upper bound; else by what these rows have."""
    positives, negatives = totals(ranking)
    allowed = allowed_promised(negatives, at_most, confidence) if promised else allowed_counted(negatives, at_most)
    threshold = None if allowed is None else lowest(ranking, allowed)
    met, alarms = _at_or_above(ranking, threshold)
    known = threshold is not None
    return Choice(
        at_most=at_most, promised=promised, confidence=confidence, allowed=allowed, threshold=threshold,
        negatives=negatives, negatives_found=alarms if known else None,
        false_alarms_below=clopper_pearson_upper(allowed, negatives, confidence) if known and allowed is not None
        else None,
        lowest_promise=clopper_pearson_upper(0, negatives, confidence), positives=positives,
        positives_found=met if known else None, recall=met / positives if known and positives else None,
        recall_interval=wilson(met, positives) if known else None)


def allowed_counted(negatives: int, at_most: float) -> int | None:
    """How many of so many rows are no more than the rate. None where there are no rows."""
    return math.floor(negatives * at_most + _ROUNDING) if negatives else None


def allowed_promised(negatives: int, at_most: float, confidence: float) -> int | None:
    """The most that may be found for the rate to be promised; None where not even 0 of so many rows promise it."""
    within = [-1, negatives]  # the bound is kept by the first (nothing found in nothing), and broken by the last
    while within[1] - within[0] > 1:
        middle = sum(within) // 2
        within[binomial_up_to(middle, negatives, at_most) > 1 - confidence] = middle
    return within[0] if within[0] >= 0 else None


def needed(at_most: float, confidence: float) -> int:
    """How many negative rows it takes to promise the rate, where none of them is found. The rate is above 0."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-at_most)) if at_most < 1 else 1


def lowest(ranking: Ranking, allowed: int) -> float | None:
    """The lowest threshold with no more than ``allowed`` negative rows at or above it; None where even 1 has more.

    Any number between two scores does the same to these rows: the one of the fewest digits is taken, and the lowest of
    those.
    """
    found, above = 0, 1.0
    for step in ranking:
        found += step.negatives
        if found > allowed:
            return shortest_above(step.score, above) if step.score < 1 else None
        above = step.score or above
    return shortest_above(0.0, above)


def shortest_above(low: float, high: float) -> float:
    """The lowest of the numbers above ``low`` and up to ``high`` that have the fewest digits."""
    for digits in range(1, 30):
        unit = Decimal(1).scaleb(-digits)
        found = float((Decimal(repr(low)) / unit).to_integral_value(ROUND_FLOOR) * unit + unit)
        if low < found <= high:
            return found
    return high


def shortest_below(low: float, high: float) -> float:
    """The highest of the numbers above ``low`` and up to ``high`` that have the fewest digits."""
    for digits in range(1, 30):
        unit = Decimal(1).scaleb(-digits)
        found = float((Decimal(repr(high)) / unit).to_integral_value(ROUND_FLOOR) * unit)
        if low < found <= high:
            return found
    return high


def _at_or_above(ranking: Ranking, threshold: float | None) -> tuple[int, int]:
    """Positive and negative rows that a policy with the threshold finds; a row that scores 0 has nothing to find."""
    return totals([step for step in ranking if threshold is not None and step.score >= threshold and step.score > 0])
