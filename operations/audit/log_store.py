"""The audit log's SQL: what is to be sealed, segments, checkpoints, and how far webhooks have come."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Boolean, Connection, Row, Select, Table, and_, func, insert, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON

from operations.audit.canonical import document, raw
from operations.audit.checkpoint import Checkpoint, Segment
from operations.audit.links import ACTS, STRAYS
from operations.store.tables import (
    act,
    audit_checkpoint,
    audit_delivery,
    audit_segment,
    chain,
    chain_gap,
    chain_pruned,
    exchange,
    signal,
)

T = TypeVar("T")

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_READ_ROWS = 5000
_LOOK_BACK = 10
_BEYOND = (1 << 31) - 1
_CHECKPOINT = select(*map(raw, audit_checkpoint.columns))
SHARED = (ACTS, STRAYS)  # chains that no life of a worker ends


class Unsealed(msgspec.Struct, frozen=True):
    """A chain of which places from ``sealed`` + 1 to ``sequence`` are not sealed."""

    writer: str
    sequence: int
    digest: bytes
    sealed: int


def unsealed(connection: Connection) -> list[Unsealed]:
    query = select(chain.c.writer, chain.c.sequence, chain.c.digest, chain.c.sealed)
    query = query.where(chain.c.sequence > chain.c.sealed).order_by(chain.c.writer)
    return [Unsealed(*row) for row in connection.execute(query)]


def quiet(connection: Connection, since: float) -> list[Unsealed]:
    """The chains of one life that have not grown since then, and are sealed to their end."""
    query = select(chain.c.writer, chain.c.sequence, chain.c.digest, chain.c.sealed).where(
        chain.c.closed.is_(False), chain.c.sequence == chain.c.sealed, chain.c.sealed_at < since,
        chain.c.writer.not_in(SHARED)).order_by(chain.c.writer)
    return [Unsealed(*row) for row in connection.execute(query)]


def waiting(connection: Connection) -> int:
    """How many records are not sealed."""
    query = select(func.coalesce(func.sum(chain.c.sequence - chain.c.sealed), 0))
    return int(connection.execute(query.where(chain.c.sequence > chain.c.sealed)).scalar_one())


def _records(writer: str, after: int, upto: int | None = None) -> Select[Any]:
    def of(table: Any, digest: str = "digest") -> Select[Any]:
        found = select(table.c.sequence, table.c[digest].label("digest"))
        bounds = [table.c.writer == writer, table.c.sequence > after]
        return found.where(and_(*bounds, *([] if upto is None else [table.c.sequence <= upto])))

    tables = (act,) if writer == ACTS else (exchange, signal)
    found = union_all(*map(of, tables), of(chain_pruned)).subquery()
    return select(found.c.sequence, found.c.digest).order_by(found.c.sequence)


def records(connection: Connection, writer: str, after: int, limit: int) -> list[tuple[int, bytes]]:
    """Sequence and digest of the next records of a chain, as they are stored."""
    return [(row[0], row[1]) for row in connection.execute(_records(writer, after).limit(limit))]


def leaves(connection: Connection, segment: Segment) -> list[tuple[int, bytes]]:
    """Sequence and digest of the records that a segment seals, as they are stored, or what is left of them."""
    found = connection.execute(_records(segment.writer, segment.first - 1, segment.last))
    return [(row[0], row[1]) for row in found]


def gaps(connection: Connection, writer: str, after: int, upto: int) -> list[list[Any]]:
    query = select(chain_gap.c.first, chain_gap.c.last, chain_gap.c.why).where(
        chain_gap.c.writer == writer, chain_gap.c.first > after, chain_gap.c.first <= upto).order_by(chain_gap.c.first)
    return [list(row) for row in connection.execute(query)]


def add(connection: Connection, segments: Sequence[Segment], checkpoint: Checkpoint) -> None:
    """Adds to the log; belongs into the transaction that read what the segments seal."""
    for segment in segments:
        connection.execute(insert(audit_segment).values(**msgspec.structs.asdict(segment)))
        connection.execute(update(chain).where(chain.c.writer == segment.writer).values(
            sealed=segment.last, sealed_at=segment.at, closed=segment.final))
    connection.execute(insert(audit_checkpoint).values(**msgspec.structs.asdict(checkpoint)))


def segments(connection: Connection, first: int = 0, upto: int | None = None) -> Iterator[Segment]:
    """The segments from number ``first`` on, up to and without ``upto``."""
    query = select(*map(raw, audit_segment.columns)).where(audit_segment.c.number >= first)
    if upto is not None:
        query = query.where(audit_segment.c.number < upto)
    for row in connection.execute(query.order_by(audit_segment.c.number), execution_options={"yield_per": _READ_ROWS}):
        if segment := _segment(row):
            yield segment


def _segment(row: Row[Any] | None) -> Segment | None:
    return _read(row, audit_segment, Segment)


def _checkpoint(row: Row[Any] | None) -> Checkpoint | None:
    return _read(row, audit_checkpoint, Checkpoint)


def _read(row: Row[Any] | None, table: Table, kind: type[T]) -> T | None:
    """A row as what it should be; None where it is not there, or is no such thing: somebody may have written to it."""
    if row is None:
        return None
    fields = dict(zip(map(str, table.columns.keys()), row, strict=True))
    for column in table.columns:
        if isinstance(column.type, JSON):
            fields[column.name] = document(fields[column.name])
        elif isinstance(column.type, Boolean) and fields[column.name] in (0, 1):
            fields[column.name] = bool(fields[column.name])
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError:
        return None


def next_segment(connection: Connection) -> int:
    """Of the next segment: above every one that is there."""
    number: int = connection.execute(select(func.coalesce(func.max(audit_segment.c.number), -1) + 1)).scalar_one()
    return number


def next_checkpoint(connection: Connection) -> int:
    """Of the next checkpoint: above every one that is there."""
    number: int = connection.execute(select(func.coalesce(func.max(audit_checkpoint.c.number), 0) + 1)).scalar_one()
    return number


def segment_with(connection: Connection, writer: str, sequence: int) -> Segment | None:
    """The one that seals a record."""
    return _segment(connection.execute(select(*map(raw, audit_segment.columns)).where(
        audit_segment.c.writer == writer, audit_segment.c.first <= sequence, audit_segment.c.last >= sequence)).first())


def newest_checkpoint(connection: Connection) -> Checkpoint | None:
    return checkpoint_before(connection, _BEYOND)


def checkpoint_before(connection: Connection, number: int) -> Checkpoint | None:
    """The newest one whose number is below that, and that can be read."""
    return next(iter(newest_checkpoints(connection, _LOOK_BACK, number)), None)


def checkpoint_numbered(connection: Connection, number: int) -> Checkpoint | None:
    return _checkpoint(connection.execute(_CHECKPOINT.where(audit_checkpoint.c.number == number)).first())


def checkpoint_over(connection: Connection, segment: int) -> Checkpoint | None:
    """The first one that signs a segment."""
    query = _CHECKPOINT.where(audit_checkpoint.c.size > segment).order_by(audit_checkpoint.c.number)
    return _checkpoint(connection.execute(query.limit(1)).first())


def checkpoints(connection: Connection, after: int = 0, limit: int | None = None) -> list[Checkpoint]:
    """Those whose number is above ``after``, the oldest first."""
    query = _CHECKPOINT.where(audit_checkpoint.c.number > after).order_by(audit_checkpoint.c.number)
    return [one for row in connection.execute(query.limit(limit)) if (one := _checkpoint(row))]


def newest_checkpoints(connection: Connection, limit: int, below: int = _BEYOND) -> list[Checkpoint]:
    """The newest first."""
    query = _CHECKPOINT.where(audit_checkpoint.c.number < below).order_by(audit_checkpoint.c.number.desc())
    return [one for row in connection.execute(query.limit(limit)) if (one := _checkpoint(row))]


def delivered(connection: Connection, place: str) -> int:
    """The number of the newest checkpoint that a place has taken; 0 where it took none."""
    number: int | None = connection.scalar(select(audit_delivery.c.number).where(audit_delivery.c.place == place))
    return number or 0


def delivered_by(connection: Connection, host: str) -> int:
    """The newest checkpoint that every folder of a host has taken; 0 where there is none."""
    query = select(func.min(audit_delivery.c.number)).where(
        func.substr(audit_delivery.c.place, 1, len(host) + 1) == host + ":")
    return connection.scalar(query) or 0


def note_delivered(connection: Connection, place: str, number: int) -> None:
    new = _INSERTS[connection.dialect.name](audit_delivery).values(place=place, number=number)
    connection.execute(new.on_conflict_do_update(index_elements=["place"], set_={"number": new.excluded.number}))
