"""The commands that look at revisions."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
import yaml

from operations.cli.client import Admin, admin_options
from operations.cli.output import columns, print_json
from operations.revisions.revision import Difference

limit_option = click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000),
                            help="How many, the newest first.")


def moment(seconds: float) -> str:
    """A time for people: UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _list(admin: Admin, limit: int) -> None:
    """Lists the revisions: when, by whom and why. The current one has a star."""
    answer = admin.get("/admin/revisions", limit=limit)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(f"{row['revision']}{'*' if row['revision'] == answer['current'] else ''}", moment(row["created_at"]),
             row["source"], row["actor"], row["reason"]) for row in answer["revisions"]]
    click.echo(columns(("REVISION", "CREATED (UTC)", "SOURCE", "ACTOR", "REASON"), rows))


def _show(admin: Admin, number: str) -> None:
    """Shows one revision, its number or "current": where it came from, and its routing as YAML."""
    answer = admin.get(f"/admin/revisions/{number}")
    if admin.as_json:
        print_json(answer)
        return
    based_on = f", based on {answer['based_on']}" if answer["based_on"] else ""
    click.echo(f"# revision {answer['revision']}{based_on}, {moment(answer['created_at'])} UTC, "
               f"from {answer['source']} by {answer['actor']}\n# {answer['reason']}")
    click.echo(yaml.safe_dump(answer["routing"], sort_keys=False, allow_unicode=True), nl=False)


def _listing(name: str, callback: Callable[..., Any]) -> click.Command:
    return click.command(name)(limit_option(admin_options(callback)))


def _showing(name: str, callback: Callable[..., Any]) -> click.Command:
    return click.command(name)(click.argument("number", default="current")(admin_options(callback)))


history = _listing("history", _list)
show_revision = _showing("show-revision", _show)


@click.group(epilog="""\b
Examples:
  gatewright revision list
  gatewright revision show 7 > routing-7.yaml
""")
def revision() -> None:
    """The revisions of the routing. The commands history and show-revision are the same."""


revision.add_command(_listing("list", _list))
revision.add_command(_showing("show", _show))


@click.command(epilog="""\b
Examples:
  gatewright diff 6 7
  gatewright diff 6 current
""")
@click.argument("before")
@click.argument("after")
@admin_options
def diff(admin: Admin, before: str, after: str) -> None:
    """Says what differs between two revisions, path by path."""
    answer = admin.get(f"/admin/revisions/{before}/diff/{after}")
    if admin.as_json:
        print_json(answer)
        return
    for difference in answer["differences"]:
        click.echo(str(Difference(**difference)))
    if not answer["differences"]:
        click.echo("no difference")
