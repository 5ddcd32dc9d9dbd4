"""``gatewright export``."""

from pathlib import Path

import click

from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import fail, print_json
from operations.cli.whose import pseudonym_option, reason_option, tenant_option, user_option, whose
from operations.exports.reading import Incomplete, counts_in


@click.command(epilog="""\b
Examples:
  gatewright export --subject jo@example.org --tenant retail --out jo.jsonl --reason "asked for a copy"
\b
FILE has one JSON object a line: the subject, holds, erasures, exchanges, signals, content in the clear; the last line
counts them and has their SHA-256. Only this user can read it.
""")
@user_option
@pseudonym_option
@tenant_option
@click.option("--out", "file", required=True, type=click.Path(path_type=Path), help="Where to; it must not exist yet.")
@reason_option
@admin_options
def export(admin: Admin, user: str | None, pseudonym: str | None, tenant: str, file: Path, reason: str) -> None:
    """Writes everything that is held of a subject to FILE."""
    body = {**whose(tenant, user, pseudonym), "reason": reason, "actor": actor()}
    size = admin.download("/admin/exports", body, file)
    try:
        counts = counts_in(file)
    except Incomplete as error:
        fail(f"{file} is not complete: {error}", admin.as_json, code="export_incomplete")
    if admin.as_json:
        print_json({"file": str(file), "bytes": size, "lines": counts})
        return
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if kind != "subject")
    click.echo(f"{file}: {told or 'nothing is held'} ({size} bytes)")
