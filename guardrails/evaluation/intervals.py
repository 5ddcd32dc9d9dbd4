"""Intervals: how sure one may be of what was counted. Each with the source of its formula."""

import math
from collections.abc import Callable

import msgspec

Z = 1.959963984540054  # of a two-sided 95 % interval
_HALVINGS = 60
_NEGLIGIBLE = 1e-17


class Interval(msgspec.Struct, frozen=True):
    """With 95 % confidence the truth lies between them."""

    low: float
    high: float


def wilson(part: int, whole: int) -> Interval | None:
    """The interval of a share: Wilson, "Probable inference, the law of succession, and statistical inference", 1927."""
    if not whole:
        return None
    share, weight = part / whole, Z * Z / whole
    middle = (share + weight / 2) / (1 + weight)
    reach = Z / (1 + weight) * math.sqrt(share * (1 - share) / whole + weight / (4 * whole))
    # Rounding must not leave a share outside of its own interval.
    return Interval(max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach)))


def on_logits(value: float, error: float) -> Interval:
    """The interval of a share that is no count, by its standard error on the scale of logits, which keeps it between 0
    and 1: ``value`` is neither of them. The delta method."""
    logit = math.log(value / (1 - value))
    reach = Z * error / (value * (1 - value))
    return Interval(_expit(logit - reach), _expit(logit + reach))


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0


def newcombe(part: int, whole: int, other_part: int, other_whole: int) -> Interval | None:
    """The interval of the difference ``other`` - first of two independent shares: Newcombe, "Interval estimation for
    the difference between independent proportions", 1998, method 10."""
    one, other = wilson(part, whole), wilson(other_part, other_whole)
    if one is None or other is None:
        return None
    first, second = part / whole, other_part / other_whole
    down = math.hypot(second - other.low, one.high - first)
    up = math.hypot(other.high - second, first - one.low)
    return Interval(max(-1.0, second - first - down), min(1.0, second - first + up))


def binomial_up_to(count: int, trials: int, chance: float) -> float:
    """The probability of at most ``count`` successes. Summed from ``count`` outwards, on the side of the thinner tail,
    until nothing is added: some standard deviations' worth of terms."""
    if count >= trials or chance <= 0:
        return 1.0
    if count < 0 or chance >= 1:
        return 0.0
    if count > trials * chance:
        return 1 - binomial_up_to(trials - count - 1, trials, 1 - chance)
    odds = (1 - chance) / chance
    term = total = 1.0
    for successes in range(count, 0, -1):
        term *= successes * odds / (trials - successes + 1)
        total += term
        if term < total * _NEGLIGIBLE:
            break
    return min(1.0, math.exp(_log_binomial(count, trials, chance)) * total)


def _log_binomial(count: int, trials: int, chance: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
    return ways + count * math.log(chance) + (trials - count) * math.log1p(-chance)


def clopper_pearson_upper(part: int, whole: int, confidence: float) -> float:
    """The one-sided upper bound of a share: the highest that lets so few happen with a probability of more than
    1 - ``confidence``. Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
    binomial", 1934. 1 where there is nothing to count."""
    if part >= whole:
        return 1.0
    return _root(lambda chance: binomial_up_to(part, whole, chance) - (1 - confidence), part / whole, 1.0)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a function that falls from above 0 passes it, from above: never below the root."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return high


def decreasing_root(falling: Callable[[float], float]) -> float:
    """Where a function that falls within [0, 1] passes 0."""
    return _root(falling, 0.0, 1.0)
