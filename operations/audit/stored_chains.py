"""Reads chains out of the database as they are stored, for a verification. It writes nothing."""

from collections.abc import Iterator, Sequence
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table, func, inspect, or_, select

from operations.audit.canonical import StoredForm, document, raw
from operations.audit.chain_check import Place
from operations.audit.links import Head
from operations.audit.merkle import leaf_hash
from operations.store.tables import act, audit_segment, chain, chain_gap, chain_pruned, exchange, signal

_TIMES = {"exchange": "started_at", "signal": "at", "act": "at"}
_READING = {"stream_results": True, "yield_per": 2000}


class StoredChains:
    """One snapshot of the database: ``connection`` is in a transaction that sees no other's changes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        columns = inspect(connection).get_columns
        self._tables = {
            str(table.name): (table, StoredForm(table, {column["name"] for column in columns(table.name)}))
            for table in (exchange, signal, act)}

    def writers(self) -> list[str]:
        """All that any table names."""
        columns = [table.c.writer for table, _ in self._tables.values()]
        found = {writer for column in (*columns, chain.c.writer, audit_segment.c.writer)
                 for writer in self._connection.scalars(select(column).distinct())}
        return sorted(writer for writer in found if writer and isinstance(writer, str))

    def heads(self) -> dict[str, tuple[Head, int]]:
        """Each chain's head as the chains' table has it, and up to where it is said to be sealed."""
        query = select(chain.c.writer, chain.c.sequence, chain.c.digest, chain.c.sealed)
        return {row.writer: (Head(row.sequence, row.digest), row.sealed) for row in self._connection.execute(query)
                if isinstance(row.sequence, int)}

    def gaps(self, writer: str) -> dict[int, int]:
        query = select(chain_gap.c.first, chain_gap.c.last).where(chain_gap.c.writer == writer)
        return {row.first: row.last for row in self._connection.execute(query) if isinstance(row.last, int)}

    def places(self, writer: str) -> Iterator[Place]:
        """A chain's records in order of their sequence."""
        return merge(*(self._places_in(table, form, writer) for table, form in self._tables.values()),
                     self._pruned(writer), key=attrgetter("sequence"))

    def _places_in(self, table: Table, form: StoredForm, writer: str) -> Iterator[Place]:
        query = select(table.c.sequence, table.c.id, table.c.previous, table.c.digest, *form.columns).where(
            table.c.writer == writer).order_by(table.c.sequence)
        at = form.names.index("sequence")
        for row in self._connection.execute(query, execution_options=_READING):
            sequence, identity, previous, digest, *values = row
            previous = previous if isinstance(previous, bytes) else b"?"
            is_own = leaf_hash(form.bytes_of(values, previous)) == digest
            yield Place(
                sequence=_number(sequence), id=str(identity), previous=previous, digest=_bytes(digest), is_own=is_own,
                digest_as=None if is_own else partial(_digest_as, form, values, previous, at))

    def _pruned(self, writer: str) -> Iterator[Place]:
        query = select(chain_pruned.c.sequence, chain_pruned.c.digest).where(
            chain_pruned.c.writer == writer).order_by(chain_pruned.c.sequence)
        for row in self._connection.execute(query, execution_options=_READING):
            yield Place(sequence=_number(row.sequence), digest=_bytes(row.digest), is_pruned=True)

    def prunings(self) -> Iterator[tuple[int, Any, list[tuple[str, int, bytes]]]]:
        """Each act that pruned: its number, its details (None where there is no such act), what is left of the rows."""
        for number in self._connection.scalars(select(chain_pruned.c.act).distinct().order_by(chain_pruned.c.act)):
            details = document(self._connection.scalar(select(raw(act.c.details)).where(act.c.id == number)))
            rows = self._connection.execute(select(
                chain_pruned.c.writer, chain_pruned.c.sequence, chain_pruned.c.digest).where(
                chain_pruned.c.act == number))
            yield number, details, sorted((row.writer, _number(row.sequence), _bytes(row.digest)) for row in rows)

    def unchained(self, since: float) -> Iterator[tuple[str, int, int]]:
        """Of each table: how many rows stand in no chain, and how many of them say that they are younger than that."""
        for kind, (table, _) in self._tables.items():
            outside = or_(table.c.writer == "", table.c.sequence < 1)
            if self._connection.dialect.name == "sqlite":  # where bytes are another value than the text they spell
                outside = or_(outside, func.typeof(table.c.writer) != "text")
            count = self._connection.scalar(select(func.count()).select_from(table).where(outside)) or 0
            young = self._connection.scalar(
                select(func.count()).select_from(table).where(outside, table.c[_TIMES[kind]] > since)) or 0
            yield kind, count, young


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0  # a place that no record has


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b"?"


def _digest_as(form: StoredForm, values: Sequence[Any], previous: bytes, at: int, sequence: int) -> bytes:
    return leaf_hash(form.bytes_of([*values[:at], sequence, *values[at + 1:]], previous))
