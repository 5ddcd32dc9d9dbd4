"""A ranking: rows by score, from the highest down, and how many of each score are positive and negative.

All that is said over every threshold is a fold over it: areas, curves, calibration, the choice of a threshold. Rows of
one score are one step and never parted, so no figure depends on the order in which rows came.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from guardrails.passage import Role


class Step(NamedTuple):
    """The rows of one score. Scores are told apart to the last bit, as a threshold tells them apart."""

    score: float
    positives: int
    negatives: int


Ranking = Sequence[Step]


class Sample:
    """Scores, at eight bytes each. Those of 0, which rows without a finding have, are only counted."""

    def __init__(self) -> None:
        self._zeros = 0
        self._scores = array("d")

    def __len__(self) -> int:
        return self._zeros + len(self._scores)

    def add(self, score: float) -> None:
        if score > 0:
            self._scores.append(score)
        else:
            self._zeros += 1

    def add_zeros(self, count: int) -> None:
        self._zeros += count

    def at_or_above(self, threshold: float) -> int:
        """How many a policy with the threshold finds."""
        return sum(score >= threshold for score in self._scores)

    def counts(self) -> list[tuple[float, int]]:
        """Each score and how often it was, from the highest down."""
        found = [(score, sum(1 for _ in same)) for score, same in groupby(sorted(self._scores, reverse=True))]
        return [*found, (0.0, self._zeros)] if self._zeros else found


class Scores:
    """Scores of rows whose right answer is known."""

    def __init__(self) -> None:
        self.positives, self.negatives = Sample(), Sample()

    def add(self, positive: bool, score: float) -> None:
        (self.positives if positive else self.negatives).add(score)

    @property
    def rows(self) -> int:
        return len(self.positives) + len(self.negatives)


class GroupedScores:
    """The same, by where the row comes from and by who speaks in it."""

    def __init__(self) -> None:
        self._groups: defaultdict[tuple[str, Role], Scores] = defaultdict(Scores)

    def add(self, source: str, role: Role, positive: bool, score: float) -> None:
        self._groups[source, role].add(positive, score)

    def ranking(self) -> Ranking:
        return ranked(self._groups.values())

    def by_source(self) -> dict[str, Ranking]:
        return {source: ranked(scores for (one, _), scores in self._groups.items() if one == source)
                for source in sorted({source for source, _ in self._groups})}

    def by_role(self) -> dict[Role, Ranking]:
        return {role: ranked(scores for (_, one), scores in self._groups.items() if one == role)
                for role in sorted({role for _, role in self._groups})}


def ranked(groups: Iterable[Scores]) -> Ranking:
    """One ranking of all groups."""
    positives: Counter[float] = Counter()
    negatives: Counter[float] = Counter()
    for scores in groups:
        for count, sample in ((positives, scores.positives), (negatives, scores.negatives)):
            for score, times in sample.counts():
                count[score] += times
    return [Step(score, positives[score], negatives[score])
            for score in sorted(positives.keys() | negatives.keys(), reverse=True)]


def totals(ranking: Ranking) -> tuple[int, int]:
    """How many rows are positive, and how many negative."""
    return sum(step.positives for step in ranking), sum(step.negatives for step in ranking)
