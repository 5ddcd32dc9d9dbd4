"""The picture of a calibration: false hits and what is found, by threshold, with and without the traits."""

from typing import TYPE_CHECKING

from operations.cache.calibration import Calibration, Choice
from operations.guards.drawing import RIGHT, WRONG, legend, one_panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def drawn(calibration: Calibration) -> "Figure":
    figure, axes = one_panel()
    both = (calibration.guarded, "-", "traits and vectors"), (calibration.bare, ":", "vectors alone")
    for choice, line, told in both:
        steps = [step for step in choice.steps if step.false.whole]
        at = [step.threshold for step in steps]
        axes.plot(at, [step.false.share for step in steps], line, color=WRONG, label=f"false among hits, {told}")
        axes.plot(at, [step.found.share for step in steps], line, color=RIGHT, label=f"found of the same, {told}")
    _mark(calibration.guarded, axes)
    axes.axhline(calibration.bound, color="#888888", linewidth=0.8, label=f"bound {calibration.bound:g}")
    axes.set(xlabel="threshold", ylabel="share", ylim=(0, 1), title=f"{calibration.pairs} pairs")
    legend(axes)
    return figure


def _mark(choice: Choice, axes: object) -> None:
    if choice.chosen is not None:
        axes.axvline(choice.chosen.threshold, color="#444444", linewidth=0.8)  # type: ignore[attr-defined]
