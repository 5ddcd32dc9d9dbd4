"""The commands that look at exchanges."""

import click

from operations.cli.client import Admin, admin_options
from operations.cli.output import print_json
from operations.ledger.story import story_of


@click.command(epilog="""\b
Examples:
  gatewright explain 01j9x3vt      (the beginning of an id will do)
  curl -si ... | grep x-request-id     shows the id of a reply
""")
@click.argument("exchange_id")
@admin_options
def explain(admin: Admin, exchange_id: str) -> None:
    """Tells the story of one exchange: who asked, which version answered and why, how it ended, what it took."""
    row = admin.get(f"/admin/exchanges/{exchange_id}")
    if admin.as_json:
        print_json({"story": story_of(row), "exchange": row})
        return
    for paragraph in story_of(row):
        click.echo(paragraph)
