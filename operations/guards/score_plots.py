"""Pictures of scores: how well they part positive rows from negative ones, and whether they are probabilities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from guardrails.evaluation.calibration import Bin
from guardrails.evaluation.evaluation import DetectorFigures, Evaluation, Report
from guardrails.evaluation.ranking import Ranking
from operations.guards.drawing import RIGHT, WRONG, legend, marker, one_panel, panels
from operations.guards.thresholds import Advice

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BARS = 20


def precision_recall(report: Report) -> "Figure":
    """Precision over recall by detector, each with a circle where the policy's threshold is. Over spans where there are
    some. The area under the steps is the average precision."""
    figure, axes = one_panel()
    for name, detector in report.detectors.items():
        curve = detector.span_curve if detector.span_curve and detector.span_curve.points else detector.row_curve
        found = detector.figures.exact if curve is detector.span_curve else detector.figures.rows
        if not curve.points or found is None:
            continue
        area = "" if curve.average_precision is None else f" (AP {curve.average_precision:.3f})"
        line, = axes.plot([point.recall or 0.0 for point in curve.points],
                          [point.precision or 0.0 for point in curve.points], drawstyle="steps-pre",
                          marker=marker(len(curve.points)), label=name + area)
        if found.recall is not None and found.precision is not None:
            axes.plot(found.recall, found.precision, marker="o", markersize=9, color=line.get_color(), fillstyle="none")
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05),
             title=f"{report.policy}, {report.side}: circles are the policy's thresholds")
    legend(axes)
    return figure


def false_alarms(report: Report, advice: Advice | None) -> "Figure":
    """Recall over the rate of false alarms by detector, the rate on a logarithmic scale, where the choice is made.
    Triangles are the thresholds that were promised."""
    figure, axes = one_panel()
    for name, detector in report.detectors.items():
        points = [point for point in detector.row_curve.points if point.false_alarm_rate and point.recall is not None]
        if not points:
            continue
        rates, recalls = [point.false_alarm_rate or 0.0 for point in points], [point.recall or 0.0 for point in points]
        line, = axes.plot(rates, recalls, drawstyle="steps-post", marker=marker(len(points)),
                          label=name + _auroc(detector))
        for at_most, recall in _promised(advice, name):
            axes.plot(at_most, recall, marker="v", markersize=8, color=line.get_color())
    axes.set(xscale="log", xlabel="false alarms, as a share of negative rows", ylabel="recall", ylim=(-0.02, 1.05),
             title=f"{report.policy}, {report.side}" + (": triangles are promised thresholds" if advice else ""))
    legend(axes)
    return figure


def _promised(advice: Advice | None, detector: str) -> list[tuple[float, float]]:
    """Rate and recall of those for all roles, where there are positive rows to find."""
    choices = [one.choice for one in advice.choices if one.detector == detector and one.role is None] if advice else []
    return [(choice.at_most, choice.recall) for choice in choices if choice.promised and choice.recall is not None]


def _auroc(detector: DetectorFigures) -> str:
    return "" if detector.areas.auroc is None else f" (AUROC {detector.areas.auroc.value:.3f})"


def histograms(evaluation: Evaluation) -> "Figure":
    """By detector the highest scores of positive and of negative rows."""
    detectors = list(evaluation.detectors.values())
    figure, places = panels(len(detectors), 2.2)
    for axes, detector in zip(places, detectors, strict=False):
        _bars(axes, detector.scores.ranking())
        axes.set(title=detector.name, xlim=(0, 1), ylabel="rows")
    places[-1].set_xlabel("highest score of a row")
    legend(places[0])
    return figure


def _bars(axes: "Axes", ranking: Ranking) -> None:
    right, wrong = histogram(ranking, _BARS)
    middles = [(bar + 0.5) / _BARS for bar in range(_BARS)]
    axes.bar(middles, right, width=0.9 / _BARS, color=RIGHT, label="positive rows")
    axes.bar(middles, [-count for count in wrong], width=0.9 / _BARS, color=WRONG, label="negative rows")
    axes.axhline(0, color="black", linewidth=0.5)


def histogram(ranking: Ranking, bars: int) -> tuple[list[int], list[int]]:
    """How many scores fall into each of ``bars`` equal parts of [0, 1], of positive and of negative rows. Rows without
    a finding are left out: they would dwarf the others."""
    right, wrong = [0] * bars, [0] * bars
    for step in ranking:
        if step.score > 0:
            bar = min(bars - 1, int(step.score * bars))
            right[bar] += step.positives
            wrong[bar] += step.negatives
    return right, wrong


def reliability(report: Report) -> "Figure":
    """By detector the share of positives over the mean score of bins of equal numbers of rows, with its interval. What
    lies on the diagonal may be read as a probability."""
    found = {name: one.calibration for name, one in report.detectors.items()
             if one.calibration and one.row_curve.points}
    figure, places = panels(len(found), 3.4)
    for axes, (name, one) in zip(places, found.items(), strict=False):
        _diagram(axes, one.bins)
        axes.set(title=f"{name}: Brier score {one.brier:.3f}, expected error {one.expected_error:.3f}",
                 xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share of positives")
    places[-1].set_xlabel("mean score")
    return figure


def _diagram(axes: "Axes", bins: Sequence[Bin]) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    down = [one.share - one.share_interval.low for one in bins]
    up = [one.share_interval.high - one.share for one in bins]
    axes.errorbar([one.mean_score for one in bins], [one.share for one in bins], yerr=[down, up], marker="o",
                  markersize=4, capsize=3)
