"""Pictures of an evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guardrails.evaluation.evaluation import Evaluation, Report
from operations.guards import score_plots
from operations.guards.drawing import legend, one_panel, save
from operations.guards.thresholds import Advice

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS = 2000  # of latency: more would only make the file large


def draw(folder: Path, evaluations: Sequence[Evaluation], advice: Advice | None) -> list[Path]:
    """Draws into ``folder``, which is prepared, what there is to see of the first evaluation, and of both where there
    are two."""
    first, reports = evaluations[0], [evaluation.report() for evaluation in evaluations]
    pictures: list[tuple[str, Figure]] = [
        ("precision-recall", score_plots.precision_recall(reports[0])),
        ("false-alarms", score_plots.false_alarms(reports[0], advice)),
        ("scores", score_plots.histograms(first)),
        ("calibration", score_plots.reliability(reports[0])),
        ("latency", _latency(first))]
    if len(reports) == 2:
        pictures.append(("comparison", _comparison(reports)))
    return save(folder, pictures)


def _latency(evaluation: Evaluation) -> "Figure":
    points = evaluation.latencies.points()
    points = points[:: max(1, len(points) // _DOTS)]
    figure, axes = one_panel()
    axes.plot([size for size, _ in points], [taken for _, taken in points], ".", markersize=3, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel="bytes of the row", ylabel="microseconds",
             title=f"{evaluation.policy}, {evaluation.side}: all detectors together")
    return figure


def _comparison(reports: Sequence[Report]) -> "Figure":
    """What the verdict looks at, as shares of what is wrong: the lower the better."""
    figure, axes = one_panel(height=4)
    for index, report in enumerate(reports):
        wrong = {name: share for name, share in _wrong(report).items() if share is not None}
        bars = axes.bar([place + 0.4 * index for place in range(len(wrong))], list(wrong.values()), width=0.38,
                        label=report.policy)
        axes.bar_label(bars, fmt="%.4f", fontsize=8)
        axes.set_xticks([place + 0.2 for place in range(len(wrong))], list(wrong))
    axes.set(ylabel="share (the lower the better)")
    axes.margins(y=0.15)
    legend(axes)
    return figure


def _wrong(report: Report) -> dict[str, float | None]:
    rows, spans = report.overall.rows, report.overall.overlapping
    found = {"missed rows": _rest(rows.recall), "false alarms": rows.false_alarm_rate}
    if spans is not None:
        found |= {"missed spans": _rest(spans.recall), "wrong findings": _rest(spans.precision)}
    return found


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share
