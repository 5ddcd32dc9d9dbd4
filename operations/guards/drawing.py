"""Drawing, as SVG. matplotlib is an extra and is imported when something is drawn."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INSTALL = "Plots need matplotlib: pip install 'gatewright[plots]'."
RIGHT, WRONG = "#2a7f62", "#c0392b"
_MARKED = 60  # points that a line may have and still show each of them


class PlotsUnavailable(Exception):
    """matplotlib is not installed."""


def prepare(folder: Path) -> None:
    """Makes the folder. Raises PlotsUnavailable, or OSError, now and not after a long evaluation."""
    try:
        import matplotlib  # noqa: F401 only whether it is there
    except ImportError:
        raise PlotsUnavailable(INSTALL) from None
    folder.mkdir(parents=True, exist_ok=True)


def save(folder: Path, pictures: Iterable[tuple[str, "Figure"]]) -> list[Path]:
    """Writes each picture under its name. The same figures give the same file."""
    return [_saved(figure, folder / f"{name}.svg") for name, figure in pictures]


def _saved(figure: "Figure", path: Path) -> Path:
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "gatewright"}):
        figure.savefig(path, metadata={"Date": None})
    return path


def one_panel(width: float = 7, height: float = 5) -> "tuple[Figure, Axes]":
    figure = _figure(width, height)
    return figure, figure.subplots()


def panels(count: int, height: float) -> "tuple[Figure, Sequence[Axes]]":
    """Panels one below the other, each ``height`` inches high; at least one."""
    figure = _figure(7, height * max(1, count))
    return figure, list(figure.subplots(max(1, count), squeeze=False)[:, 0])


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def marker(points: int) -> str:
    """A dot for each point, where there is room for them."""
    return "." if points <= _MARKED else ""


def legend(axes: "Axes") -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8)
