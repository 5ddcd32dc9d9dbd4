"""Evaluations and comparisons as tables for people."""

from collections.abc import Iterable, Iterator

from guardrails.evaluation.comparison import Answer, Comparison, Paired
from guardrails.evaluation.evaluation import Figures, Report
from guardrails.evaluation.tally import RowFigures, SpanFigures
from operations.cli.figures import interval, share, signed
from operations.cli.output import columns
from operations.cli.score_tables import score_tables

_ROWS = ("PRECISION", "RECALL", "F1", "FALSE ALARMS", "95 %")
_VERDICTS: dict[Answer, str] = {
    "yes": "may be promoted", "no": "may not be promoted", "undecided": "may not, on these rows, be promoted"}
_SPANS = ("PRECISION", "RECALL", "F1", "SPANS", "F1 OVERLAPPING")


def tables_of(report: Report) -> Iterator[str]:
    """Rows first, by detector and by source; then spans, by detector and by label; then scores, over all thresholds;
    then what it took."""
    rows = report.overall.rows
    yield (f"Policy {report.policy}, {report.side}: {report.rows} rows, {rows.positives} positive and {rows.negatives} "
           f"negative. Outcomes: {', '.join(f'{name} {count}' for name, count in sorted(report.outcomes.items()))}.")
    for guard, count in report.failures.items():
        yield f"The guard {guard} raised at {count} rows: what it would have found is missing."
    yield "\nRows: is there anything that the policy acts on?"
    yield columns(("DETECTOR", *_ROWS), [
        ("(all)", *_of_rows(rows)), *((name, *_of_rows(one.figures.rows)) for name, one in report.detectors.items())])
    if len(report.sources) > 1:
        yield "\nRows by source, all detectors together"
        yield columns(("SOURCE", "ROWS", *_ROWS), [
            (source or "(none)", one.rows.positives + one.rows.negatives, *_of_rows(one.rows))
            for source, one in report.sources.items()])
    yield from _spans(report)
    yield from _labels(report)
    yield from _thresholds(report)
    yield from score_tables(report)
    yield from _latency(report)


def _spans(report: Report) -> Iterator[str]:
    if report.overall.exact is None:
        return
    yield "\nSpans: found from the first to the last character"
    yield columns(("DETECTOR", *_SPANS), [
        ("(all)", *_of_spans(report.overall)), ("(all, labels it looks for)", *_of_spans(report.covered)),
        *((name, *_of_spans(one.figures)) for name, one in report.detectors.items())])
    if report.not_covered:
        left = ", ".join(f"{label} {count}" for label, count in report.not_covered.items())
        yield f"Spans that nobody looks for: {left}."


def _labels(report: Report) -> Iterator[str]:
    if not report.labels:
        return
    spanned = report.overall.exact is not None
    yield "\nBy label"
    yield columns(("LABEL", "POSITIVE ROWS", "NEGATIVE ROWS", *(_SPANS if spanned else ())), [
        (label, one.rows.positives_found, one.rows.negatives_found, *(_of_spans(one) if spanned else ()))
        for label, one in report.labels.items()])


def _thresholds(report: Report) -> Iterator[str]:
    rows = []
    for name, one in report.detectors.items():
        curve = one.span_curve if one.span_curve and one.span_curve.points else one.row_curve
        if curve.best is not None:
            best = curve.best
            rows.append((name, "spans" if curve is one.span_curve else "rows", share(curve.average_precision),
                         str(best.threshold), share(best.precision), share(best.recall), share(best.f1)))
    if rows:
        yield "\nOver all thresholds: average precision, and where F1 is highest"
        yield columns(("DETECTOR", "OVER", "AP", "THRESHOLD", "PRECISION", "RECALL", "F1"), rows)


def _latency(report: Report) -> Iterator[str]:
    if report.latency is None:
        return
    alone = ((name, one.latency) for name, one in report.detectors.items())
    yield "\nMicroseconds; a detector's are those that it takes alone"
    yield columns(("DETECTOR", "ROWS", "A ROW", "P50", "P95", "A KB", "P50", "P95"), [
        (name, one.rows, *(f"{value:.1f}" for spread in (one.per_row, one.per_kb)
                           for value in (spread.mean, spread.p50, spread.p95)))
        for name, one in [("(all)", report.latency), *alone] if one is not None])


def told(comparison: Comparison) -> Iterator[str]:
    """What changes, how far chance may explain it, the criteria, and last the verdict."""
    current, candidate = comparison.current, comparison.candidate
    yield f"From {current} to {candidate}"
    if comparison.changes:
        yield columns(("BEFORE", "AFTER", "ROWS", "POSITIVE", "LINES"), [
            (one.before, one.after, one.rows, one.positives, _lines(one.lines, one.rows))
            for one in comparison.changes])
    else:
        yield "No row has another outcome."
    yield ""
    yield _chance("positive", comparison.positives, current, candidate)
    yield _chance("negative", comparison.negatives, current, candidate)
    yield "\n" + columns(("CRITERION", current.upper(), candidate.upper(), "WORSE BY", "95 %", "HOLDS"), [
        (one.name, share(one.current), share(one.candidate), signed(one.worse_by), interval(one.interval),
         one.holds) for one in comparison.criteria])
    yield ""
    yield from (f"- {reason}" for reason in comparison.because)
    yield f"Verdict: {candidate} {_VERDICTS[comparison.promote]} over {current} (margin {comparison.margin:g})."


def _chance(kind: str, paired: Paired, current: str, candidate: str) -> str:
    return (f"Of {paired.rows} {kind} rows only {current} is right about {paired.only_current}, only {candidate} about "
            f"{paired.only_candidate} (McNemar's exact test: p = {paired.p_value:.3g}).")


def _lines(lines: list[int], rows: int) -> str:
    return ", ".join(map(str, lines[:8])) + (", ..." if rows > 8 else "")


def _of_rows(figures: RowFigures) -> Iterable[str]:
    return (share(figures.precision), share(figures.recall), share(figures.f1), share(figures.false_alarm_rate),
            interval(figures.false_alarm_interval))


def _of_spans(figures: Figures) -> Iterable[str]:
    exact: SpanFigures | None = figures.exact
    if exact is None:
        return ("-",) * len(_SPANS)
    overlapping = figures.overlapping.f1 if figures.overlapping is not None else None
    return share(exact.precision), share(exact.recall), share(exact.f1), str(exact.wanted), share(overlapping)
