"""The commands for batches."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import click

from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import limit_option, moment
from operations.cli.whose import dry_run_option, reason_option


@click.group(epilog="""\b
Examples:
  gatewright batch list --tenant retail
  gatewright batch cancel batch_01a21a6e80a18b29fdfe746b45a2 --reason "the wrong prompts"
""")
def batch() -> None:
    """Batches that applications have left here to be answered when there is room."""


@batch.command("list")
@limit_option
@click.option("--tenant", help="Only this tenant's.")
@admin_options
def list_batches(admin: Admin, limit: int, tenant: str | None) -> None:
    """Lists the newest batches."""
    found = admin.get("/admin/batches", limit=limit, tenant=tenant)["batches"]
    if admin.as_json:
        print_json(found)
        return
    click.echo(columns(("BATCH", "TENANT", "STATE", "ANSWERED", "FAILED", "LINES", "CREATED"), [
        (one["id"], one["tenant"], one["state"], one["completed"], one["failed"], one["total"],
         moment(one["created_at"])) for one in found]))


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@admin_options
def show(admin: Admin, batch_id: str) -> None:
    """Shows one BATCH: whose it is, how far it is, and what was wrong with its input."""
    found = admin.get(f"/admin/batches/{quote(batch_id, safe='')}")
    if admin.as_json:
        print_json(found)
        return
    for name in ("id", "tenant", "key", "endpoint", "state", "total", "completed", "failed", "prompt_tokens",
                 "completion_tokens"):
        click.echo(f"{name:18}{found[name]}")
    for state, at in {"created": found["created_at"], **found["at"], "expires": found["expires_at"]}.items():
        click.echo(f"{state:18}{moment(at)}")
    for error in found["errors"]:
        click.echo(_error(error))


def _error(error: Mapping[str, Any]) -> str:
    where = f"line {error['line']}" if error["line"] else "the file"
    return f"{where:18}{error['code']}"


@batch.command()
@click.argument("batch_id", metavar="BATCH")
@reason_option
@dry_run_option
@admin_options
def cancel(admin: Admin, batch_id: str, reason: str, dry_run: bool) -> None:
    """Cancels a BATCH: what is done stays, what is in flight is given up."""
    answer = admin.post(f"/admin/batches/{quote(batch_id, safe='')}/cancel",
                        {"reason": reason, "actor": actor(), "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
    elif dry_run:
        click.echo(f"would cancel {batch_id}, which is {answer['would_cancel']['state']}")
    else:
        click.echo(f"{batch_id} is {answer['cancelled']['state']}")
