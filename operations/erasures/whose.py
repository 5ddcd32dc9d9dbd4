"""Whose: how a caller names a subject, by the application's own user id, by pseudonym, or by an exchange."""

from collections.abc import Callable

import msgspec
from sqlalchemy import Connection, select

from operations.admin.answers import AdminError
from operations.content.store import own_subject
from operations.erasures.report import Target
from operations.store.tables import exchange

SubjectOf = Callable[[str, str], str]


class Whose(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of ``user``, ``subject`` (the pseudonym) and ``exchange``."""

    tenant: str = "default"
    user: str | None = None
    subject: str | None = None
    exchange: str | None = None


def target_of(connection: Connection, whose: Whose, subject_of: SubjectOf) -> Target:
    """Raises AdminError where not exactly one is named. A user that nobody has heard of is a target too: there may be
    something of it that is not in the ledger yet."""
    named = [name for name in ("user", "subject", "exchange") if getattr(whose, name)]
    if len(named) != 1:
        raise AdminError(400, "invalid_body", "Name one of user (the application's own id), subject (its pseudonym) "
                         f"and exchange; found {' and '.join(named) or 'none'}.")
    if whose.user:
        return Target(tenant=whose.tenant, subject=subject_of(whose.tenant, whose.user))
    if whose.subject:
        return Target(tenant=whose.tenant, subject=whose.subject)
    wanted = whose.exchange or ""
    row = connection.execute(select(exchange.c.tenant, exchange.c.subject).where(exchange.c.id == wanted)).first()
    if row is None:
        raise AdminError(404, "exchange_not_found",
                         f"There is no exchange {wanted!r} in the ledger. Give its whole id.")
    return Target(tenant=row.tenant, subject=row.subject or own_subject(wanted), exchange=wanted)
