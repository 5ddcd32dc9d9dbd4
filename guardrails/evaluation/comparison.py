"""A comparison: two policies over the same rows, what changes from the one to the other, and whether it may.

The criteria are said before the rows are seen. The candidate may be promoted where, against the current policy,

- it finds no smaller share of the positive rows, but for the margin;
- it finds something in no larger share of the negative rows, but for the margin;
- where rows have spans: it misses no larger share of them, and no larger share of its findings is wrong, but for the
  margin, counting what overlaps;
- none of its guards raised.

A criterion that the rows cannot decide, because there are none of its kind, leaves the whole undecided.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Literal

import msgspec

from guardrails.evaluation.evaluation import PASSED, Report, acted_on
from guardrails.evaluation.examiner import Examined
from guardrails.evaluation.intervals import Interval, Z, binomial_up_to
from guardrails.policy import ACTIONS

Answer = Literal["yes", "no", "undecided"]
_LISTED = 20
_ROUNDING = 1e-12  # a difference of just the margin is within it


class Criterion(msgspec.Struct, frozen=True, kw_only=True):
    """``worse_by`` is how much the candidate is worse; below 0 it is better. ``interval`` is where that may lie."""

    name: str
    current: float | None
    candidate: float | None
    worse_by: float | None
    interval: Interval | None
    holds: Answer


class Paired(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a kind that only one of the two has judged right, and how likely so lopsided a count is by chance."""

    rows: int
    only_current: int
    only_candidate: int
    p_value: float


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose outcome is another one. ``lines`` names the first of them."""

    before: str
    after: str
    rows: int
    positives: int
    lines: list[int]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """``promote`` is yes where every criterion holds. ``because`` says what does not, or what to mind."""

    current: str
    candidate: str
    margin: float
    promote: Answer
    because: list[str]
    criteria: list[Criterion]
    positives: Paired
    negatives: Paired
    changes: list[Change]


class Pairs:
    """Rows as both policies have judged them."""

    def __init__(self) -> None:
        self._rows: Counter[bool] = Counter()
        self._only_current: Counter[bool] = Counter()
        self._only_candidate: Counter[bool] = Counter()
        self._changes: dict[tuple[str, str], _Changed] = {}

    def add(self, current: Examined, candidate: Examined) -> None:
        positive = current.row.positive
        right = bool(acted_on(current.seen)) == positive, bool(acted_on(candidate.seen)) == positive
        self._rows[positive] += 1
        self._only_current[positive] += right == (True, False)
        self._only_candidate[positive] += right == (False, True)
        if current.action != candidate.action:
            outcomes = current.action or PASSED, candidate.action or PASSED
            self._changes.setdefault(outcomes, _Changed()).add(current.row.number, positive)

    def paired(self, positive: bool) -> Paired:
        lost, won = self._only_current[positive], self._only_candidate[positive]
        return Paired(rows=self._rows[positive], only_current=lost, only_candidate=won, p_value=mcnemar(lost, won))

    def changes(self) -> list[Change]:
        """Those to a stronger action first."""
        order = [PASSED, *ACTIONS]
        return [Change(before=before, after=after, rows=found.rows, positives=found.positives, lines=found.lines)
                for (before, after), found in sorted(
                    self._changes.items(), key=lambda one: order.index(one[0][0]) - order.index(one[0][1]))]


class _Changed:
    def __init__(self) -> None:
        self.rows = self.positives = 0
        self.lines: list[int] = []

    def add(self, number: int, positive: bool) -> None:
        self.rows += 1
        self.positives += positive
        if len(self.lines) < _LISTED:
            self.lines.append(number)


def mcnemar(one: int, other: int) -> float:
    """The two-sided exact probability of counts at least as unequal where neither is likelier: McNemar, "Note on the
    sampling error of the difference between correlated proportions", 1947, with the binomial in place of chi-square."""
    return min(1.0, 2 * binomial_up_to(min(one, other), one + other, 0.5))


def difference_interval(lost: int, won: int, rows: int) -> Interval | None:
    """Where the difference of two paired shares, (lost - won) / rows, lies with 95 % confidence. One row more of each
    kind is added, so that no difference in few rows is not taken for none at all: Agresti and Min, "Simple improved
    confidence intervals for comparing matched proportions", 2005."""
    if not rows:
        return None
    count, more, less = rows + 2, lost + 0.5, won + 0.5
    middle = (more - less) / count
    reach = Z * math.sqrt(more + less - (more - less) ** 2 / count) / count
    return Interval(max(-1.0, middle - reach), min(1.0, middle + reach))


def compare(current: Report, candidate: Report, pairs: Pairs, margin: float) -> Comparison:
    """``margin`` is the share by which the candidate may be worse."""
    criteria = list(_criteria(current, candidate, pairs, margin))
    answers = {criterion.holds for criterion in criteria}
    failed = sum(candidate.failures.values()) > 0
    promote: Answer = "no" if failed or "no" in answers else "undecided" if "undecided" in answers else "yes"
    return Comparison(
        current=current.policy, candidate=candidate.policy, margin=margin, promote=promote,
        because=list(_reasons(criteria, candidate, margin)), criteria=criteria,
        positives=pairs.paired(True), negatives=pairs.paired(False), changes=pairs.changes())


def _criteria(current: Report, candidate: Report, pairs: Pairs, margin: float) -> Iterator[Criterion]:
    one, other = current.overall, candidate.overall
    found, alarmed = pairs.paired(True), pairs.paired(False)
    yield _criterion("recall of rows", one.rows.recall, other.rows.recall, -1, margin,
                     difference_interval(found.only_current, found.only_candidate, found.rows))
    yield _criterion("false alarms", one.rows.false_alarm_rate, other.rows.false_alarm_rate, 1, margin,
                     difference_interval(alarmed.only_current, alarmed.only_candidate, alarmed.rows))
    if one.overlapping is not None and other.overlapping is not None and one.overlapping.wanted:
        yield _criterion("recall of spans", one.overlapping.recall, other.overlapping.recall, -1, margin, None)
        if one.overlapping.found:  # who finds nothing is never wrong: what is found instead is judged by the rows
            yield _criterion("precision of spans", one.overlapping.precision, other.overlapping.precision, -1, margin,
                             None)


def _criterion(name: str, current: float | None, candidate: float | None, sign: int, margin: float,
               interval: Interval | None) -> Criterion:
    if current is None or candidate is None:
        return Criterion(name=name, current=current, candidate=candidate, worse_by=None, interval=interval,
                         holds="undecided")
    worse_by = sign * (candidate - current) + 0.0  # no negative zero
    return Criterion(name=name, current=current, candidate=candidate, worse_by=worse_by, interval=interval,
                     holds="yes" if worse_by <= margin + _ROUNDING else "no")


def _reasons(criteria: list[Criterion], candidate: Report, margin: float) -> Iterator[str]:
    for guard, rows in candidate.failures.items():
        yield f"the guard {guard} raised at {rows} rows"
    for criterion in criteria:
        if criterion.holds == "undecided":
            yield f"{criterion.name}: no rows of its kind decide it"
        elif criterion.holds == "no" and criterion.worse_by is not None:
            yield f"{criterion.name}: worse by {criterion.worse_by:.4f}, more than the margin of {margin:g}"
        elif criterion.interval is not None and criterion.interval.high > margin:
            yield (f"{criterion.name}: with these rows it may be worse by up to {criterion.interval.high:.4f} "
                   "(95 % confidence); more rows would tell")
