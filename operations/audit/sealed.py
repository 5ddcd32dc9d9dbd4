"""Whether a record is sealed, for whoever tells of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from operations.audit import log_store


def sealed_in(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """``sealed``: the number of the first checkpoint that signs the record; None where none does yet."""
    segment = log_store.segment_with(connection, row["writer"], row["sequence"]) if row["sequence"] else None
    checkpoint = log_store.checkpoint_over(connection, segment.number) if segment is not None else None
    return {"sealed": None if checkpoint is None else {"checkpoint": checkpoint.number}}
