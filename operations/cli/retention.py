"""The commands for retention."""

import click

from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import moment
from operations.cli.whose import dry_run_option, reason_option

_DAY = 86_400


@click.group(epilog="""\b
Examples:
  gatewright retention list
  gatewright retention show
  gatewright retention run --reason "do not wait ten minutes" --dry-run
""")
def retention() -> None:
    """How long the ledger keeps what it has, and what is due."""


@retention.command("list")
@admin_options
def list_periods(admin: Admin) -> None:
    """Lists the periods: the general ones, those of classes, those of tenants, which count before."""
    periods = admin.get("/admin/retention")["periods"]
    if admin.as_json:
        print_json(periods)
        return
    rows = [("general", kind, f"{periods[kind] / _DAY:g} d") for kind in ("exchanges", "signals", "content")]
    rows += [(f"{noun} {name}", kind, f"{seconds / _DAY:g} d")
             for noun, group in (("class", "classes"), ("tenant", "tenants"))
             for name, own in periods[group].items() for kind, seconds in own.items() if seconds is not None]
    click.echo(columns(("OF", "KIND", "KEPT FOR"), rows))


@retention.command("show")
@admin_options
def show(admin: Admin) -> None:
    """Shows how much of each kind is due, and how old the oldest is."""
    answer = admin.get("/admin/retention")
    if admin.as_json:
        print_json(answer)
        return
    rows = [(kind, f"{answer['periods'][kind] / _DAY:g} d", count,
             moment(answer["oldest"][kind]) if kind in answer["oldest"] else "-")
            for kind, count in answer["due"].items()]
    click.echo(columns(("KIND", "KEPT FOR", "DUE", "OLDEST (UTC)"), rows))
    for warning in answer["warnings"]:
        click.echo(f"warning: {warning}")


@retention.command("run")
@reason_option
@dry_run_option
@admin_options
def run(admin: Admin, reason: str, dry_run: bool) -> None:
    """Deletes what is due now; the gateway itself does so every ten minutes."""
    answer = admin.post("/admin/retention/run", {"reason": reason, "actor": actor(), "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
        return
    told = answer["due"] if dry_run else answer["deleted"]
    click.echo(("would be deleted: " if dry_run else "deleted: ")
               + ", ".join(f"{count} {kind}" for kind, count in told.items()))
