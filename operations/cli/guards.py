"""The commands that try guards out. They ask nobody: no server, no network."""

import click
import msgspec

from guardrails.compiling import Catalogue
from operations.cli.guard_options import with_catalogue
from operations.cli.output import as_json_option, columns, fail, print_json
from operations.cli.program import LazyGroup
from operations.guards.detectors import described

_COMMANDS = {
    "test": ("guard_testing", "test"),
    "evaluate": ("guard_evaluation", "evaluate"),
    "drift": ("guard_drift", "drift"),
    "train": ("guard_training", "train"),
    "models": ("guard_models", "models"),
    "list": ("guards", "list_detectors"),
    "show": ("guards", "show_detector"),
}


@click.command(cls=LazyGroup, commands_at=_COMMANDS, epilog="""\b
Examples:
  gatewright guard test "write to jo@example.org"
  gatewright guard evaluate --data rows.jsonl --policy standard
  gatewright guard drift last-week.jsonl this-week.jsonl
  gatewright guard list
\b
They work offline and in an empty folder: without a routing document the built-in policy, standard, is used.
""")
def guard() -> None:
    """Tries guards out: on one text, on rows whose right answer is known, on scores of then and of now."""


@click.command("list", epilog="""\b
Examples:
  gatewright guard list
  gatewright guard list --json
""")
@as_json_option
@with_catalogue
def list_detectors(catalogue: Catalogue, as_json: bool) -> None:
    """Lists the detectors: what they find, how (pattern, reader, watcher), and on which sides."""
    found = described(catalogue)
    if as_json:
        print_json({"detectors": found})
        return
    click.echo(columns(("DETECTOR", "KIND", "SIDES", "LABELS"), [
        (one.name, ", ".join(one.kinds) or "by its settings", ", ".join(one.sides), _few(one.labels))
        for one in found]))


def _few(labels: list[str]) -> str:
    return ", ".join(labels) if len(labels) <= 12 else f"{', '.join(labels[:10])} and {len(labels) - 10} more"


@click.command("show", epilog="""\b
Example:
  gatewright guard show personal_data
""")
@click.argument("name")
@as_json_option
@with_catalogue
def show_detector(catalogue: Catalogue, name: str, as_json: bool) -> None:
    """Shows one detector, with all its labels and the settings that only its rule has."""
    found = next((one for one in described(catalogue) if one.name == name), None)
    if found is None:
        fail(f"There is no detector {name!r}; see: gatewright guard list", as_json, code="detector_not_found")
    if as_json:
        print_json(found)
        return
    click.echo(columns(("FIELD", "VALUE"), [
        (field, ", ".join(value) if isinstance(value, list) else value)
        for field, value in msgspec.structs.asdict(found).items()]))
