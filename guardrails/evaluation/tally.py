"""Tallies: how often somebody was right, over rows and over spans, and how sure one may be of it."""

from typing import NamedTuple

import msgspec

from guardrails.evaluation.intervals import Interval, wilson
from guardrails.evaluation.matching import Match


class Rates(NamedTuple):
    """None where there is nothing to divide by."""

    precision: float | None
    recall: float | None
    f1: float | None


def ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def rates(right: int, found: int, met: int, wanted: int) -> Rates:
    """``right`` of what was ``found``, and how much was ``met`` of what was ``wanted``."""
    precision, recall = ratio(right, found), ratio(met, wanted)
    f1 = None if precision is None or recall is None else 2 * precision * recall / ((precision + recall) or 1)
    return Rates(precision, recall, f1)


class RowFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Whether anything was found, against whether there was anything to find."""

    positives: int
    positives_found: int
    negatives: int
    negatives_found: int
    precision: float | None
    recall: float | None
    recall_interval: Interval | None
    f1: float | None
    false_alarm_rate: float | None
    false_alarm_interval: Interval | None


class RowCounts(msgspec.Struct):
    """Rows by what is right about them and by whether anything was found."""

    positives: int = 0
    positives_found: int = 0
    negatives: int = 0
    negatives_found: int = 0

    def add(self, positive: bool, found: bool) -> None:
        if positive:
            self.positives += 1
            self.positives_found += found
        else:
            self.negatives += 1
            self.negatives_found += found

    def figures(self) -> RowFigures:
        precision, recall, f1 = rates(self.positives_found, self.positives_found + self.negatives_found,
                                      self.positives_found, self.positives)
        return RowFigures(
            **msgspec.structs.asdict(self), precision=precision, recall=recall, f1=f1,
            recall_interval=wilson(self.positives_found, self.positives),
            false_alarm_rate=ratio(self.negatives_found, self.negatives),
            false_alarm_interval=wilson(self.negatives_found, self.negatives))


class SpanFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Spans that were wanted and those of them that were met; findings, and those of them that were right."""

    wanted: int
    met: int
    found: int
    right: int
    precision: float | None
    recall: float | None
    f1: float | None


class SpanCounts(msgspec.Struct):
    """Two pairs, because where an overlap is enough one finding may meet two spans."""

    wanted: int = 0
    met: int = 0
    found: int = 0
    right: int = 0

    def add(self, match: Match) -> None:
        self.wanted += len(match.spans)
        self.met += sum(score > 0 for score in match.spans)
        self.found += len(match.findings)
        self.right += sum(right for _, right in match.findings)

    def figures(self) -> SpanFigures:
        precision, recall, f1 = rates(self.right, self.found, self.met, self.wanted)
        return SpanFigures(**msgspec.structs.asdict(self), precision=precision, recall=recall, f1=f1)
