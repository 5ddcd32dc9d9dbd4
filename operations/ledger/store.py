"""The ledger's SQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.record import Entry, ExchangeRecord, Signal
from operations.ledger import queries
from operations.ledger.insertion import Form, insert
from operations.store.tables import exchange, journal_cursor, signal

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_UNLINKED = (b"", b"")
_EXCHANGES, _SIGNALS = Form(exchange), Form(signal)


def positions(connection: Connection) -> dict[str, int]:
    """How far each segment is in the ledger."""
    return {row.segment: row.position for row in connection.execute(select(journal_cursor))}


def append(connection: Connection, records: Sequence[Entry]) -> list[Entry]:
    """Stores records; one whose id is there already is left as it is. Returns those that no database could hold."""
    exchanges = [record for record in records if isinstance(record, ExchangeRecord)]
    signals = [record for record in records if isinstance(record, Signal)]
    return [*_append(connection, _EXCHANGES, exchanges), *_append(connection, _SIGNALS, signals)]


def _append(connection: Connection, form: Form, records: Sequence[Entry]) -> list[Entry]:
    rows = [form.row(record, *_UNLINKED) for record in records]
    fit = [(place, row) for place, row in enumerate(rows) if row is not None]
    refused = insert(connection, form.table, [row for _, row in fit])
    kept = {place for place, _ in fit} - {fit[one][0] for one in refused}
    return [record for place, record in enumerate(records) if place not in kept]


def move(connection: Connection, places: Mapping[str, int]) -> None:
    """Sets how far segments are; belongs into the transaction that stored their rows."""
    if not places:
        return
    moved = _INSERTS[connection.dialect.name](journal_cursor)
    connection.execute(
        moved.on_conflict_do_update(index_elements=["segment"], set_={"position": moved.excluded.position}),
        [{"segment": segment, "position": position} for segment, position in places.items()])


def forget(connection: Connection, names: Iterable[str]) -> None:
    """Removes the places of segments that are no more."""
    gone = list(names)
    if gone:
        connection.execute(delete(journal_cursor).where(journal_cursor.c.segment.in_(gone)))


def newest(connection: Connection, limit: int, **only: str) -> list[dict[str, Any]]:
    """The newest exchanges, newest first: all, or those with these values of ``queries.FILTERS``."""
    return _rows(connection, queries.newest(limit, only), ExchangeRecord)


def starting_with(connection: Connection, prefix: str, limit: int = 2) -> list[dict[str, Any]]:
    """Exchanges whose id starts with ``prefix``; the one whose id it is comes first."""
    return _rows(connection, queries.starting_with(prefix, limit), ExchangeRecord)


def signals_of(connection: Connection, exchange_id: str) -> list[dict[str, Any]]:
    """What was told of an exchange after its record, in the order in which it was."""
    return _rows(connection, queries.signals_of(exchange_id), Signal)


def _rows(connection: Connection, query: Select[Any], kind: type[Entry]) -> list[dict[str, Any]]:
    # By place: a column of SQLAlchemy's own row mapping answers to the name `key` with something else.
    return [dict(zip(kind.__struct_fields__, row, strict=True)) for row in connection.execute(query)]
