"""The ledger's SQL."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.record import Entry, ExchangeRecord, Signal
from operations.audit import chains
from operations.audit.links import Links, kind_of
from operations.ledger import queries
from operations.ledger.insertion import Form, Row, put
from operations.store.tables import exchange, journal_cursor, signal

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_FORMS = {"exchange": Form(exchange), "signal": Form(signal)}


def positions(connection: Connection) -> dict[str, int]:
    """How far each segment is in the ledger."""
    return {row.segment: row.position for row in connection.execute(select(journal_cursor))}


def append(connection: Connection, records: Sequence[Entry]) -> list[Entry]:
    """Stores records, each linked to the one before in its chain; one whose id is there already is left as it is.
    Returns those that no database could hold."""
    links, fresh = chains.links_for(connection, records)
    unstorable = _append(connection, links, fresh) if fresh else []
    chains.save(connection, links)
    return unstorable


def _append(connection: Connection, links: Links, records: Sequence[Entry]) -> list[Entry]:
    attempt = links.copy()
    if _fits(connection, attempt, records):
        links.follow(attempt)
        return []
    if len(records) == 1:
        links.give_up(records[0].writer, records[0].sequence)
        return list(records)
    half = len(records) // 2
    return [*_append(connection, links, records[:half]), *_append(connection, links, records[half:])]


def _fits(connection: Connection, links: Links, records: Sequence[Entry]) -> bool:
    lots: dict[str, list[Row]] = {kind: [] for kind in _FORMS}
    for record in records:
        kind = kind_of(record)
        try:
            row = _FORMS[kind].row(record, *links.link(kind, msgspec.structs.asdict(record)))
        except (ValueError, OverflowError, TypeError):  # it has no canonical form, so no row either
            row = None
        if row is None:
            return False
        lots[kind].append(row)
    return put(connection, {_FORMS[kind].table: rows for kind, rows in lots.items()}, each_new=True)


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


def copies_of(connection: Connection, exchange_id: str) -> list[dict[str, Any]]:
    """The exchanges that repeat this one, the oldest first."""
    return [dict(row._mapping) for row in connection.execute(queries.copies_of(exchange_id))]


def _rows(connection: Connection, query: Select[Any], kind: type[Entry]) -> list[dict[str, Any]]:
    # By place: a column of SQLAlchemy's own row mapping answers to the name `key` with something else.
    return [dict(zip(kind.__struct_fields__, row, strict=True)) for row in connection.execute(query)]
