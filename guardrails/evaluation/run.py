"""A run: one policy, or two side by side, over the rows of a file."""

from collections.abc import Sequence

from guardrails.evaluation.comparison import Comparison, Pairs, compare
from guardrails.evaluation.evaluation import Evaluation
from guardrails.evaluation.examiner import Examined, Examiner
from guardrails.evaluation.row import Row


class Run:
    """The first of ``examiners`` is the current policy, the second, where there is one, its candidate.

    Every ``timed_every``-th row is judged by each detector alone too, which tells what each of them costs.
    """

    def __init__(self, examiners: Sequence[Examiner], timed_every: int) -> None:
        self._examiners = examiners
        self._timed_every = timed_every
        self._rows = 0
        self._pairs = Pairs()
        self.evaluations = [Evaluation(one.name, one.side, one.labels) for one in examiners]

    def take(self, row: Row) -> list[Examined]:
        """What each policy makes of ``row``."""
        found = [examiner.examine(row) for examiner in self._examiners]
        for examiner, evaluation, examined in zip(self._examiners, self.evaluations, found, strict=True):
            evaluation.add(examined)
            if self._rows % self._timed_every == 0:
                evaluation.add_alone(row, examiner.time_alone(row))
        if len(found) == 2:
            self._pairs.add(*found)
        self._rows += 1
        return found

    def comparison(self, margin: float) -> Comparison | None:
        """None where there is nothing to compare with."""
        if len(self.evaluations) != 2:
            return None
        current, candidate = (evaluation.report() for evaluation in self.evaluations)
        return compare(current, candidate, self._pairs, margin)
