"""Calibration: from a model's logits to scores, by texts unlike those that it learned from.

The score is the logistic of ``slope * (logit - threshold)``. The slope is that of a logistic regression of the labels
(Platt, 1999); the threshold is the lowest logit at which harmless texts give no more alarms than was asked for. So 0.5
is where the model is shipped to act, and how fast certainty grows around it is measured; but never so slowly that less
than a tenth of what is to be found would score 0.9.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

TRIALS = Path(__file__).parent / "trials"


class Allowed(NamedTuple):
    """At the shipped threshold, of harmless texts at most these shares raise an alarm, as far as the half that is
    calibrated on can tell."""

    ordinary: float
    looks_unsafe: float
    triggers: float = 1.0


# By model and output. The more a model makes of a text, the more looks unsafe to it, and the tighter it is held.
ALLOWED = {
    "fast": {"toxicity": Allowed(0.006, 0.012), "injection": Allowed(0.006, 0.012, 0.04)},
    "safety": {"toxicity": Allowed(0.001, 0.005), "injection": Allowed(0.004, 0.005, 0.03)},
}
_STEPS = 24
_TAIL = 0.1
_FAR = 16.0  # no logit lies beyond
_REACH = 5.0  # on the scale of the regression: a score of 0.993


class Trial(NamedTuple):
    text: str
    label: int
    labels: tuple[str, ...]
    source: str
    role: str


def trials(name: str) -> list[Trial]:
    """The texts of one file of trials."""
    rows: list[dict[str, Any]] = [msgspec.json.decode(line)
                                  for line in (TRIALS / f"{name}.jsonl").read_bytes().splitlines()]
    return [Trial(row["text"], row["label"], tuple(row.get("labels", ())), row["source"], row.get("role", "user"))
            for row in rows]


def is_for_calibration(text: str) -> bool:
    """Which half a text is in: this one is calibrated on, the other one is for figures."""
    return sha256(text.encode()).digest()[0] % 2 == 0


class Alarms(NamedTuple):
    """Logits of harmless texts, and the share of them that may be above the threshold."""

    logits: Sequence[float]
    most: float


def threshold_for(kinds: Sequence[Alarms]) -> float:
    """The lowest logit that keeps every kind of harmless text within its share of alarms."""
    return max(_lowest(kind) for kind in kinds)


def _lowest(kind: Alarms) -> float:
    """An alarm is a logit above the threshold; so many of the highest may be, and no more than their tail foretells."""
    ordered = sorted(kind.logits, reverse=True)
    return max(ordered[math.floor(kind.most * len(ordered))], _by_tail(ordered, kind.most))


def _by_tail(ordered: Sequence[float], most: float) -> float:
    """Two hundred texts without an alarm do not tell of one in a thousand. What is above the highest tenth is taken to
    fall off exponentially, as it does up to there."""
    count = round(_TAIL * len(ordered))
    if count == 0 or not 0 < most < _TAIL:
        return -math.inf
    excess = sum(ordered[:count]) / count - ordered[count]
    return ordered[count] + excess * math.log(count / (most * len(ordered)))


def slope_of(logits: Sequence[float], labels: Sequence[int]) -> float:
    """The slope of a logistic regression, by Newton's method from nothing; at least a tenth."""
    slope, intercept = 0.0, 0.0
    for _ in range(_STEPS):
        gradient = [0.0, 0.0]
        curve = [[1e-6, 0.0], [0.0, 1e-6]]
        for logit, label in zip(logits, labels, strict=True):
            share = 1 / (1 + math.exp(-max(-30.0, min(30.0, slope * logit + intercept))))
            weight = share * (1 - share)
            gradient[0] += (label - share) * logit
            gradient[1] += label - share
            curve[0][0] += weight * logit * logit
            curve[0][1] += weight * logit
            curve[1][1] += weight
        slope, intercept = _stepped(slope, intercept, gradient, curve)
    return max(0.1, slope)


def _stepped(slope: float, intercept: float, gradient: list[float], curve: list[list[float]]) -> tuple[float, float]:
    determinant = curve[0][0] * curve[1][1] - curve[0][1] ** 2
    return (slope + (gradient[0] * curve[1][1] - gradient[1] * curve[0][1]) / determinant,
            intercept + (gradient[1] * curve[0][0] - gradient[0] * curve[0][1]) / determinant)


def knots(slope: float, threshold: float, count: int = 33) -> list[tuple[float, float]]:
    """The curve as points (logit, score), evenly over the logits where it bends."""
    found = []
    for number in range(count):
        height = _REACH * (2 * number / (count - 1) - 1)
        found.append((round(threshold + height / slope, 4), round(1 / (1 + math.exp(-height)), 4)))
    return [(min(-_FAR, found[0][0] - 1), 0.0001), *found, (max(_FAR, found[-1][0] + 1), 1.0)]


Logits = Callable[[Sequence[str]], Sequence[Mapping[str, float]]]


def scales(logits: Logits, ordinary: Sequence[str],
           allowed: Mapping[str, Allowed]) -> dict[str, list[tuple[float, float]]]:
    """The knots of toxicity and of injection. ``ordinary`` are harmless prompts beside those of the trials."""
    return {output: _scale(output, logits, ordinary, allowed[output]) for output in ("toxicity", "injection")}


def _scale(output: str, logits: Logits, ordinary: Sequence[str], allowed: Allowed) -> list[tuple[float, float]]:
    def of(rows: Sequence[Trial]) -> list[float]:
        return [given[output] for given in logits([row.text for row in rows])]

    def harmless(name: str, kind: str = "") -> list[Trial]:
        return [row for row in halves(name)[0] if not row.label and kind in row.source]

    judged = halves("moderation" if output == "toxicity" else "injection")[0]
    alarms = [Alarms(of(harmless("ordinary")), allowed.ordinary),
              Alarms([given[output] for given in logits(ordinary)], allowed.ordinary),
              Alarms(of(harmless("looks_unsafe")), allowed.looks_unsafe)]
    if output == "injection":
        alarms.append(Alarms(of(harmless("injection", "trigger")), allowed.triggers))
    given = of(judged)
    labels = [row.label for row in judged]
    threshold = threshold_for(alarms)
    return knots(max(slope_of(given, labels), _reaching(given, labels, threshold)), threshold)


def _reaching(logits: Sequence[float], labels: Sequence[int], threshold: float) -> float:
    """The slope by which the surest tenth of what is to be found scores 0.9 or more."""
    found = sorted((logit for logit, label in zip(logits, labels, strict=True) if label), reverse=True)
    surest = found[len(found) // 10]
    return math.log(9) / (surest - threshold) if surest > threshold else 0.0


def halves(name: str) -> tuple[list[Trial], list[Trial]]:
    """The trials to calibrate on, and those to measure on."""
    rows = trials(name)
    return ([row for row in rows if is_for_calibration(row.text)],
            [row for row in rows if not is_for_calibration(row.text)])
