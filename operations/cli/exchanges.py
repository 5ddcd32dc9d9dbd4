"""The commands that look at exchanges."""

from typing import Any
from urllib.parse import quote

import click

from operations.cli.client import Admin, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import limit_option, moment
from operations.ledger.lengths import time_of
from operations.ledger.story import story_of


@click.command(epilog="""\b
Examples:
  gatewright explain 019ab3c4     (the first 8 characters of an id or more)
  gatewright explain "$(gatewright exchange list --outcome failed --limit 1 --json | jq -r .exchanges[0].id)"
\b
The id of a reply is its x-request-id header.
""")
@click.argument("exchange_id")
@admin_options
def explain(admin: Admin, exchange_id: str) -> None:
    """Tells the story of one exchange: who asked, which version answered and why, how it ended, what it took and cost,
    and what was said of it."""
    row = _exchange(admin, exchange_id)
    story = story_of(row)
    if admin.as_json:
        timeline = [{"after_seconds": after, "says": says} for after, says in story.timeline]
        print_json({"story": story.lines(), "timeline": timeline, "figures": dict(story.figures), "exchange": row})
        return
    for line in story.lines():
        click.echo(line)


def _exchange(admin: Admin, exchange_id: str) -> Any:
    return admin.get(f"/admin/exchanges/{quote(exchange_id, safe='')}")


@click.group(epilog="""\b
Examples:
  gatewright exchange list --model assistant --outcome failed
  gatewright exchange list --tenant acme --named 7f3a       (what a caller asks about, by its own x-request-id)
  gatewright exchange show 019ab3c4
""")
def exchange() -> None:
    """Finished requests, as the ledger has them."""


@exchange.command("list")
@limit_option
@click.option("--model", help="Only those that asked for this model.")
@click.option("--outcome", type=click.Choice(["answered", "refused", "failed", "abandoned"]), help="Only these.")
@click.option("--version", "arm_served", help="Only those that this version answered.")
@click.option("--tenant", help="Only those of this tenant.")
@click.option("--key", help="Only those that came with the key of this id.")
@click.option("--subject", help="Only those of this caller, by the pseudonym that the ledger has.")
@click.option("--named", "client_request_id", help="Only those that the caller gave this x-request-id.")
@click.option("--batch", help="Only those of this batch.")
@click.option("--parent", help="Only those that copy or repeat this exchange.")
@click.option("--trial", help="Only those of this trial.")
@admin_options
def list_exchanges(admin: Admin, limit: int, **only: str | None) -> None:
    """Lists exchanges, the newest first."""
    answer = admin.get("/admin/exchanges", limit=limit, **only)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["id"], moment(row["started_at"]), row["model"] or "-", row["arm_served"] or "-", row["outcome"],
             row["code"] or row["status"], time_of(row["total_seconds"]), row["completion_tokens"])
            for row in answer["exchanges"]]
    click.echo(columns(("ID", "BEGAN (UTC)", "MODEL", "VERSION", "OUTCOME", "STATUS", "TOOK", "TOKENS"), rows))


@exchange.command("show")
@click.argument("exchange_id")
@admin_options
def show_exchange(admin: Admin, exchange_id: str) -> None:
    """Shows every field of one exchange."""
    row = _exchange(admin, exchange_id)
    if admin.as_json:
        print_json(row)
        return
    click.echo(columns(("FIELD", "VALUE"), list(row.items())))
