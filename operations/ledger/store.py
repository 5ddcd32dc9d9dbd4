"""The ledger's SQL."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from gateway.record import Entry, ExchangeRecord, Signal
from operations.store.tables import exchange, journal_cursor, signal

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
MAX_LISTED = 1000
_LAST = "\U0010ffff"
_UNLINKED = {"previous": b"", "digest": b""}
_SIGNAL = [signal.c[name] for name in Signal.__struct_fields__]
_EXCHANGE = [exchange.c[name] for name in ExchangeRecord.__struct_fields__]

# A number beyond 64 bits, a NaN where a value has to be: the row is at fault, and trying again would hold up the rest.
_NEVER_FITS = (IntegrityError, DataError, OverflowError, ValueError)


def positions(connection: Connection) -> dict[str, int]:
    """How far each segment is in the ledger."""
    return {row.segment: row.position for row in connection.execute(select(journal_cursor))}


def append(connection: Connection, records: Sequence[Entry]) -> list[Entry]:
    """Stores records; one whose id is there already is left as it is. Returns those that no database could hold."""
    exchanges = [record for record in records if isinstance(record, ExchangeRecord)]
    signals = [record for record in records if isinstance(record, Signal)]
    return [*_append(connection, exchange, exchanges), *_append(connection, signal, signals)]


def _append(connection: Connection, table: Table, records: Sequence[Entry]) -> list[Entry]:
    if not records or _fits(connection, table, records):
        return []
    return [record for record in records if not _fits(connection, table, [record])]


def _fits(connection: Connection, table: Table, records: Sequence[Entry]) -> bool:
    insert = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing(index_elements=["id"])
    if any(isinstance(value, float) and isnan(value)
           for record in records for value in msgspec.structs.astuple(record)):
        return False  # SQLite would refuse it, PostgreSQL would not
    try:
        with connection.begin_nested():
            connection.execute(insert, [{**msgspec.structs.asdict(record), **_UNLINKED} for record in records])
    except _NEVER_FITS:
        return False
    return True


def move(connection: Connection, places: Mapping[str, int]) -> None:
    """Sets how far segments are; belongs into the transaction that stored their rows."""
    if not places:
        return
    insert = _INSERTS[connection.dialect.name](journal_cursor)
    connection.execute(
        insert.on_conflict_do_update(index_elements=["segment"], set_={"position": insert.excluded.position}),
        [{"segment": segment, "position": position} for segment, position in places.items()])


def forget(connection: Connection, names: Iterable[str]) -> None:
    """Removes the places of segments that are no more."""
    gone = list(names)
    if gone:
        connection.execute(delete(journal_cursor).where(journal_cursor.c.segment.in_(gone)))


def newest(
    connection: Connection, limit: int, model: str | None = None, outcome: str | None = None
) -> list[dict[str, Any]]:
    """The newest exchanges, newest first."""
    query = select(*_EXCHANGE).order_by(exchange.c.started_at.desc(), exchange.c.id).limit(min(limit, MAX_LISTED))
    if model is not None:
        query = query.where(exchange.c.model == model)
    if outcome is not None:
        query = query.where(exchange.c.outcome == outcome)
    return _rows(connection, query)


def starting_with(connection: Connection, prefix: str, limit: int = 2) -> list[dict[str, Any]]:
    """Exchanges whose id starts with ``prefix``; the one whose id it is comes first."""
    # A range and no LIKE: SQLite's ignores case, and so would not use the index.
    query = select(*_EXCHANGE).where(exchange.c.id >= prefix, exchange.c.id < prefix + _LAST).order_by(exchange.c.id)
    return _rows(connection, query.limit(limit))


def signals_of(connection: Connection, exchange_id: str) -> list[dict[str, Any]]:
    """What was told of an exchange after its record, in the order in which it was."""
    query = select(*_SIGNAL).where(signal.c.exchange_id == exchange_id).order_by(signal.c.at, signal.c.id)
    return [dict(row._mapping) for row in connection.execute(query.limit(MAX_LISTED))]


def copies_of(connection: Connection, exchange_id: str) -> list[dict[str, Any]]:
    """The exchanges that repeat this one, the oldest first."""
    # The second condition says nothing new: it lets the index be used, which has only those that repeat something.
    query = select(exchange.c.id, exchange.c.purpose).where(exchange.c.parent == exchange_id, exchange.c.parent != "")
    return [dict(row._mapping) for row in connection.execute(query.order_by(exchange.c.id).limit(MAX_LISTED))]


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    # By place: a column of SQLAlchemy's own row mapping answers to the name `key` with something else.
    return [dict(zip(ExchangeRecord.__struct_fields__, row, strict=True)) for row in connection.execute(query)]
