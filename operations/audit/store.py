"""The acts' SQL: added to, never changed."""

from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from operations.audit.act import Act
from operations.ledger import queries
from operations.store.tables import act as table

_SHOWN = [column for column in table.columns if column.name not in ("previous", "digest")]


def append(connection: Connection, act: Act) -> None:
    connection.execute(insert(table).values(
        **msgspec.structs.asdict(act), writer="", sequence=0, previous=b"", digest=b""))


def numbered(connection: Connection, number: int) -> dict[str, Any] | None:
    row = connection.execute(select(*_SHOWN).where(table.c.id == number)).mappings().first()
    return dict(row) if row else None


def newest(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The newest acts, newest first."""
    return [dict(row) for row in connection.execute(queries.acts(limit)).mappings()]
