"""Counts what a database holds, so that a copy of it can be held against that."""

from sqlalchemy import Connection, Inspector, MetaData, Table, column, func, inspect, select, table, union_all

from operations.backups.manifest import Contents, Place
from operations.store.tables import act, exchange, revision, signal

_CHECKPOINTS = "audit_checkpoint"
_TIMES = ((exchange, exchange.c.started_at), (signal, signal.c.at), (act, act.c.at))


def contents_of(connection: Connection) -> Contents:
    """Everything is read in the caller's transaction; raises SQLAlchemyError where it is no database of gatewright."""
    known = inspect(connection)
    names = sorted(known.get_table_names())
    return Contents(
        schema=connection.scalar(select(column("version_num")).select_from(table("alembic_version"))) or "",
        revision=connection.scalar(select(func.max(revision.c.revision))) or 0,
        counts={name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names},
        newest_at=max(connection.scalar(select(func.max(at))) or 0.0 for _, at in _TIMES),
        writers=_writers(connection),
        checkpoint=_checkpoint(connection, known) if _CHECKPOINTS in names else None)


def _writers(connection: Connection) -> dict[str, Place]:
    rows = union_all(*(
        select(of.c.writer, func.max(of.c.sequence).label("sequence"), func.max(at).label("at")).group_by(of.c.writer)
        for of, at in _TIMES)).subquery()
    places = select(rows.c.writer, func.max(rows.c.sequence), func.max(rows.c.at)).group_by(rows.c.writer)
    return {writer: Place(sequence, at) for writer, sequence, at in connection.execute(places)}


def _checkpoint(connection: Connection, known: Inspector) -> dict[str, int | str] | None:
    """The newest checkpoint, its numbers and texts as they stand; bytes in hexadecimal."""
    read = Table(_CHECKPOINTS, MetaData(), autoload_with=connection)
    key = list(read.primary_key.columns) or list(read.columns)
    row = connection.execute(select(read).order_by(*(one.desc() for one in key)).limit(1)).mappings().first()
    if row is None:
        return None
    told = {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}
    return {name: value for name, value in told.items() if isinstance(value, (int, str)) and len(str(value)) <= 200}


def differences(before: Contents, after: Contents) -> list[str]:
    """What a copy lacks or has too much of, in words."""
    found = [f"{name} has {after.counts.get(name, 0)} rows, not {count}"
             for name, count in before.counts.items() if after.counts.get(name, 0) != count]
    found += [f"writer {name or '(none)'} ends at {after.writers.get(name)}, not at {place}"
              for name, place in before.writers.items() if after.writers.get(name) != place]
    for what in ("schema", "revision", "newest_at"):
        if getattr(before, what) != getattr(after, what):
            found.append(f"{what} is {getattr(after, what)}, not {getattr(before, what)}")
    return found
