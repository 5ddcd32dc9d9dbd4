"""The acts' SQL: added to, never changed."""

from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from operations.audit import chains
from operations.audit.act import Act
from operations.audit.canonical import LINKS
from operations.audit.links import ACTS, Links
from operations.ledger import queries
from operations.store.tables import act as table

_SHOWN = [column for column in table.columns if column.name not in LINKS]


def append(connection: Connection, act: Act) -> int:
    """Stores an act at the end of the acts' chain, which all hosts of a database share; returns its number."""
    chains.hold(connection)
    links = Links(chains.heads(connection, [ACTS]))
    fields = {**msgspec.structs.asdict(act), "writer": ACTS, "sequence": links.head(ACTS).sequence + 1}
    number: int = connection.execute(
        insert(table).values(**fields, previous=b"", digest=b"").returning(table.c.id)).scalar_one()
    previous, digest = links.link("act", {**fields, "id": number})  # its number is under its digest too
    connection.execute(update(table).where(table.c.id == number).values(previous=previous, digest=digest))
    chains.save(connection, links)
    return number


def numbered(connection: Connection, number: int) -> dict[str, Any] | None:
    row = connection.execute(select(*_SHOWN).where(table.c.id == number)).mappings().first()
    return dict(row) if row else None


def newest(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest acts, newest first."""
    return [dict(row) for row in connection.execute(queries.acts(limit)).mappings()]
