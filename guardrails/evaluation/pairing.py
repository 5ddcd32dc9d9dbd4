"""Pairing: which lines of two files of scores are about the same row.

Both are read side by side, each line once, so files of any length pair in little memory: rows have to come in rising
order in both, as evaluations write them. One row that cannot be the same (another source, label or length of text
under its number), or an order that does not rise, and nothing is paired.
"""

from collections.abc import Iterable, Iterator

from guardrails.evaluation.score_line import ScoreLine

Pair = tuple[ScoreLine | None, ScoreLine | None]


class Pairing:
    """Goes through two files at once. ``why_not`` says, in the end, why they are no pairs: empty where they are."""

    def __init__(self, wanted: bool = True) -> None:
        self.why_not = "" if wanted else "they were said to be of different rows"
        self.pairs = self.alone = 0

    def pair(self, before: Iterable[ScoreLine], after: Iterable[ScoreLine]) -> Iterator[Pair]:
        """Every line once: beside the one of the same row, or alone. What was paired before ``why_not`` was found is
        not to be believed."""
        one_by_one = self._rising(before, "the first file"), self._rising(after, "the second file")
        one, other = (next(lines, None) for lines in one_by_one)
        while one is not None or other is not None:
            if one is not None and other is not None and (self.why_not or one.row == other.row):
                self._look_at(one, other)
                yield one, other
                one, other = (next(lines, None) for lines in one_by_one)
            elif other is None or (one is not None and one.row < other.row):
                self.alone += 1
                yield one, None
                one = next(one_by_one[0], None)
            else:
                self.alone += 1
                yield None, other
                other = next(one_by_one[1], None)
        if not self.why_not and self.alone > self.pairs:
            self.why_not = f"most rows are in one file only ({self.alone} of {self.alone + self.pairs})"

    def _look_at(self, one: ScoreLine, other: ScoreLine) -> None:
        if not self.why_not and not one.same_row(other):
            self.why_not = f"row {one.row} has another source, label or length in the second file"
        self.pairs += 1

    def _rising(self, lines: Iterable[ScoreLine], which: str) -> Iterator[ScoreLine]:
        last = 0
        for line in lines:
            if line.row <= last and not self.why_not:
                self.why_not = f"rows of {which} do not come in rising order (row {line.row} after row {last})"
            last = line.row
            yield line
