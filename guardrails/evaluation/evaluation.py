"""An evaluation: what came out for many rows, added up by detector, by label and by source."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import msgspec

from guardrails.evaluation.areas import Areas, areas
from guardrails.evaluation.calibration import Calibration, calibration
from guardrails.evaluation.examiner import Examined, Seen
from guardrails.evaluation.latency import Latencies, LatencyFigures
from guardrails.evaluation.matching import distinct, exact, match, overlapping
from guardrails.evaluation.ranking import GroupedScores, Scores, ranked
from guardrails.evaluation.row import Row, Span
from guardrails.evaluation.sweep import Curve, SpanSweep, row_curve
from guardrails.evaluation.tally import RowCounts, RowFigures, SpanCounts, SpanFigures
from guardrails.finding import Finding
from guardrails.guard import Side

PASSED = "passed"  # the outcome of a row about which nothing was done


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """How right somebody was: over rows, and over spans where rows have them."""

    rows: RowFigures
    exact: SpanFigures | None
    overlapping: SpanFigures | None


class DetectorFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One detector at the policy's thresholds, over all thresholds, and by source.

    A row's score is the highest of its findings, 0 where it has none.

    latency       where it is the only detector, over a part of the rows; together detectors cost less than their sum
    span_curve    findings that meet a span exactly
    areas         over all rows; ``source_areas`` by source; ``label_areas`` by label, over the rows whose labels are
                  known, where some row has labels: the score is then the highest of the findings of that label
    """

    labels: list[str]
    figures: Figures
    sources: dict[str, RowFigures]
    latency: LatencyFigures | None
    row_curve: Curve
    span_curve: Curve | None
    areas: Areas
    source_areas: dict[str, Areas]
    label_areas: dict[str, Areas]
    calibration: Calibration | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluation says about one policy.

    outcomes     rows by the strongest action that was taken
    overall      all detectors together, over all labels; ``covered`` over those that some detector looks for
    not_covered  spans of labels that none looks for, by label
    failures     rows at which a guard raised, by guard
    """

    policy: str
    side: Side
    rows: int
    outcomes: dict[str, int]
    overall: Figures
    covered: Figures
    not_covered: dict[str, int]
    detectors: dict[str, DetectorFigures]
    labels: dict[str, Figures]
    sources: dict[str, Figures]
    latency: LatencyFigures | None
    failures: dict[str, int]


class Tally:
    """Counts of rows and of spans."""

    def __init__(self) -> None:
        self.rows, self.exact, self.overlapping = RowCounts(), SpanCounts(), SpanCounts()

    def add_spans(self, spans: list[Span], findings: list[Finding]) -> None:
        self.exact.add(match(spans, findings, exact))
        self.overlapping.add(match(spans, findings, overlapping))

    def figures(self, spanned: bool) -> Figures:
        return Figures(rows=self.rows.figures(), exact=self.exact.figures() if spanned else None,
                       overlapping=self.overlapping.figures() if spanned else None)


class DetectorTally:
    """Counts of one detector. ``labels`` are those that it looks for."""

    def __init__(self, name: str, labels: list[str]) -> None:
        self.name, self.labels = name, labels
        self.tally = Tally()
        self.sources: defaultdict[str, RowCounts] = defaultdict(RowCounts)
        self.latencies = Latencies()
        self.scores, self.spans = GroupedScores(), SpanSweep()
        self._labelled = LabelScores(labels)

    def add(self, examined: Examined) -> None:
        row, seen = examined.row, [one for one in examined.seen if one.finding.detector == self.name]
        found, acted = [one.finding for one in seen], acted_on(seen)
        self.tally.rows.add(row.positive, bool(acted))
        self.sources[row.source].add(row.positive, bool(acted))
        self.scores.add(row.source, row.role, row.positive, _highest(found))
        if row.labels is not None:
            self._labelled.add(row.labels, found)
        if row.spans is not None:
            wanted = [span for span in row.spans if span.type in self.labels]
            self.tally.add_spans(wanted, acted)
            self.spans.add(match(wanted, found, exact))

    def figures(self, spanned: bool, labelled: bool) -> DetectorFigures:
        ranking = self.scores.ranking()
        return DetectorFigures(
            labels=self.labels, figures=self.tally.figures(spanned),
            sources={source: counts.figures() for source, counts in sorted(self.sources.items())},
            latency=self.latencies.figures(), row_curve=row_curve(ranking),
            span_curve=self.spans.curve() if spanned else None, areas=areas(ranking),
            source_areas={source: areas(own) for source, own in self.scores.by_source().items()},
            label_areas=self._labelled.areas() if labelled else {}, calibration=calibration(ranking))


class LabelScores:
    """Scores by label. Most rows have nothing to do with most labels: those are only counted."""

    def __init__(self, labels: list[str]) -> None:
        self._scores = {label: Scores() for label in labels}
        self._rows = 0

    def add(self, right: tuple[str, ...], found: list[Finding]) -> None:
        self._rows += 1
        for label in {*right, *(finding.label for finding in found)} & self._scores.keys():
            self._scores[label].add(label in right, _highest([one for one in found if one.label == label]))

    def areas(self) -> dict[str, Areas]:
        """Of the labels that some row has, or that were found in one."""
        return {label: areas(ranked([scores, self._others(scores)]))
                for label, scores in self._scores.items() if scores.rows}

    def _others(self, scores: Scores) -> Scores:
        others = Scores()
        others.negatives.add_zeros(self._rows - scores.rows)
        return others


def _highest(findings: list[Finding]) -> float:
    return max((finding.score for finding in findings), default=0.0)


class Evaluation:
    """Grows by a row at a time, and keeps of each no more than numbers."""

    def __init__(self, policy: str, side: Side, labels: Mapping[str, list[str]]) -> None:
        """``labels`` are those that each detector of the policy looks for."""
        self.policy, self.side = policy, side
        self.detectors = {name: DetectorTally(name, found) for name, found in labels.items()}
        self.latencies = Latencies()
        self.failures: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self._spanned = False  # whether some row says where something is,
        self._labelled = False  # and what it is
        self._covers = {label for found in labels.values() for label in found}
        self._overall, self._covered = Tally(), Tally()
        self._labels: defaultdict[str, Tally] = defaultdict(Tally)
        self._sources: defaultdict[str, Tally] = defaultdict(Tally)
        self._not_covered: Counter[str] = Counter()

    @property
    def rows(self) -> int:
        return self.outcomes.total()

    def add(self, examined: Examined) -> None:
        row, acted = examined.row, acted_on(examined.seen)
        self._labelled = self._labelled or bool(row.labels)
        self.outcomes[examined.action or PASSED] += 1
        self.failures.update(failure.guard for failure in examined.failures)
        self.latencies.add(examined.nanoseconds, len(row.text.encode()))
        for tally in (self._overall, self._covered, self._sources[row.source]):
            tally.rows.add(row.positive, bool(acted))
        for label in {finding.label for finding in acted}:
            self._labels[label].rows.add(row.positive, True)
        if row.spans is not None:
            self._add_spans(row, row.spans, distinct(acted))
        for detector in self.detectors.values():
            detector.add(examined)

    def _add_spans(self, row: Row, spans: tuple[Span, ...], acted: list[Finding]) -> None:
        self._spanned = self._spanned or bool(spans)
        covered = [span for span in spans if span.type in self._covers]
        self._overall.add_spans(list(spans), acted)
        self._covered.add_spans(covered, acted)
        self._sources[row.source].add_spans(list(spans), acted)
        self._not_covered.update(span.type for span in spans if span.type not in self._covers)
        for label in {*(span.type for span in spans), *(finding.label for finding in acted)}:
            self._labels[label].add_spans([span for span in spans if span.type == label],
                                          [finding for finding in acted if finding.label == label])

    def add_alone(self, row: Row, nanoseconds: Mapping[str, int]) -> None:
        """How long each detector took for ``row`` on its own."""
        for name, taken in nanoseconds.items():
            self.detectors[name].latencies.add(taken, len(row.text.encode()))

    def report(self) -> Report:
        everything, spanned = self._overall.rows, self._spanned
        for tally in self._labels.values():  # a label was looked for in every row
            tally.rows.positives, tally.rows.negatives = everything.positives, everything.negatives
        return Report(
            policy=self.policy, side=self.side, rows=self.rows, outcomes=dict(self.outcomes),
            overall=self._overall.figures(spanned), covered=self._covered.figures(spanned),
            not_covered=dict(self._not_covered.most_common()),
            detectors={name: detector.figures(spanned, self._labelled) for name, detector in self.detectors.items()},
            labels={label: tally.figures(spanned) for label, tally in sorted(self._labels.items())},
            sources={source: tally.figures(spanned) for source, tally in sorted(self._sources.items())},
            latency=self.latencies.figures(), failures=dict(self.failures))


def acted_on(seen: list[Seen] | tuple[Seen, ...]) -> list[Finding]:
    """The findings at or above their thresholds, whatever is done about them: in shadow too, which is a trial."""
    return [finding for finding, action in seen if action is not None]
