"""The sweep: what every other threshold would give, from all findings and their scores."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from guardrails.evaluation.matching import Match
from guardrails.evaluation.ranking import Ranking, totals
from guardrails.evaluation.tally import rates, ratio
from guardrails.evaluation.thresholds import shortest_below

# Of a curve all points are kept up to the first number, and of the rest so many that both make the second.
_POINTS_AT_THE_TOP = 200
_POINTS = 1000


class Point(msgspec.Struct, frozen=True):
    """What counts from ``threshold`` on. ``false_alarm_rate`` is of rows; None over spans."""

    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    false_alarm_rate: float | None


class Curve(msgspec.Struct, frozen=True):
    """``points`` from the highest threshold down: all, or about a thousand of them, the more where few rows are found.
    ``average_precision`` is the step-wise area under precision over recall, over all points; what no threshold finds
    adds nothing to it. ``best``, by F1, has the threshold of the fewest digits that does the same."""

    average_precision: float | None
    best: Point | None
    points: list[Point]


class _Cut(NamedTuple):
    """What one score more finds: of the wanted so many are met, of the found so many are right and wrong."""

    score: float
    met: int
    right: int
    wrong: int


class SpanSweep:
    """Scores of spans that were wanted and of what was found."""

    def __init__(self) -> None:
        self._wanted: Counter[float] = Counter()
        self._right: Counter[float] = Counter()
        self._wrong: Counter[float] = Counter()

    def add(self, match: Match) -> None:
        self._wanted.update(match.spans)
        for score, right in match.findings:
            (self._right if right else self._wrong)[score] += 1

    def curve(self) -> Curve:
        scores = sorted({*self._wanted, *self._right, *self._wrong} - {0}, reverse=True)
        cuts = [_Cut(score, self._wanted[score], self._right[score], self._wrong[score]) for score in scores]
        return _curve(cuts, self._wanted.total(), None)


def row_curve(ranking: Ranking) -> Curve:
    """Of rows, each by the highest score of its findings."""
    wanted, negatives = totals(ranking)
    return _curve([_Cut(step.score, step.positives, step.positives, step.negatives)
                   for step in ranking if step.score > 0], wanted, negatives)


def _curve(cuts: list[_Cut], wanted: int, negatives: int | None) -> Curve:
    points = list(_points(cuts, wanted, negatives))
    area, reached = 0.0, 0.0
    for point in points:
        area += ((point.recall or 0.0) - reached) * (point.precision or 0.0)
        reached = point.recall or 0.0
    return Curve(area if wanted else None, _best(points), list(_thinned(points)))


def _points(cuts: list[_Cut], wanted: int, negatives: int | None) -> Iterator[Point]:
    met = right = wrong = 0
    for cut in cuts:
        met, right, wrong = met + cut.met, right + cut.right, wrong + cut.wrong
        yield Point(cut.score, *rates(right, right + wrong, met, wanted), ratio(wrong, negatives or 0))


def _best(points: list[Point]) -> Point | None:
    best = max(range(len(points)), key=lambda index: points[index].f1 or 0.0, default=None)
    if best is None or not points[best].f1:
        return None
    below = points[best + 1].threshold if best + 1 < len(points) else 0.0
    return msgspec.structs.replace(points[best], threshold=shortest_below(below, points[best].threshold))


def _thinned(points: list[Point]) -> Iterator[Point]:
    every = max(1, -(-(len(points) - _POINTS_AT_THE_TOP) // (_POINTS - _POINTS_AT_THE_TOP)))
    for index, point in enumerate(points):
        if index < _POINTS_AT_THE_TOP or index % every == 0 or index == len(points) - 1:
            yield point
