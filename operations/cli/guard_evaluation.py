"""``gatewright guard evaluate``."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import click
import msgspec
from rich.console import Console
from rich.progress import Progress

from guardrails.compiling import Catalogue
from guardrails.evaluation.comparison import Comparison
from guardrails.evaluation.evaluation import Report
from guardrails.evaluation.examiner import Examined
from guardrails.evaluation.row import BadRow, Row
from guardrails.evaluation.run import Run
from guardrails.guard import Side
from guardrails.passage import Role
from operations.cli.evaluation_tables import tables_of, told
from operations.cli.guard_options import (
    REFUSED,
    examiner_of,
    policy_named,
    policy_option,
    prepare_plots,
    routing_option,
    side_option,
    with_catalogue,
)
from operations.cli.output import as_json_option, fail, print_json
from operations.cli.score_tables import advice_tables
from operations.guards import plots
from operations.guards.rows import DataFile, data_files, place_of, rows_in
from operations.guards.thresholds import Advice, advise

_TIMED_ROWS = 2000  # that each detector judges alone too
_BAD_ROWS_SHOWN = 10


@click.command(epilog="""\b
Examples:
  gatewright guard evaluate --data rows.jsonl
  gatewright guard evaluate --data rows.jsonl --data more.jsonl --scores scores.jsonl --plots pictures
  gatewright guard evaluate --data rows.jsonl --false-alarms 0.01 --false-alarms 0.001
  gatewright guard evaluate --data rows.jsonl --policy strict --compare stricter.yaml --margin 0.002
  gatewright guard evaluate --data replies.jsonl --side reply --json
\b
A row is a line of JSON: {"text": "...", "label": 1}, or with {"spans": [{"start": 0, "end": 4, "type": "EMAIL"}]}, or
with {"labels": ["HATE"]}, or with several of them; "role" and "source" may stand there too.
\b
--false-alarms finds, for each detector, the lowest threshold at which no larger share of the negative rows is found:
"count" by these rows; "promise" so that with --confidence the same holds for all rows like them, although these rows
choose it. It takes 299 negative rows to promise 0.01, and 2995 to promise 0.001.
\b
Exit status: 0 done, and with --compare: may be promoted; 3 with --compare: may not, or the rows do not decide it; 1 the
data or a policy cannot be used; 2 wrong usage.
""")
@click.option("--data", required=True, multiple=True, type=click.Path(path_type=Path),
              help="The rows, a line of JSON each. Repeat it for several files: figures are told by file too.")
@policy_option
@click.option("--compare", metavar="POLICY", help="The policy that may take its place: told by name or file as well.")
@click.option("--margin", default=0.005, show_default=True, type=click.FloatRange(0, 1),
              help="By how much it may be worse, as a share: 0.005 is one row in 200.")
@click.option("--false-alarms", "rates", multiple=True, metavar="RATE",
              type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="Choose thresholds for so many false alarms, as a share of negative rows. Repeat it for several.")
@click.option("--confidence", default=0.95, show_default=True,
              type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Of what --false-alarms promises.")
@click.option("--by-role", is_flag=True, help="With --false-alarms: a threshold for each role that the rows have.")
@routing_option
@side_option
@click.option("--scores", type=click.Path(path_type=Path), help="Write here what each row got, a line of JSON each.")
@click.option("--plots", "pictures", type=click.Path(path_type=Path), help="Draw pictures into this folder (SVG).")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many rows, the first.")
@as_json_option
@with_catalogue
def evaluate(catalogue: Catalogue, data: tuple[Path, ...], policy: str | None, compare: str | None, margin: float,
             rates: tuple[float, ...], confidence: float, by_role: bool, routing: Path, side: Side,
             scores: Path | None, pictures: Path | None, limit: int | None, as_json: bool) -> None:
    """Measures how well a policy judges rows whose right answer is known, and which thresholds keep false alarms rare;
    --compare: whether another policy does better."""
    wanted = [policy] if compare is None else [policy, compare]
    examiners = [examiner_of(policy_named(name, routing, as_json), side, catalogue, as_json) for name in wanted]
    if pictures is not None:
        prepare_plots(pictures, as_json)
    files = _files_of(data, as_json)
    total = min(sum(file.rows for file in files), limit or sys.maxsize)
    run = Run(examiners, timed_every=max(1, -(-total // _TIMED_ROWS)))
    bad = _take_all(run, files, "user" if side == "prompt" else "assistant", total, scores, as_json)
    if not run.evaluations[0].rows:
        whose = f"{data[0]} has" if len(data) == 1 else f"{', '.join(map(str, data))} have"
        fail(f"{whose} no row that can be used. {_first_of(bad, files)}", as_json, code="no_rows")
    advice = advise(run.evaluations[0], examiners[0].rules, rates, confidence, by_role) if rates else None
    drawn = plots.draw(pictures, run.evaluations, advice) if pictures is not None else []
    answer = Answer([evaluation.report() for evaluation in run.evaluations], run.comparison(margin), advice, bad, drawn)
    print_json(answer.as_json()) if as_json else click.echo("\n".join(answer.as_text()))
    if answer.comparison is not None and answer.comparison.promote != "yes":
        raise SystemExit(REFUSED)


class Answer(NamedTuple):
    """What is told in the end."""

    reports: list[Report]
    comparison: Comparison | None
    advice: Advice | None
    bad: list[BadRow]
    drawn: list[Path]

    def as_json(self) -> dict[str, object]:
        return {"report": self.reports[0], "bad_rows": {"count": len(self.bad), "first": [
                    {"line": row.number, "reason": row.reason} for row in self.bad[:_BAD_ROWS_SHOWN]]},
                "candidate": self.reports[1] if len(self.reports) == 2 else None, "comparison": self.comparison,
                "thresholds": self.advice, "plots": self.drawn}

    def as_text(self) -> Iterator[str]:
        for report in self.reports:
            yield from tables_of(report)
            yield ""
        if self.bad:
            yield f"{len(self.bad)} lines are no rows and were left out\n"
        if self.advice is not None:
            yield from advice_tables(self.advice)
        if self.comparison is not None:
            yield from told(self.comparison)
        yield from (f"drawn: {path}" for path in self.drawn)


def _files_of(data: tuple[Path, ...], as_json: bool) -> list[DataFile]:
    try:
        return data_files(data)
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}", as_json, code="data_unreadable")


def _take_all(run: Run, files: list[DataFile], role: Role, total: int, scores: Path | None,
              as_json: bool) -> list[BadRow]:
    """Lets the run take every row; tells on standard error how far it is and which lines are no rows."""
    bad: list[BadRow] = []
    console = Console(stderr=True)
    with ExitStack() as opened:
        out = opened.enter_context(_writable(scores, as_json)) if scores is not None else None
        progress = opened.enter_context(Progress(console=console, transient=True, disable=not console.is_terminal))
        for row in progress.track(_first(rows_in(files, role), total), total=total, description="rows"):
            if isinstance(row, BadRow):
                _note(row, bad, files)
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


def _note(row: BadRow, bad: list[BadRow], files: list[DataFile]) -> None:
    bad.append(row)
    if len(bad) <= _BAD_ROWS_SHOWN:
        click.echo(f"{place_of(row.number, files)}: {row.reason}", err=True)
    elif len(bad) == _BAD_ROWS_SHOWN + 1:
        click.echo("more lines that are no rows are counted, not told", err=True)


def _first_of(bad: list[BadRow], files: list[DataFile]) -> str:
    if not bad:
        return "It is empty." if len(files) == 1 else "They are empty."
    place = place_of(bad[0].number, files)
    return f"{place[0].upper()}{place[1:]}: {bad[0].reason}" if len(files) == 1 else f"{place}: {bad[0].reason}"


def _scores(examined: Examined) -> dict[str, object]:
    """What a row got; never its text."""
    row = examined.row
    return {
        "row": row.number, "label": int(row.positive), "source": row.source, "bytes": len(row.text.encode()),
        "findings": [{**finding._asdict(), "action": action} for finding, action in examined.seen],
        "action": examined.action, "scores": examined.scores(), "microseconds": examined.nanoseconds / 1000}
