"""The revisions' SQL. The document is kept as text: its digest, and the order of its keys, stay what they were."""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from operations.revisions.revision import Revision, UnknownRevision
from operations.store.tables import revision as table
from operations.store.tables import watched_file


def _read(row: Row[Any]) -> Revision:
    fields = dict(row._mapping)
    return Revision(routing=msgspec.json.decode(fields.pop("document")), **fields)


def latest(connection: Connection) -> Revision | None:
    row = connection.execute(select(table).order_by(table.c.revision.desc()).limit(1)).first()
    return _read(row) if row else None


def numbered(connection: Connection, number: int) -> Revision:
    """Raises UnknownRevision."""
    row = connection.execute(select(table).where(table.c.revision == number)).first()
    if row is None:
        raise UnknownRevision(number)
    return _read(row)


def newest(connection: Connection, limit: int) -> list[Revision]:
    """The newest revisions, newest first."""
    query = select(table).order_by(table.c.revision.desc()).limit(limit)
    return [_read(row) for row in connection.execute(query)]


def append(connection: Connection, revision: Revision) -> None:
    """Raises sqlalchemy's IntegrityError where another took the number meanwhile."""
    fields = msgspec.structs.asdict(revision)
    document = msgspec.json.encode(fields.pop("routing")).decode()
    connection.execute(insert(table).values(document=document, **fields))


def seen_digest(connection: Connection, path: str) -> str | None:
    """The digest of the watched file when it was last taken note of."""
    digest: str | None = connection.scalar(select(watched_file.c.digest).where(watched_file.c.path == path))
    return digest


def note_seen(connection: Connection, path: str, digest: str, at: float) -> None:
    values = {"digest": digest, "seen_at": at}
    if not connection.execute(update(watched_file).where(watched_file.c.path == path).values(values)).rowcount:
        connection.execute(insert(watched_file).values(path=path, **values))
