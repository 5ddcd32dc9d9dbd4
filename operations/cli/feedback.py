"""The commands that look at feedback."""

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import click

from gateway.config.written import Duration
from operations.cli.client import Admin, admin_options
from operations.cli.output import columns, print_json
from operations.cli.revisions import limit_option, moment
from operations.ledger.signals_told import value_of

F = TypeVar("F", bound=Callable[..., Any])


def _moment_before(ctx: click.Context, param: click.Parameter, ago: str | None) -> float | None:
    """Unix seconds of the moment that lies so long back."""
    if ago is None:
        return None
    try:
        return time.time() - Duration.parse(ago)
    except ValueError:
        raise click.BadParameter(f"{ago!r} is no length of time: expected one such as 12h or 7d.") from None


def wanted_options(command: F) -> F:
    """Which feedback is meant."""
    for option in (
            click.option("--since", metavar="AGO", callback=_moment_before,
                         help="Only of so long ago at most, such as 12h or 7d."),
            click.option("--tenant", help="Only this tenant's."),
            click.option("--metric", help="Only of this metric.")):
        command = option(command)
    return command


@click.group(epilog="""\b
Examples:
  gatewright feedback list --metric helpful --since 7d
  gatewright feedback summary --since 30d
\b
Applications send it: POST /v1/feedback.
""")
def feedback() -> None:
    """What was said of exchanges: the newest value of each metric counts."""


@feedback.command("list")
@limit_option
@click.option("--exchange", metavar="ID", help="Only about this exchange.")
@wanted_options
@click.option("--history", is_flag=True, help="Also what was replaced later, and what was sent again.")
@admin_options
def list_feedback(admin: Admin, limit: int, exchange: str | None, metric: str | None, tenant: str | None,
                  since: float | None, history: bool) -> None:
    """Lists feedback, the newest first."""
    answer = admin.get("/admin/feedback", limit=limit, exchange=exchange, metric=metric, tenant=tenant, since=since,
                       history="true" if history else None)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(moment(row["at"]), row["exchange_id"], row["tenant"], row["model"] or "-", row["version"] or "-",
             row["metric"], value_of(row), row["body"].get("comment", "")) for row in answer["feedback"]]
    click.echo(columns(("AT (UTC)", "EXCHANGE", "TENANT", "MODEL", "VERSION", "METRIC", "VALUE", "COMMENT"), rows))


@feedback.command("show")
@click.argument("feedback_id")
@admin_options
def show_feedback(admin: Admin, feedback_id: str) -> None:
    """Shows one feedback, by the id that its sender was told."""
    answer = admin.get(f"/admin/feedback/{quote(feedback_id, safe='')}")
    if admin.as_json:
        print_json(answer)
        return
    click.echo(columns(("FIELD", "VALUE"), list(answer.items())))


@feedback.command()
@wanted_options
@admin_options
def summary(admin: Admin, metric: str | None, tenant: str | None, since: float | None) -> None:
    """Adds up what stands, by metric, model and version: how often it was given, and the mean of what are numbers.

    True and false count as 1 and 0: their mean is the share of true.
    """
    answer = admin.get("/admin/feedback/summary", metric=metric, tenant=tenant, since=since)
    if admin.as_json:
        print_json(answer)
        return
    rows = [(row["metric"], row["model"] or "-", row["version"] or "-", row["count"], row["count"] - row["numbers"],
             "-" if row["mean"] is None else f"{row['mean']:.4g}") for row in answer["summary"]]
    click.echo(columns(("METRIC", "MODEL", "VERSION", "COUNT", "TEXTS", "MEAN"), rows))
