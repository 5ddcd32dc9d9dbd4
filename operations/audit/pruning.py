"""Deleting records that have been kept long enough, so that the audit can tell it from any other deletion."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select

from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.merkle import leaf_hash, root_of
from operations.store.tables import chain, chain_pruned


def prune(connection: Connection, table: Table, ids: Sequence[str], act: Act) -> int:
    """Deletes rows of ``exchange`` or ``signal`` in the caller's transaction; returns how many.

    What is left of each is its digest. ``act`` is written with what was deleted added to its details, where anything
    was. Rows that no checkpoint seals yet are left. Meant for some thousand ids at a time.
    """
    rows = connection.execute(select(
        table.c.id, table.c.writer, table.c.sequence, table.c.digest).where(table.c.id.in_(ids))).all()
    sealed = {row.writer: row.sealed for row in connection.execute(
        select(chain.c.writer, chain.c.sealed).where(chain.c.writer.in_({row.writer for row in rows})))}
    rows = [row for row in rows if not row.writer or row.sequence <= sealed.get(row.writer, 0)]
    if not rows:
        return 0
    chained = sorted((row.writer, row.sequence, row.digest) for row in rows if row.writer)
    told = {"table": str(table.name), "count": len(rows), "root": pruned_root(chained).hex()}
    number = acts.append(connection, msgspec.structs.replace(act, details={**act.details, "pruned": told}))
    if chained:
        connection.execute(insert(chain_pruned), [
            {"writer": writer, "sequence": sequence, "digest": digest, "act": number}
            for writer, sequence, digest in chained])
    connection.execute(delete(table).where(table.c.id.in_([row.id for row in rows])))
    return len(rows)


def pruned_root(rows: Iterable[Sequence[Any]]) -> bytes:
    """What an act says of the records that it deleted: the Merkle root over writer, sequence and digest of each, in
    order of writer and sequence."""
    return root_of(leaf_hash(msgspec.json.encode([writer, sequence, digest.hex()]))
                   for writer, sequence, digest in rows)
