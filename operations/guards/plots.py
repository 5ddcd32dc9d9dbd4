"""Pictures of an evaluation, as SVG. matplotlib is an extra and is imported when something is drawn."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guardrails.evaluation.evaluation import Evaluation, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BARS = 20
_DOTS = 2000  # of latency: more would only make the file large
_RIGHT, _WRONG = "#2a7f62", "#c0392b"

INSTALL = "Plots need matplotlib: pip install 'gatewright[plots]'."


class PlotsUnavailable(Exception):
    """matplotlib is not installed."""


def prepare(folder: Path) -> None:
    """Makes the folder. Raises PlotsUnavailable, or OSError, now and not after a long evaluation."""
    try:
        import matplotlib  # noqa: F401 only whether it is there
    except ImportError:
        raise PlotsUnavailable(INSTALL) from None
    folder.mkdir(parents=True, exist_ok=True)


def draw(folder: Path, evaluations: Sequence[Evaluation]) -> list[Path]:
    """Draws into ``folder``, which is prepared, what there is to see of the first evaluation, and of both where there
    are two."""
    first, reports = evaluations[0], [evaluation.report() for evaluation in evaluations]
    pictures: list[tuple[str, Figure]] = [("precision-recall", _curves(reports[0])), ("scores", _histograms(first)),
                                          ("latency", _latency(first))]
    if len(reports) == 2:
        pictures.append(("comparison", _comparison(reports)))
    return [_saved(figure, folder / f"{name}.svg") for name, figure in pictures]


def _saved(figure: "Figure", path: Path) -> Path:
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "gatewright"}):  # the same figures give the same file
        figure.savefig(path, metadata={"Date": None})
    return path


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _curves(report: Report) -> "Figure":
    """Precision over recall by detector, each with a dot where the policy's threshold is. Over spans where there are
    some."""
    figure = _figure(7, 5)
    axes = figure.subplots()
    for name, detector in report.detectors.items():
        curve = detector.span_curve if detector.span_curve and detector.span_curve.points else detector.row_curve
        found = detector.figures.exact if curve is detector.span_curve else detector.figures.rows
        if not curve.points or found is None:
            continue
        area = "" if curve.average_precision is None else f" (AP {curve.average_precision:.3f})"
        line, = axes.plot([point.recall or 0.0 for point in curve.points],
                          [point.precision or 0.0 for point in curve.points], marker=".", label=name + area)
        if found.recall is not None and found.precision is not None:
            axes.plot(found.recall, found.precision, marker="o", markersize=9, color=line.get_color(), fillstyle="none")
    axes.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.05),
             title=f"{report.policy}, {report.side}: circles are the policy's thresholds")
    _legend(axes)
    return figure


def _histograms(evaluation: Evaluation) -> "Figure":
    """By detector the highest scores of positive and of negative rows."""
    detectors = list(evaluation.detectors.values())
    figure = _figure(7, 2.2 * max(1, len(detectors)))
    panels = figure.subplots(max(1, len(detectors)), squeeze=False)[:, 0]
    places = [(bar + 0.5) / _BARS for bar in range(_BARS)]
    for axes, detector in zip(panels, detectors, strict=False):
        right, wrong = detector.rows.histogram(_BARS)
        axes.bar(places, right, width=0.9 / _BARS, color=_RIGHT, label="positive rows")
        axes.bar(places, [-count for count in wrong], width=0.9 / _BARS, color=_WRONG, label="negative rows")
        axes.axhline(0, color="black", linewidth=0.5)
        axes.set(title=detector.name, xlim=(0, 1), ylabel="rows")
    panels[-1].set_xlabel("highest score of a row")
    _legend(panels[0])
    return figure


def _latency(evaluation: Evaluation) -> "Figure":
    points = evaluation.latencies.points()
    points = points[:: max(1, len(points) // _DOTS)]
    figure = _figure(7, 5)
    axes = figure.subplots()
    axes.plot([size for size, _ in points], [taken for _, taken in points], ".", markersize=3, alpha=0.5)
    axes.set(xscale="log", yscale="log", xlabel="bytes of the row", ylabel="microseconds",
             title=f"{evaluation.policy}, {evaluation.side}: all detectors together")
    return figure


def _comparison(reports: Sequence[Report]) -> "Figure":
    """What the verdict looks at, as shares of what is wrong: the lower the better."""
    figure = _figure(7, 4)
    axes = figure.subplots()
    for index, report in enumerate(reports):
        wrong = {name: share for name, share in _wrong(report).items() if share is not None}
        bars = axes.bar([place + 0.4 * index for place in range(len(wrong))], list(wrong.values()), width=0.38,
                        label=report.policy)
        axes.bar_label(bars, fmt="%.4f", fontsize=8)
        axes.set_xticks([place + 0.2 for place in range(len(wrong))], list(wrong))
    axes.set(ylabel="share (the lower the better)")
    axes.margins(y=0.15)
    _legend(axes)
    return figure


def _wrong(report: Report) -> dict[str, float | None]:
    rows, spans = report.overall.rows, report.overall.overlapping
    found = {"missed rows": _rest(rows.recall), "false alarms": rows.false_alarm_rate}
    if spans is not None:
        found |= {"missed spans": _rest(spans.recall), "wrong findings": _rest(spans.precision)}
    return found


def _rest(share: float | None) -> float | None:
    return None if share is None else 1 - share


def _legend(axes: "Axes") -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
