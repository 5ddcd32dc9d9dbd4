"""How commands name whose something is."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

reason_option = click.option("--reason", required=True, help="Why: kept with the act, for good. Name nobody in it.")
dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
tenant_option = click.option("--tenant", default="default", show_default=True, help="Whose application it is.")
user_option = click.option("--subject", "user", metavar="USER",
                           help="The application's own id of the user, as its requests have it.")
pseudonym_option = click.option("--pseudonym", metavar="P", help="The user's pseudonym, as records have it.")
exchange_option = click.option("--exchange", metavar="ID", help="One exchange alone, by its whole id.")


def whose(tenant: str, user: str | None, pseudonym: str | None, exchange: str | None = None) -> dict[str, Any]:
    """The fields of a body; raises click.UsageError where not exactly one is named."""
    if sum(map(bool, (user, pseudonym, exchange))) != 1:
        raise click.UsageError("Name one of --subject USER, --pseudonym P and --exchange ID.")
    return {"tenant": tenant, "user": user or None, "subject": pseudonym or None, "exchange": exchange or None}
