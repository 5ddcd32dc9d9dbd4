"""What counts of all that was said: the newest of each metric, told once however often it was sent.

A repeat has a row of its own like everything that a worker has acknowledged, and is left out where people look. It is
not left out when rows are stored: between the two, another worker's journal may still hold something else, after which
the repeat is a change back.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.record import SAME_DIGITS

Row = Mapping[str, Any]
Subject = tuple[str, str, str]  # of one opinion that can change: exchange, metric, tenant


def subject_of(row: Row) -> Subject:
    return row["exchange_id"], row["name"], row["tenant"]


def without_repeats(rows: Iterable[Row]) -> list[Row]:
    """``rows`` are signals in order of time; of feedback, what says that it was sent before is left out, and what says
    what stood already."""
    standing: dict[Subject, Row] = {}
    sent: set[str] = set()
    told: list[Row] = []
    for row in rows:
        if row["kind"] == "feedback":
            same, before = row["id"][:SAME_DIGITS], standing.get(subject_of(row))
            if same in sent or (before is not None and _says(before) == _says(row)):
                continue
            sent.add(same)
            standing[subject_of(row)] = row
        told.append(row)
    return told


def standing_in(rows: Iterable[Row]) -> set[str]:
    """The ids of the feedback that stands at the end of ``rows``, which are in order of time."""
    standing = {subject_of(row): row["id"] for row in without_repeats(rows) if row["kind"] == "feedback"}
    return set(standing.values())


def _says(row: Row) -> tuple[Any, ...]:
    return row["value"], type(row["body"].get("value")), row["body"], row["content"]
