"""The commands that change the routing and look at what it was."""

from pathlib import Path
from typing import Any

import click

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_routing
from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import fail_with_problems, print_json
from operations.revisions.revision import Difference

_WAIT_SECONDS = 10.0


@click.command(epilog="""\b
Examples:
  gatewright apply routing.yaml --reason "a tenth to smol-2"
  gatewright apply routing.yaml --reason "same, if nobody was faster" --based-on 7
  gatewright apply routing.yaml --reason "what would happen?" --dry-run
""")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Why: kept with the revision.")
@click.option("--based-on", type=int, help="Refuse unless this revision is still the current one.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--wait/--no-wait", default=True, help="Wait until the workers serve it (up to 10 s); the default.")
@admin_options
def apply(admin: Admin, file: Path, reason: str, based_on: int | None, dry_run: bool, wait: bool) -> None:
    """Makes the routing in FILE the live revision."""
    answer = admin.post("/admin/revisions", {
        "routing": _routing_in(file, admin.as_json), "reason": reason, "actor": actor(), "based_on": based_on,
        "dry_run": dry_run, "wait_seconds": _WAIT_SECONDS if wait else 0})
    _show_change(admin, answer, wait)


def _routing_in(file: Path, as_json: bool) -> Any:
    try:
        return read_routing(file)[1]
    except ConfigurationError as error:
        fail_with_problems([error], as_json)


def _show_change(admin: Admin, answer: Any, wait: bool) -> None:
    behind = [name for name, serves in answer.get("workers", {}).items() if not serves] if wait else []
    if admin.as_json:
        print_json(answer)
    else:
        _tell_change(answer, wait, behind)
    if behind:
        raise SystemExit(1)


def _tell_change(answer: Any, wait: bool, behind: list[str]) -> None:
    show_plan(answer["plan"])
    if answer.get("dry_run"):
        click.echo(f"dry run: revision {answer['revision']} stays")
    elif not answer["new"]:
        click.echo(f"unchanged: revision {answer['revision']} is this already")
    else:
        click.echo(f"revision {answer['revision']} is live")
    if behind:
        click.echo(f"not served yet by {', '.join(behind)}; see: gatewright worker list", err=True)
    elif wait and answer.get("workers"):
        click.echo(f"served by {', '.join(answer['workers'])}")


def show_plan(plan: Any) -> None:
    for difference in plan["differences"]:
        click.echo(str(Difference(**difference)))
    for warning in plan["warnings"]:
        click.echo(f"warning: {warning}")
