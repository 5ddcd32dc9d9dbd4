"""The sweep: what every other threshold would give, from all findings and their scores."""

from collections import Counter

import msgspec

from guardrails.evaluation.matching import Match
from guardrails.evaluation.tally import rates, ratio

# Scores are kept to a thousandth, rounded down, so that a threshold of three digits cuts where the policy's would.
_STEPS = 1000
_ROUNDING = 1e-9


class Point(msgspec.Struct, frozen=True):
    """What counts from ``threshold`` on. ``false_alarm_rate`` is of rows; None over spans."""

    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    false_alarm_rate: float | None


class Curve(msgspec.Struct, frozen=True):
    """``points`` from the highest threshold down. ``average_precision`` is the step-wise area under precision over
    recall; what no threshold finds adds nothing to it."""

    average_precision: float | None
    best: Point | None  # by F1
    points: list[Point]


class Sweep:
    """Scores of what was wanted and of what was found, of rows or of spans."""

    def __init__(self) -> None:
        self._wanted: Counter[int] = Counter()
        self._right: Counter[int] = Counter()
        self._wrong: Counter[int] = Counter()
        self._negatives: int | None = None

    def add_row(self, positive: bool, score: float) -> None:
        """``score`` is the highest of the row's findings; 0 where there are none."""
        self._negatives = (self._negatives or 0) + (not positive)
        if positive:
            self._wanted[_step(score)] += 1
        if score > 0:
            (self._right if positive else self._wrong)[_step(score)] += 1

    def add_spans(self, match: Match) -> None:
        self._wanted.update(_step(score) for score in match.spans)
        for score, right in match.findings:
            (self._right if right else self._wrong)[_step(score)] += 1

    def histogram(self, bars: int) -> tuple[list[int], list[int]]:
        """How many scores fall into each of ``bars`` equal parts of (0, 1]: of the right, of the wrong."""
        return _bars(self._right, bars), _bars(self._wrong, bars)

    def curve(self) -> Curve:
        points: list[Point] = []
        met = right = wrong = 0
        wanted, area, reached = self._wanted.total(), 0.0, 0.0
        for step in sorted({*self._wanted, *self._right, *self._wrong} - {0}, reverse=True):
            met, right, wrong = met + self._wanted[step], right + self._right[step], wrong + self._wrong[step]
            precision, recall, f1 = rates(right, right + wrong, met, wanted)
            points.append(Point(step / _STEPS, precision, recall, f1, ratio(wrong, self._negatives or 0)))
            area += ((recall or 0.0) - reached) * (precision or 0.0)
            reached = recall or 0.0
        best = max((point for point in points if point.f1), key=lambda point: point.f1 or 0.0, default=None)
        return Curve(area if wanted else None, best, points)


def _step(score: float) -> int:
    return int(score * _STEPS + _ROUNDING)


def _bars(counts: Counter[int], bars: int) -> list[int]:
    found = [0] * bars
    for step, count in counts.items():
        found[min(bars - 1, max(0, step - 1) * bars // _STEPS)] += count
    return found
