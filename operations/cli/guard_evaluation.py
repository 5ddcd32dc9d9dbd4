"""``gatewright guard evaluate``."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from guardrails.compiling import Catalogue
from guardrails.evaluation.comparison import Comparison
from guardrails.evaluation.evaluation import Evaluation
from guardrails.evaluation.examiner import Examined
from guardrails.evaluation.row import BadRow, Row, rows_of
from guardrails.evaluation.run import Run
from guardrails.guard import Side
from guardrails.passage import Role
from operations.cli.evaluation_tables import tables_of, told
from operations.cli.guard_options import (
    REFUSED,
    examiner_of,
    policy_named,
    policy_option,
    routing_option,
    side_option,
    with_catalogue,
)
from operations.cli.output import as_json_option, fail, print_json
from operations.guards import plots

_TIMED_ROWS = 2000  # that each detector judges alone too
_BAD_ROWS_SHOWN = 10


@click.command(epilog="""\b
Examples:
  gatewright guard evaluate --data rows.jsonl
  gatewright guard evaluate --data rows.jsonl --policy strict --scores scores.jsonl --plots pictures
  gatewright guard evaluate --data rows.jsonl --policy strict --compare stricter.yaml --margin 0.002
  gatewright guard evaluate --data replies.jsonl --side reply --json
\b
A row is a line of JSON: {"text": "...", "label": 1}, or with {"spans": [{"start": 0, "end": 4, "type": "EMAIL"}]}, or
with both; "role" and "source" may stand there too.
\b
Exit status: 0 done, and with --compare: may be promoted; 3 with --compare: may not, or the rows do not decide it; 1 the
data or a policy cannot be used; 2 wrong usage.
""")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The rows, a line of JSON each.")
@policy_option
@click.option("--compare", metavar="POLICY", help="The policy that may take its place: told by name or file as well.")
@click.option("--margin", default=0.005, show_default=True, type=click.FloatRange(0, 1),
              help="By how much it may be worse, as a share: 0.005 is one row in 200.")
@routing_option
@side_option
@click.option("--scores", type=click.Path(path_type=Path), help="Write here what each row got, a line of JSON each.")
@click.option("--plots", "pictures", type=click.Path(path_type=Path), help="Draw pictures into this folder (SVG).")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many rows, the first.")
@as_json_option
@with_catalogue
def evaluate(catalogue: Catalogue, data: Path, policy: str | None, compare: str | None, margin: float, routing: Path,
             side: Side, scores: Path | None, pictures: Path | None, limit: int | None, as_json: bool) -> None:
    """Measures how well a policy judges rows whose right answer is known; --compare: whether another does better."""
    wanted = [policy] if compare is None else [policy, compare]
    examiners = [examiner_of(policy_named(name, routing, as_json), side, catalogue, as_json) for name in wanted]
    if pictures is not None:
        _prepare_plots(pictures, as_json)
    lines = _lines_in(data, as_json)
    total = lines if limit is None else min(lines, limit)
    run = Run(examiners, timed_every=max(1, -(-total // _TIMED_ROWS)))
    bad = _take_all(run, data, "user" if side == "prompt" else "assistant", total, scores, as_json)
    if not run.evaluations[0].rows:
        fail(f"{data} has no row that can be used. {_first_of(bad)}", as_json, code="no_rows")
    drawn = plots.draw(pictures, run.evaluations) if pictures is not None else []
    comparison = run.comparison(margin)
    _show(run.evaluations, comparison, bad, drawn, as_json)
    if comparison is not None and comparison.promote != "yes":
        raise SystemExit(REFUSED)


def _prepare_plots(folder: Path, as_json: bool) -> None:
    try:
        plots.prepare(folder)
    except plots.PlotsUnavailable as error:
        fail(str(error), as_json, code="plots_unavailable")
    except OSError as error:
        fail(f"{folder} is no folder to draw into: {error.strerror}", as_json, code="plots_unwritable")


def _lines_in(data: Path, as_json: bool) -> int:
    try:
        with data.open("rb") as file:
            return sum(1 for line in file if line.strip())
    except OSError as error:
        fail(f"{data} cannot be read: {error.strerror}", as_json, code="data_unreadable")


def _take_all(run: Run, data: Path, role: Role, total: int, scores: Path | None, as_json: bool) -> list[BadRow]:
    """Lets the run take every row; tells on standard error how far it is and which lines are no rows."""
    bad: list[BadRow] = []
    console = Console(stderr=True)
    with ExitStack() as opened:
        out = opened.enter_context(_writable(scores, as_json)) if scores is not None else None
        lines = opened.enter_context(data.open("rb"))
        progress = opened.enter_context(Progress(console=console, transient=True, disable=not console.is_terminal))
        for row in progress.track(_first(rows_of(lines, role), total), total=total, description="rows"):
            if isinstance(row, BadRow):
                _note(row, bad)
                continue
            examined = run.take(row)
            if out is not None:
                out.write(msgspec.json.encode(_scores(examined[0])) + b"\n")
    return bad


def _first(rows: Iterator[Row | BadRow], total: int) -> Iterator[Row | BadRow]:
    return (row for row, _ in zip(rows, range(total), strict=False))


def _writable(path: Path, as_json: bool) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}", as_json, code="scores_unwritable")


def _note(row: BadRow, bad: list[BadRow]) -> None:
    bad.append(row)
    if len(bad) <= _BAD_ROWS_SHOWN:
        click.echo(f"line {row.number}: {row.reason}", err=True)
    elif len(bad) == _BAD_ROWS_SHOWN + 1:
        click.echo("more lines that are no rows are counted, not told", err=True)


def _first_of(bad: list[BadRow]) -> str:
    return f"Line {bad[0].number}: {bad[0].reason}" if bad else "It is empty."


def _scores(examined: Examined) -> dict[str, object]:
    """What a row got; never its text."""
    row = examined.row
    return {"row": row.number, "label": int(row.positive), "source": row.source, "findings": [
        {**finding._asdict(), "action": action} for finding, action in examined.seen],
        "action": examined.action, "scores": examined.scores(), "microseconds": examined.nanoseconds / 1000}


def _show(evaluations: list[Evaluation], comparison: Comparison | None, bad: list[BadRow], drawn: list[Path],
          as_json: bool) -> None:
    reports = [evaluation.report() for evaluation in evaluations]
    if as_json:
        answer: dict[str, Any] = {
            "report": reports[0], "bad_rows": {"count": len(bad), "first": [
                {"line": row.number, "reason": row.reason} for row in bad[:_BAD_ROWS_SHOWN]]},
            "candidate": reports[1] if len(reports) == 2 else None, "comparison": comparison, "plots": drawn}
        print_json(answer)
        return
    for report in reports:
        click.echo("\n".join(tables_of(report)) + "\n")
    if bad:
        click.echo(f"{len(bad)} lines are no rows and were left out\n")
    if comparison is not None:
        click.echo("\n".join(told(comparison)))
    for path in drawn:
        click.echo(f"drawn: {path}")
