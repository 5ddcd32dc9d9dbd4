"""The commands that look at workers."""

from urllib.parse import quote

import click

from operations.cli.client import Admin, admin_options
from operations.cli.output import columns, print_json


@click.group(epilog="""\b
Examples:
  gatewright worker list
  gatewright worker show w0 --json
""")
def worker() -> None:
    """The data workers, as they last described themselves."""


@worker.command("list")
@admin_options
def list_workers(admin: Admin) -> None:
    """Lists the workers: state, revision and load."""
    answer = admin.get("/admin/workers")
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["worker"], row["pid"], row["state"], row["revision"], row["exchanges_in_flight"], row["connections"],
             "; ".join([*row["missing"], *([row["refused"]] if row["refused"] else [])])) for row in answer["workers"]]
    click.echo(columns(("WORKER", "PID", "STATE", "REVISION", "IN FLIGHT", "CONNECTIONS", "LACKS"), rows))


@worker.command("show")
@click.argument("name")
@admin_options
def show_worker(admin: Admin, name: str) -> None:
    """Shows all that one worker said, its endpoints included."""
    answer = admin.get(f"/admin/workers/{quote(name, safe='')}")
    if admin.as_json:
        print_json(answer)
        return
    endpoints = answer.pop("endpoints")
    click.echo(columns(("FIELD", "VALUE"), list(answer.items())))
    rows = [(one["version"], one["endpoint"], one["in_flight"], "yes" if one["healthy"] else "NO") for one in endpoints]
    click.echo("\n" + columns(("VERSION", "ENDPOINT", "IN FLIGHT", "HEALTHY"), rows))
