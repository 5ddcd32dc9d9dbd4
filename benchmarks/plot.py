"""One picture of the table, where matplotlib is installed."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.summary import ADDED, CPU, FRAME, MEMORY, Row

PANELS = (CPU, ADDED, FRAME, MEMORY)


def draw(rows: Sequence[Row], path: Path) -> bool:
    """Draws four panels of bars with their extremes into `path`; False without matplotlib."""
    try:
        import matplotlib  # type: ignore[import-not-found]
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(PANELS), figsize=(4 * len(PANELS), 3.6), layout="constrained")
    for axis, column in zip(axes, PANELS, strict=True):
        _panel(axis, column, rows)
    figure.suptitle("One core, the same run: less is better (bars: median, lines: extremes of the rounds)")
    figure.savefig(path)
    pyplot.close(figure)
    return True


def _panel(axis: "object", column: str, rows: Sequence[Row]) -> None:
    measured = [(row.title, spread) for row in rows if (spread := row.spread(column))]
    names = [name for name, _ in measured]
    medians = [spread.median for _, spread in measured]
    below = [spread.median - spread.least for _, spread in measured]
    above = [spread.greatest - spread.median for _, spread in measured]
    colours = ["#d9622b" if name.startswith("gatewright") else "#8a96a3" for name in names]
    axis.barh(names, medians, xerr=[below, above], color=colours, capsize=3)  # type: ignore[attr-defined]
    axis.set_title(column)  # type: ignore[attr-defined]
    axis.invert_yaxis()  # type: ignore[attr-defined]
