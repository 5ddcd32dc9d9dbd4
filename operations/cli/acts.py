"""The commands that look at acts."""

import click

from operations.cli.client import Admin, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import limit_option, moment


@click.group(epilog="""\b
Examples:
  gatewright act list
  gatewright act show 12
""")
def act() -> None:
    """What people and controllers did, and why they said they did it."""


@act.command("list")
@limit_option
@admin_options
def list_acts(admin: Admin, limit: int) -> None:
    """Lists acts, the newest first."""
    answer = admin.get("/admin/acts", limit=limit)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["id"], moment(row["at"]), row["kind"], row["actor"], row["reason"]) for row in answer["acts"]]
    click.echo(columns(("ACT", "AT (UTC)", "KIND", "ACTOR", "REASON"), rows))


@act.command("show")
@click.argument("number", type=int)
@admin_options
def show_act(admin: Admin, number: int) -> None:
    """Shows one act, with what was before and after it."""
    answer = admin.get(f"/admin/acts/{number}")
    if admin.as_json:
        print_json(answer)
        return
    click.echo(columns(("FIELD", "VALUE"), list(answer.items())))
