"""The SQL of retention: what is due, and how old the oldest is."""

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select

from gateway.config.settings import Retention
from operations.content.store import lock_subjects, overwrite_deleted
from operations.holds.store import held
from operations.retention.periods import expired
from operations.store.tables import content, exchange, signal


def due(kind: str, retention: Retention, now: float) -> tuple[Table, ColumnElement[bool]]:
    """The table of ``exchanges``, ``signals`` (about no exchange that is there) or ``content``, and which of its rows
    are due."""
    if kind == "exchanges":
        return exchange, expired(exchange, "exchanges", retention, now) & ~held(exchange)
    if kind == "signals":
        about = select(exchange.c.id).where(exchange.c.id == signal.c.exchange_id).exists()
        return signal, (signal.c.at < now - retention.signals) & ~about & ~held(signal)
    old = or_(content.c.until < now, expired(content, "content", retention, now))
    return content, old & ~held(content)


def due_ids(connection: Connection, kind: str, retention: Retention, now: float, limit: int) -> list[str]:
    table, which = due(kind, retention, now)
    return list(connection.scalars(select(table.c.id).where(which).limit(limit)))


def due_count(connection: Connection, kind: str, retention: Retention, now: float) -> int:
    table, which = due(kind, retention, now)
    return connection.scalar(select(func.count()).select_from(table).where(which)) or 0


def signals_about(connection: Connection, exchange_ids: list[str]) -> list[str]:
    return list(connection.scalars(select(signal.c.id).where(signal.c.exchange_id.in_(exchange_ids))))


def delete_content(connection: Connection, ids: list[str]) -> int:
    lock_subjects(connection)
    overwrite_deleted(connection)
    return connection.execute(delete(content).where(content.c.id.in_(ids))).rowcount


def oldest(connection: Connection) -> dict[str, float]:
    """When the oldest of each kind began, in Unix seconds; kinds of which there is none are left out."""
    found = {name: connection.scalar(select(func.min(column))) for name, column in (
        ("exchanges", exchange.c.started_at), ("signals", signal.c.at), ("content", content.c.started_at))}
    return {name: at for name, at in found.items() if at is not None}
