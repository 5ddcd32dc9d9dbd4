"""What commands print: text for people, JSON for scripts, and errors that say what to do."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar

import click
import msgspec

from gateway.config.checking import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")


def print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode())


def fail(message: str, as_json: bool, **more: Any) -> NoReturn:
    """Ends the command with status 1; in JSON the error stands where the answer would."""
    if as_json:
        print_json({"error": {"message": message, **more}})
    else:
        click.echo(message, err=True)
    raise SystemExit(1)


def fail_with_problems(errors: Iterable[ConfigurationError], as_json: bool) -> NoReturn:
    """Ends the command with every problem of every document."""
    found = [(error.source, problem) for error in errors for problem in error.problems]
    if as_json:
        print_json({"ok": False, "problems": [
            {"source": source, **msgspec.structs.asdict(problem)} for source, problem in found]})
    for source, problem in () if as_json else found:
        click.echo(f"{source}: {problem}", err=True)
    raise SystemExit(1)


def columns(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Rows under a header, each column as wide as its widest cell."""
    table = [list(header), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(header))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                     for row in table)
