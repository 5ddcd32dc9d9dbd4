"""Deletes rows of the ledger, with the act that says so."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Table, delete

from operations.audit import store as acts
from operations.audit.act import Act


def prune(connection: Connection, table: Table, ids: Sequence[str], act: Act) -> int:
    """Returns how many rows went."""
    done = connection.execute(delete(table).where(table.c.id.in_(ids))).rowcount
    if done:
        details = {**act.details, "table": str(table.name), "rows": done, "first": min(ids), "last": max(ids)}
        acts.append(connection, msgspec.structs.replace(act, details=details))
    return done
