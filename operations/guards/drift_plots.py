"""Pictures of drift."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guardrails.evaluation.drift import Drift, ShareChange
from guardrails.evaluation.shift import Part
from operations.guards.drawing import RIGHT, WRONG, legend, panels, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BEFORE, _AFTER = RIGHT, WRONG


def draw(folder: Path, found: Drift) -> list[Path]:
    """Draws into ``folder``, which is prepared."""
    return save(folder, [("drift", _shifts(found)), ("drift-shares", _changes(found))])


def _shifts(found: Drift) -> "Figure":
    """By detector the shares of rows in each part of the scores, before and after."""
    figure, places = panels(len(found.detectors), 2.6)
    for axes, (name, one) in zip(places, found.detectors.items(), strict=False):
        _bars(axes, one.shift.parts, found)
        axes.set(title=f"{name}: PSI {one.shift.psi:.3f}, KS {one.shift.ks:.3f}", ylabel="share of rows")
    places[-1].set_xlabel("score, up to")
    legend(places[0])
    return figure


def _bars(axes: "Axes", parts: Sequence[Part], found: Drift) -> None:
    spots = range(len(parts))
    axes.bar([spot - 0.2 for spot in spots], [part.before / found.rows_before for part in parts], width=0.38,
             color=_BEFORE, label="before")
    axes.bar([spot + 0.2 for spot in spots], [part.after / found.rows_after for part in parts], width=0.38,
             color=_AFTER, label="after")
    axes.set_xticks(list(spots), [f"{part.high:.3g}" for part in parts], fontsize=8)


def _changes(found: Drift) -> "Figure":
    """By detector how the share of rows changed that it acts on, and that reach each threshold, with intervals."""
    figure, places = panels(len(found.detectors), 2.2)
    for axes, (name, one) in zip(places, found.detectors.items(), strict=False):
        _dots(axes, {"acted on": one.acted, **{f"≥ {at:g}": change for at, change in one.at_or_above.items()}})
        axes.set(title=name)
    places[-1].set_xlabel("change of the share of rows")
    return figure


def _dots(axes: "Axes", changes: dict[str, ShareChange]) -> None:
    found = list(changes.values())
    reaches = [[one.change - one.interval.low for one in found], [one.interval.high - one.change for one in found]]
    axes.errorbar([one.change for one in found], list(changes), xerr=reaches, fmt="o", markersize=4, capsize=3)
    axes.axvline(0, color="grey", linewidth=0.8, linestyle="--")
    axes.invert_yaxis()
