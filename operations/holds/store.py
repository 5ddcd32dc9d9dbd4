"""The SQL of legal holds."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, insert, or_, select, update

from operations.holds.hold import Hold, UnderHold
from operations.store.tables import exchange, legal_hold


def add(connection: Connection, hold: Hold) -> None:
    connection.execute(insert(legal_hold).values(
        id=hold.id, tenant=hold.tenant, subject=hold.subject, actor=hold.actor, reason=hold.reason,
        placed_at=hold.placed_at, released_at=None, released_by="", release_reason=""))


def release(connection: Connection, hold_id: str, at: float, actor: str, reason: str) -> None:
    connection.execute(update(legal_hold).where(legal_hold.c.id == hold_id, legal_hold.c.released_at.is_(None)).values(
        released_at=at, released_by=actor, release_reason=reason))


def numbered(connection: Connection, hold_id: str) -> Hold | None:
    row = connection.execute(select(legal_hold).where(legal_hold.c.id == hold_id)).mappings().first()
    return Hold(**row) if row else None


def listed(connection: Connection, limit: int, *, released: bool = False) -> list[Hold]:
    """Those that hold, or with ``released`` all, the newest first."""
    query = select(legal_hold).order_by(legal_hold.c.placed_at.desc(), legal_hold.c.id).limit(limit)
    if not released:
        query = query.where(legal_hold.c.released_at.is_(None))
    return [Hold(**row) for row in connection.execute(query).mappings()]


def about(connection: Connection, tenant: str, subject: str) -> list[Hold]:
    """Every hold, released or not, under which a subject stands or stood."""
    query = select(legal_hold).where(legal_hold.c.tenant == tenant, legal_hold.c.subject.in_(("", subject)))
    return [Hold(**row) for row in connection.execute(query.order_by(legal_hold.c.placed_at)).mappings()]


def check_free(connection: Connection, tenant: str, subject: str, exchange_id: str = "") -> None:
    """Raises UnderHold where a subject of a tenant, or the one of an exchange, may not be erased."""
    if exchange_id:
        subject = connection.scalar(select(exchange.c.subject).where(exchange.c.id == exchange_id)) or subject
    for hold in about(connection, tenant, subject):
        if hold.released_at is None:
            raise UnderHold(hold)


def held(table: Table) -> ColumnElement[bool]:
    """Whether a row of ``table``, by its tenant and (where it has one) its subject, is under a hold."""
    subject = [legal_hold.c.subject == table.c.subject] if "subject" in table.c else []
    return select(legal_hold.c.id).where(
        legal_hold.c.released_at.is_(None), legal_hold.c.tenant == table.c.tenant,
        or_(legal_hold.c.subject == "", *subject)).exists()


def as_document(hold: Hold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in hold.__struct_fields__}
