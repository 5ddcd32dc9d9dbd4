"""The commands that look at what is kept of exchanges."""

from typing import Any
from urllib.parse import quote

import click
import msgspec

from operations.cli.client import Admin, actor, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import limit_option, moment
from operations.cli.whose import reason_option


@click.group(epilog="""\b
Examples:
  gatewright content list --tenant retail
  gatewright content show 019ab3c4... --reason "ticket 4711: a wrong answer"
""")
def content() -> None:
    """What is kept of exchanges, encrypted. To look into it is an act, and says why."""


@content.command("list")
@limit_option
@click.option("--tenant", help="Only this tenant's.")
@click.option("--pseudonym", help="Only this subject's, by its pseudonym.")
@click.option("--after", help="From behind this id on: the last one of the page before.")
@admin_options
def list_content(admin: Admin, limit: int, tenant: str | None, pseudonym: str | None, after: str | None) -> None:
    """Lists what is kept, and until when; not what it says."""
    answer = admin.get("/admin/content", limit=limit, tenant=tenant, subject=pseudonym, after=after)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["id"], moment(row["started_at"]), row["tenant"], row["subject"], moment(row["until"]), row["size"])
            for row in answer["content"]]
    click.echo(columns(("ID", "BEGAN (UTC)", "TENANT", "SUBJECT", "UNTIL (UTC)", "BYTES"), rows))


@content.command("show")
@click.argument("exchange_id")
@reason_option
@admin_options
def show_content(admin: Admin, exchange_id: str, reason: str) -> None:
    """Opens what is kept of one exchange (or of one comment, by its signal's id)."""
    answer = admin.post(f"/admin/content/{quote(exchange_id, safe='')}", {"reason": reason, "actor": actor()})
    if admin.as_json:
        print_json(answer)
        return
    click.echo(f"{answer['id']} of tenant {answer['tenant']}, kept until {moment(answer['until'])} UTC; "
               + ("as its record has it" if answer["as_recorded"] else "NOT what its record has"))
    for name in ("prompt", "reply", "comment"):
        if answer[name]:
            cut = " (cut)" if answer.get(f"{name}_cut") else ""
            click.echo(f"\n{name}{cut}:\n{_text(answer[name])}")
    if answer["withheld"]:
        click.echo(f"\nno reply: {answer['withheld']}")


def _text(told: Any) -> str:
    return told if isinstance(told, str) else msgspec.json.format(msgspec.json.encode(told), indent=2).decode()
