"""The chains' SQL: their heads and gaps, moved in the transaction that stores the records."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.record import Entry
from operations.audit.links import STRAYS, Head, Links, kind_of, strays_among
from operations.store.tables import chain, chain_gap, metadata

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_LOCK = 0x67617465_61756469  # any number that nobody else's advisory lock has


def hold(connection: Connection) -> None:
    """Waits until this transaction is the only one that adds to a chain which hosts share, or seals. SQLite's
    transactions are alone already."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def heads(connection: Connection, writers: Iterable[str]) -> dict[str, Head]:
    query = select(chain.c.writer, chain.c.sequence, chain.c.digest, chain.c.closed)
    return {row.writer: Head(row.sequence, row.digest, row.closed)
            for row in connection.execute(query.where(chain.c.writer.in_(list(writers))))
            if isinstance(row.sequence, int) and isinstance(row.digest, bytes)}


def links_for(connection: Connection, entries: Sequence[Entry]) -> tuple[Links, list[Entry]]:
    """Chains to link ``entries`` into, and those of them that are to be: every one that is not stored yet."""
    links = Links(heads(connection, {STRAYS, *(entry.writer for entry in entries)}))
    strays = strays_among(entries, links)
    if not strays:
        return links, list(entries)
    hold(connection)
    links = Links(heads(connection, {STRAYS, *(entry.writer for entry in entries)}))
    return links, _placed(connection, entries, strays, links)


def _placed(connection: Connection, entries: Sequence[Entry], strays: list[Entry], links: Links) -> list[Entry]:
    seen = _stored(connection, strays)
    apart = set(map(id, strays))
    sequence = links.head(STRAYS).sequence
    placed = []
    for entry in entries:
        if id(entry) in apart:
            if (kind_of(entry), entry.id) in seen:
                continue
            seen.add((kind_of(entry), entry.id))
            sequence += 1
            entry.writer, entry.sequence = STRAYS, sequence
        placed.append(entry)
    return placed


def _stored(connection: Connection, entries: Sequence[Entry]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for kind in ("exchange", "signal"):
        table = metadata.tables[kind]
        ids = [entry.id for entry in entries if kind_of(entry) == kind]
        if ids:
            found.update((kind, one) for one in connection.scalars(select(table.c.id).where(table.c.id.in_(ids))))
    return found


def save(connection: Connection, links: Links) -> None:
    """Keeps how far the chains have come; belongs into the transaction that stored the records."""
    if links.changed:
        new = _INSERTS[connection.dialect.name](chain)
        connection.execute(
            new.on_conflict_do_update(index_elements=["writer"], set_={
                "sequence": new.excluded.sequence, "digest": new.excluded.digest}),
            [{"writer": writer, "sequence": head.sequence, "digest": head.digest, "sealed": 0, "sealed_at": 0.0,
              "closed": False}
             for writer, head in sorted(links.changed.items())])
    if links.gaps:
        connection.execute(_INSERTS[connection.dialect.name](chain_gap).on_conflict_do_nothing(), [
            {"writer": gap.writer, "first": gap.first, "last": gap.last, "why": gap.why} for gap in links.gaps])
