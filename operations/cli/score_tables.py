"""What scores are worth over all thresholds, and which threshold to take, as tables for people."""

from collections.abc import Iterator, Mapping
from math import ceil, floor, log10

from guardrails.evaluation.areas import Area, Areas
from guardrails.evaluation.calibration import Calibration
from guardrails.evaluation.evaluation import DetectorFigures, Report
from guardrails.evaluation.thresholds import needed
from operations.cli.figures import interval, share
from operations.cli.output import columns
from operations.guards.thresholds import Advice, ChosenFor

_AREAS = ("AUROC", "95 %", "AVERAGE PRECISION", "95 %")
_ROUNDING = 1e-9
_GRADED = 4  # bins from which on a table of them says more than the detectors' figures do


def score_tables(report: Report) -> Iterator[str]:
    """Of the detectors that found something: how well scores part the rows, and whether they are probabilities."""
    found = {name: one for name, one in report.detectors.items() if one.row_curve.points}
    if any(one.areas.auroc for one in found.values()):
        yield "\nHow well scores part positive rows from negative ones, over all thresholds"
        yield columns(("DETECTOR", *_AREAS), [(name, *_areas(one.areas)) for name, one in found.items()])
    yield from _parted("source", {name: one.source_areas for name, one in found.items()})
    yield from _parted("label", {name: one.label_areas for name, one in found.items()})
    yield from _calibrations(found)


def _parted(by: str, found: Mapping[str, Mapping[str, Areas]]) -> Iterator[str]:
    """By source or by label, where there is more than one, and rows of both kinds."""
    rows = [(name, part or "(none)", one.positives, one.negatives, *_areas(one)) for name, parts in found.items()
            for part, one in parts.items() if one.auroc is not None and (by == "label" or len(parts) > 1)]
    if rows:
        yield f"\nThe same by {by}, where it has rows of both kinds"
        yield columns(("DETECTOR", by.upper(), "POSITIVE", "NEGATIVE", *_AREAS), rows)


def _areas(found: Areas) -> tuple[str, ...]:
    return *_area(found.auroc), *_area(found.average_precision)


def _area(area: Area | None) -> tuple[str, str]:
    return ("-", "-") if area is None else (share(area.value), interval(area.interval))


def _calibrations(detectors: Mapping[str, DetectorFigures]) -> Iterator[str]:
    found = {name: one.calibration for name, one in detectors.items() if one.calibration is not None}
    if found:
        yield "\nScores as probabilities (for the share of positives that these rows have)"
        yield columns(("DETECTOR", "BRIER SCORE", "OF THE SHARE ALONE", "EXPECTED CALIBRATION ERROR"), [
            (name, share(one.brier), share(one.brier_of_share), share(one.expected_error))
            for name, one in found.items()])
    for name, one in found.items():
        if len(one.bins) >= _GRADED:
            yield from _bins(name, one)


def _bins(name: str, found: Calibration) -> Iterator[str]:
    yield f"\n{name}: of rows that score so, how many are positive"
    yield columns(("SCORES", "ROWS", "MEAN SCORE", "POSITIVE", "95 %"), [
        (f"{one.low:.4f} to {one.high:.4f}", one.rows, share(one.mean_score), share(one.share),
         interval(one.share_interval)) for one in found.bins])


def advice_tables(advice: Advice) -> Iterator[str]:
    """The thresholds for the rates that were asked for, what is to be minded, and the lines for the policy."""
    if not advice.choices:
        yield "No detector has found anything: there is no threshold to choose."
        return
    yield "Thresholds for a stated rate of false alarms: as counted in these rows, and as promised for all like them"
    yield columns(("DETECTOR", "ROLE", "AT MOST", "BY", "THRESHOLD", "FALSE ALARMS",
                   f"BELOW ({advice.confidence:.4g})", "RECALL", "95 %"), [_row(one) for one in advice.choices])
    yield from dict.fromkeys(reason for one in advice.choices if (reason := _why_none(one)))
    if advice.lines:
        yield "\nInto the policy:"
    for line in advice.lines:
        kind = f"promised with a confidence of {advice.confidence:g}" if line.promised else "counted, not promised"
        yield f"{line.rule}  # false alarms at most {line.at_most:g}, {kind}"


def _row(one: ChosenFor) -> tuple[object, ...]:
    choice = one.choice
    alarms = "-" if choice.negatives_found is None else f"{choice.negatives_found} of {choice.negatives}"
    return (one.detector, one.role or "(all)", f"{choice.at_most:g}", "promise" if choice.promised else "count",
            "-" if choice.threshold is None else choice.threshold, alarms, _bound(choice.false_alarms_below),
            share(choice.recall), interval(choice.recall_interval))


def _why_none(one: ChosenFor) -> str:
    choice, whose = one.choice, f"{one.detector}{f', {one.role}' if one.role else ''}"
    if not choice.negatives:
        return f"- {whose}: there are no negative rows, and so no false alarms to count."
    if choice.allowed is None:
        return (f"- {whose}: 0 of {choice.negatives} negatives allow at best to promise "
                f"{_bound(choice.lowest_promise)}; to promise {choice.at_most:g} takes "
                f"{needed(choice.at_most, choice.confidence)}.")
    if choice.threshold is None:
        return f"- {whose}: more than {choice.allowed} of {choice.negatives} negatives score 1: no threshold is above."
    return ""


def _bound(value: float | None) -> str:
    """To three digits, rounded up: it is a promise."""
    if value is None:
        return "-"
    unit = 10.0 ** (floor(log10(value)) - 2)
    return f"{ceil(value / unit - _ROUNDING) * unit:.3g}"
