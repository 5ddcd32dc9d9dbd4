"""Whether an exchange's content is there, for whoever tells of it: never what it says."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from operations.store.tables import content


def kept_of(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """``kept``, of an exchange that has something kept, or had: its state, and until when (Unix seconds)."""
    if not row["content"]:
        return {}
    until = connection.scalar(select(content.c.until).where(content.c.id == row["id"]))
    return {"kept": {"state": "kept encrypted", "until": until} if until is not None else {
        "state": "not there: on its way, erased, or its time was over", "until": None}}
