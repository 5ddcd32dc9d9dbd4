"""The commands that erase, and that show what was."""

import base64
import binascii
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click
import msgspec

from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import as_json_option, columns, fail, print_json
from operations.cli.revisions import limit_option, moment
from operations.cli.whose import (
    dry_run_option,
    exchange_option,
    pseudonym_option,
    reason_option,
    tenant_option,
    user_option,
    whose,
)
from operations.erasures.reapply import reports_in
from operations.erasures.report import NotSigned, Report, verified


@click.command(epilog="""\b
Examples:
  gatewright erase --subject jo@example.org --tenant retail --reason "asked to be forgotten" --dry-run
  gatewright erase --subject jo@example.org --tenant retail --reason "asked to be forgotten" --json > report.json
  gatewright erase --exchange 019ab3c4d5e6f708192a3b4c5d6e7f80 --reason "ticket 4711"
""")
@user_option
@pseudonym_option
@exchange_option
@tenant_option
@reason_option
@dry_run_option
@admin_options
def erase(admin: Admin, user: str | None, pseudonym: str | None, exchange: str | None, tenant: str, reason: str,
          dry_run: bool) -> None:
    """Destroys the key of a subject, and all that is kept under it, for good. Its records stay: they say what happened,
    under a pseudonym, and nothing of what was said."""
    answer = admin.post("/admin/erasures", {
        **whose(tenant, user, pseudonym, exchange), "reason": reason, "actor": actor(), "dry_run": dry_run})
    if admin.as_json:
        print_json(answer)
        return
    report = answer["report"]
    destroyed = report["destroyed"]
    click.echo(f"{'would be destroyed' if dry_run else 'destroyed'}: {len(destroyed['keys'])} keys, "
               f"{len(destroyed['contents'])} items ({destroyed['content_bytes']} bytes), "
               f"{len(destroyed['comments'])} comments")
    for name, count in destroyed["elsewhere"].items():
        click.echo(f"  {name}: {count}")
    if not dry_run:
        click.echo(f"erasure {report['id']}; its signed report: gatewright erasure show {report['id']}")
        if not answer["filed"]:
            click.echo("not filed in the state folder yet: the disk does not take it; this is tried again", err=True)


@click.group(epilog="""\b
Examples:
  gatewright erasure list
  gatewright erasure show 5f0c9a7e11d2b384
  gatewright erasure verify report.json --key "$(cat public-key)"
""")
def erasure() -> None:
    """What was erased, with signed reports."""


@erasure.command("list")
@limit_option
@admin_options
def list_erasures(admin: Admin, limit: int) -> None:
    """Lists erasures, the newest first."""
    answer = admin.get("/admin/erasures", limit=limit)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["id"], moment(row["at"]), row["tenant"], row["exchange_id"] or row["subject"], row["actor"],
             row["reason"]) for row in answer["erasures"]]
    click.echo(columns(("ERASURE", "AT (UTC)", "TENANT", "OF", "ACTOR", "REASON"), rows))


@erasure.command("show")
@click.argument("erasure_id")
@admin_options
def show_erasure(admin: Admin, erasure_id: str) -> None:
    """Shows one erasure's report, and its signature."""
    print_json(admin.get(f"/admin/erasures/{quote(erasure_id, safe='')}"))


@erasure.command("verify", epilog="""\b
FILE is what `erase --json` or `erasure show` printed, or a host's erasures.jsonl. The public key is that of
`gatewright erasure list --json`: keep it where the host cannot change it.
""")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--key", metavar="BASE64", help="The public key that it has to be signed with; else the one it names.")
@as_json_option
def verify(file: Path, key: str | None, as_json: bool) -> None:
    """Says whether reports are as they were signed. It asks nobody."""
    try:
        public = base64.b64decode(key, validate=True) if key is not None else None
        reports = _verified(file, public)
    except binascii.Error:
        fail("--key: expected base64", as_json, code="invalid_key")
    except OSError as error:
        fail(f"{file}: {error.strerror}", as_json, code="file_not_read")
    except NotSigned as error:
        fail(f"{file}: {error}", as_json, code="not_signed")
    if as_json:
        print_json({"ok": True, "reports": reports})
        return
    for report in reports:
        click.echo(f"{report.id}: signed, {report.at}: {len(report.destroyed.keys)} keys, "
                   f"{len(report.destroyed.contents)} items")


def _verified(file: Path, public: bytes | None) -> list[Report]:
    written = file.read_bytes()
    try:
        told: dict[str, Any] = msgspec.json.decode(written, type=dict[str, Any])
    except msgspec.DecodeError:
        reports, unverified = reports_in(file)
        if unverified:
            raise NotSigned(f"{unverified} lines are no signed report") from None
        return [verified(msgspec.json.encode(signed), public) for _, signed in reports]
    return [verified(msgspec.json.encode(told["signed"]) if told.get("signed") else written, public)]
