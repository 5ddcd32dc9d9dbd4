"""The commands that change the routing, or say what a change would do."""

from pathlib import Path
from typing import Any

import click

from gateway.config.checking import ConfigurationError
from gateway.config.reading import read_routing
from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import fail, fail_with_problems, print_json
from operations.revisions.revision import Difference

_WAIT_SECONDS = 10.0

reason_option = click.option("--reason", required=True, help="Why: kept with the revision, for good.")
based_on_option = click.option("--based-on", type=int, help="Refuse unless this revision is still the current one.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
wait_option = click.option("--wait/--no-wait", default=True, show_default=True,
                           help="Wait until every worker serves it, up to 10 s; status 1 where one does not.")


@click.command(epilog="""\b
Examples:
  gatewright plan routing.yaml
  gatewright plan routing.yaml --json
""")
@click.argument("file", type=click.Path(path_type=Path))
@admin_options
def plan(admin: Admin, file: Path) -> None:
    """Says what applying the routing in FILE would change, path by path. It changes nothing."""
    answer = admin.post("/admin/revisions/plan", {"routing": _routing_in(file, admin.as_json)})
    if admin.as_json:
        print_json(answer)
        return
    show_plan(answer)
    if answer["changes_nothing"]:
        click.echo("nothing would change")
    elif answer["based_on"] is not None:
        click.echo(f'to do so: gatewright apply {file} --based-on {answer["based_on"]} --reason "..."')


@click.command(epilog="""\b
Examples:
  gatewright apply routing.yaml --reason "a tenth to smol-2"
  gatewright apply routing.yaml --reason "same, if nobody was faster" --based-on 7
  gatewright apply routing.yaml --reason "what would happen?" --dry-run
""")
@click.argument("file", type=click.Path(path_type=Path))
@reason_option
@based_on_option
@dry_run_option
@wait_option
@admin_options
def apply(admin: Admin, file: Path, reason: str, based_on: int | None, dry_run: bool, wait: bool) -> None:
    """Makes the routing in FILE the live revision."""
    answer = admin.post("/admin/revisions", {
        "routing": _routing_in(file, admin.as_json), "reason": reason, "actor": actor(), "based_on": based_on,
        "dry_run": dry_run, "wait_seconds": _WAIT_SECONDS if wait else 0})
    _show_change(admin, answer, wait)


@click.command(epilog="""\b
Examples:
  gatewright rollback --reason "smol-2 is slow"            to the revision before the current one
  gatewright rollback --to 4 --reason "back to last week"
""")
@click.option("--to", type=click.IntRange(min=1), help="The revision whose routing is wanted; else the one before.")
@reason_option
@based_on_option
@dry_run_option
@wait_option
@admin_options
def rollback(
    admin: Admin, to: int | None, reason: str, based_on: int | None, dry_run: bool, wait: bool
) -> None:
    """Makes the routing of an earlier revision live again, as a new revision: history is never rewritten."""
    if to is None:
        current = admin.get("/admin/revisions/current")["revision"]
        if current == 1:
            fail("Revision 1 is current: there is none before it.", admin.as_json, code="nothing_before")
        # Named as the base: where another change comes between, "the one before" is not what was meant.
        to, based_on = current - 1, current if based_on is None else based_on
    answer = admin.post(f"/admin/revisions/{to}/rollback", {
        "reason": reason, "actor": actor(), "based_on": based_on, "dry_run": dry_run,
        "wait_seconds": _WAIT_SECONDS if wait else 0})
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
