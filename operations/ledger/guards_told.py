"""What guards did on one side of an exchange, in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

from operations.ledger.lengths import time_of

Row = Mapping[str, Any]

_ACTIONS = {"block": "blocked", "redact": "redacted", "flag": "flagged", "shadow": "only counted"}
_SIDES = {"prompt": "the request", "reply": "the reply"}
_FAILED = {"error": "failed", "timeout": "took too long", "overloaded": "had no room",
           "unreadable": "could not read token ids or embeddings",
           "cancelled": "was cut short by the gateway's end"}
_MODES = {"block": "which declines the exchange", "allow": "which lets it pass", "shadow": "which changes nothing"}


def guards_told(row: Row, side: str) -> Iterator[str]:
    """``row`` is an exchange, or the body of a signal that a guard has left behind it."""
    for told in row["guards"]:
        if _side_of(told) == side:
            yield _findings(row, told)
    for told in row["guard_failures"]:
        if _side_of(told) == side:
            yield f"{_failure(told)}, {_MODES.get(told.rpartition(':')[2], told)}."
    took = [f"{name.partition(':')[2]} {time_of(seconds)}" for name, seconds in row["guard_seconds"].items()
            if _side_of(name) == side]
    if took:
        yield f"Guards of {_SIDES.get(side, side)} took: {', '.join(took)}."


def _side_of(told: str) -> str:
    return told.partition(":")[0]


def _findings(row: Row, told: str) -> str:
    side, guard, action, count = (*told.split(":"), "1")[:4]
    times = "once" if count == "1" else f"{count} times"
    labels = ", ".join(dict.fromkeys(
        one["label"] for one in row["findings"] if (one["side"], one["guard"], one["action"]) ==
        (side, guard, action)))
    return (f"In {_SIDES.get(side, side)}, the guard {guard} {_ACTIONS.get(action, action)} what it found, {times}"
            f"{f' ({labels})' if labels else ''}.")


def _failure(told: str) -> str:
    side, guard, reason, _ = told.split(":")
    subject = "The guards" if guard == "every" else f"The guard {guard}"
    return f"{subject} {_FAILED.get(reason, reason)} over {_SIDES.get(side, side)}"
