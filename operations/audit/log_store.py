"""The audit log's SQL: what is to be sealed, segments, checkpoints, and how far webhooks have come."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, insert, select, union_all, update
from sqlalchemy.dialects import postgresql, sqlite

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

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_READ_ROWS = 5000
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
    query = select(audit_segment).where(audit_segment.c.number >= first).order_by(audit_segment.c.number)
    if upto is not None:
        query = query.where(audit_segment.c.number < upto)
    for row in connection.execute(query, execution_options={"yield_per": _READ_ROWS}):
        yield Segment(**row._mapping)


def segment_with(connection: Connection, writer: str, sequence: int) -> Segment | None:
    """The one that seals a record."""
    row = connection.execute(select(audit_segment).where(
        audit_segment.c.writer == writer, audit_segment.c.first <= sequence, audit_segment.c.last >= sequence)).first()
    return Segment(**row._mapping) if row else None


def newest_checkpoint(connection: Connection) -> Checkpoint | None:
    query = select(audit_checkpoint).order_by(audit_checkpoint.c.number.desc()).limit(1)
    return _checkpoint(connection.execute(query).first())


def checkpoint_numbered(connection: Connection, number: int) -> Checkpoint | None:
    query = select(audit_checkpoint).where(audit_checkpoint.c.number == number)
    return _checkpoint(connection.execute(query).first())


def checkpoint_before(connection: Connection, number: int) -> Checkpoint | None:
    query = select(audit_checkpoint).where(audit_checkpoint.c.number < number)
    return _checkpoint(connection.execute(query.order_by(audit_checkpoint.c.number.desc()).limit(1)).first())


def checkpoint_over(connection: Connection, segment: int) -> Checkpoint | None:
    """The first one that signs a segment."""
    query = select(audit_checkpoint).where(audit_checkpoint.c.size > segment).order_by(audit_checkpoint.c.number)
    return _checkpoint(connection.execute(query.limit(1)).first())


def _checkpoint(row: Row[Any] | None) -> Checkpoint | None:
    return Checkpoint(**row._mapping) if row else None


def checkpoints(connection: Connection, after: int = 0, limit: int | None = None) -> list[Checkpoint]:
    query = select(audit_checkpoint).where(audit_checkpoint.c.number > after).order_by(audit_checkpoint.c.number)
    return [Checkpoint(**row._mapping) for row in connection.execute(query.limit(limit))]


def newest_checkpoints(connection: Connection, limit: int) -> list[Checkpoint]:
    """The newest first."""
    query = select(audit_checkpoint).order_by(audit_checkpoint.c.number.desc()).limit(limit)
    return [Checkpoint(**row._mapping) for row in connection.execute(query)]


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
