"""``gatewright guard drift``."""

from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from guardrails.evaluation.drift import THRESHOLDS, Drifting
from guardrails.evaluation.pairing import Pairing
from guardrails.evaluation.row import BadRow
from guardrails.evaluation.score_line import ScoreLine, score_lines
from guardrails.evaluation.shift import CUSTOMARY_PSI
from operations.cli.drift_tables import drift_tables
from operations.cli.guard_options import REFUSED, prepare_plots
from operations.cli.output import as_json_option, fail, print_json
from operations.guards.drift_plots import draw

_LINES_A_STEP = 1000
_BAD_LINES_SHOWN = 10


class ScoreFile:
    """A file of scores that is read once. Lines that are none are counted, the first of them told."""

    def __init__(self, path: Path, progress: Progress) -> None:
        """Raises OSError."""
        self.path, self._progress = path, progress
        self._bytes = path.stat().st_size
        with path.open("rb"):
            pass
        self.bad: list[BadRow] = []

    def lines(self) -> Iterator[ScoreLine]:
        with self.path.open("rb") as file:
            task = self._progress.add_task(str(self.path), total=self._bytes)
            for number, line in enumerate(score_lines(file), 1):
                if isinstance(line, ScoreLine):
                    yield line
                else:
                    self._note(line)
                if number % _LINES_A_STEP == 0:
                    self._progress.update(task, completed=file.tell())

    def _note(self, line: BadRow) -> None:
        self.bad.append(line)
        if len(self.bad) <= _BAD_LINES_SHOWN:
            click.echo(f"{self.path} line {line.number}: {line.reason}", err=True)


@click.command(epilog="""\b
Examples:
  gatewright guard evaluate --data rows.jsonl --scores before.jsonl
  gatewright guard evaluate --data rows.jsonl --scores after.jsonl --policy stricter.yaml
  gatewright guard drift before.jsonl after.jsonl
  gatewright guard drift last-week.jsonl this-week.jsonl --different-rows --psi 0.1 --plots pictures
\b
PSI, the population stability index, says how far the scores have moved; as the custom goes, up to 0.1 is little and
more than 0.2 is much. Where the files are of the same rows (the same line numbers, sources, labels and lengths) it is
told too how many decisions flipped. Labels are not needed.
\b
Exit status: 0 no detector has drifted; 3 one has, by more than --psi; 1 a file cannot be used; 2 wrong usage.
""")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--psi", "bound", default=CUSTOMARY_PSI, show_default=True, type=click.FloatRange(0),
              help="The index from which on it counts as drift.")
@click.option("--threshold", "thresholds", multiple=True, type=click.FloatRange(0, 1, min_open=True),
              default=THRESHOLDS, show_default=True, help="Tell the share of rows that score so much. Repeat it.")
@click.option("--different-rows", is_flag=True,
              help="The files are of different rows, even where their numbers are the same.")
@click.option("--plots", "pictures", type=click.Path(path_type=Path), help="Draw pictures into this folder (SVG).")
@as_json_option
def drift(before: Path, after: Path, bound: float, thresholds: tuple[float, ...], different_rows: bool,
          pictures: Path | None, as_json: bool) -> None:
    """Compares two files that `guard evaluate --scores` has written: have the scores moved, and did decisions flip?"""
    if pictures is not None:
        prepare_plots(pictures, as_json)
    console = Console(stderr=True)
    drifting = Drifting(Pairing(wanted=not different_rows))
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        one, other = _file(before, progress, as_json), _file(after, progress, as_json)
        drifting.take(one.lines(), other.lines())
    found = drifting.report(bound, thresholds)
    if found is None:
        empty = before if not drifting.rows_before else after
        fail(f"{empty} has no line of scores: `gatewright guard evaluate --scores FILE` writes them.", as_json,
             code="no_scores")
    drawn = draw(pictures, found) if pictures is not None else []
    if as_json:
        print_json({"drift": found, "drifted": found.drifted, "plots": drawn,
                    "bad_lines": {"before": len(one.bad), "after": len(other.bad)}})
    else:
        click.echo("\n".join([*drift_tables(found), *(f"drawn: {path}" for path in drawn)]))
    if found.drifted:
        raise SystemExit(REFUSED)


def _file(path: Path, progress: Progress, as_json: bool) -> ScoreFile:
    try:
        return ScoreFile(path, progress)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", as_json, code="scores_unreadable")
