"""What the ledger knows of an exchange beside its row: what was said of it, what copied it, what its tokens cost."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from operations.feedback.feedback import without_repeats
from operations.ledger import store
from operations.revisions import store as revisions
from operations.revisions.revision import UnknownRevision

# Adds what another room knows of an exchange, under names of its own.
Adds = Callable[[Connection, Mapping[str, Any]], Mapping[str, Any]]


def surroundings(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """signals  in order of time, what was said again left out
    copies   exchanges that repeat it, with their purposes
    price    by which its cost was computed, as the revision has it: empty without one, None where nobody knows any more
    """
    return {"signals": without_repeats(store.signals_of(connection, row["id"])),
            "copies": store.copies_of(connection, row["id"]), "price": _price(connection, row)}


def _price(connection: Connection, row: Mapping[str, Any]) -> dict[str, float] | None:
    try:
        routing = revisions.numbered(connection, row["revision"]).routing
    except UnknownRevision:
        return None
    version = routing["versions"].get(row["arm_served"])
    return None if version is None else version.get("price") or {}
