"""Tells an exchange as the log of an incident is told: what happened, and how long after its beginning.

All of it is read off its row and what the ledger knows beside it (``surroundings``). Of an attempt the record has the
length and not the beginning: they follow each other without a break up to the end, so they are counted back from it.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from operations.ledger.figures_told import Figure, figures_told
from operations.ledger.guards_told import guards_told
from operations.ledger.lengths import offset_of, time_of
from operations.ledger.signals_told import signals_told

_UNITS = {"user": "the user", "key": "the key", "header": "the header that the model is sticky to",
          "request": "the request itself"}
_CERTAIN = {"pinned": "because the request named it", "state": "because the response that it goes on from is there"}
_OUTCOMES = {"answered": "It was answered", "refused": "It was refused", "failed": "It failed",
             "abandoned": "It was abandoned"}
_GIVEN_UP = {"preempted": " Somebody came to the server who waits: the line is asked again.",
             "handed_on": " The worker left: the line is asked again."}
_BLAME = {"caller": "the caller", "policy": "a policy", "gateway": "the gateway", "upstream": "the model server"}
_CACHE = {"hit": "It was answered from the cache", "coalesced": "It shared the answer to another one like it",
          "miss": "The cache did not have the answer"}
_COLUMN = 13

Row = Mapping[str, Any]


class Moment(NamedTuple):
    """Something that happened, ``after`` so many seconds; None: after what stands before it, nobody noted when."""

    after: float | None
    says: str


class Story(NamedTuple):
    """``head`` says it in a sentence or two, ``timeline`` in order, ``figures`` in sum."""

    head: str
    timeline: list[Moment]
    figures: list[Figure]

    def lines(self) -> list[str]:
        """As it is printed: what happened when, and the figures, in two columns."""
        told = [(("" if after is None else offset_of(after)), says) for after, says in self.timeline]
        return [self.head, *(f"{left:<{_COLUMN}}{right}" for left, right in (*told, *self.figures))]


def story_of(row: Row) -> Story:
    """``row`` is an exchange; what its surroundings are is told where they are in it."""
    timeline = [*_arrival(row), *_guards(row, "prompt"), *_assignment(row), *_cache(row), *_attempts(row),
                *_first_token(row), *_guards(row, "reply"), *_end(row), *_afterwards(row)]
    return Story(_head(row), timeline, list(figures_told(row)))


def _head(row: Row) -> str:
    at = datetime.fromtimestamp(row["started_at"], UTC).isoformat(sep=" ", timespec="milliseconds")
    return f"Exchange {row['id']} began at {at[:-6]} UTC on worker {row['worker'] or '(unnamed)'}."


def _arrival(row: Row) -> Iterator[Moment]:
    way = "a stream" if row["streamed"] else "one reply"
    who = f"key {row['key']} of tenant {row['tenant']}" if row["key"] else "a caller without a key"
    yield Moment(0.0, f"It came from {who} and asked {row['operation'] or 'an unknown operation'} for {way}.")
    if row["subject"]:
        yield Moment(None, f"Its user has the pseudonym {row['subject']}.")
    if row["client_request_id"]:
        yield Moment(None, f"The caller named it {row['client_request_id']}.")
    if row["purpose"] != "live":
        yield Moment(None, f"Its purpose was {row['purpose']}.")


def _guards(row: Row, side: str) -> Iterator[Moment]:
    yield from (Moment(None, sentence) for sentence in guards_told(row, side))


def _assignment(row: Row) -> Iterator[Moment]:
    if not row["model"]:
        yield Moment(None, "It named no model that the gateway knows, so no version was chosen.")
    elif not row["arm_assigned"]:
        yield Moment(None, f"It asked for model {row['model']} under revision {row['revision']}; "
                           "no version was chosen.")
    else:
        yield Moment(None, f"It asked for model {row['model']}; revision {row['revision']} gave it version "
                           f"{row['arm_assigned']}, {_why(row)}.")


def _why(row: Row) -> str:
    if row["unit_kind"] in _CERTAIN:
        return _CERTAIN[row["unit_kind"]]
    unit = _UNITS.get(row["unit_kind"], row["unit_kind"] or "the unit")
    trial = f" of trial {row['trial']}" if row["trial"] else ""
    return (f"because {unit} falls at {row['unit_fraction']:.6f} of the split{trial}, in the part that takes "
            f"{row['propensity']:.1%} of all units")


def _cache(row: Row) -> Iterator[Moment]:
    saved = f", which saved {row['saved_micros'] / 1e6:.6f}" if row["saved_micros"] else ""
    if row["cache"] == "similar":
        yield Moment(None, f"It was given the answer to exchange {row['parent']}, whose question was nearly the same "
                           f"(similarity {row['similarity']:.4f}){saved}.")
    elif row["cache"] != "bypass":
        yield Moment(None, f"{_CACHE.get(row['cache'], 'The cache said ' + row['cache'])}{saved}.")


def _attempts(row: Row) -> Iterator[Moment]:
    begins = row["total_seconds"] - sum(attempt["seconds"] for attempt in row["attempts"])
    for number, attempt in enumerate(row["attempts"], 1):
        status = f" with status {attempt['status']}" if attempt.get("status") else ""
        yield Moment(max(begins, 0.0), f"Attempt {number} went to {attempt['endpoint']} ({attempt['version']})"
                                       f"{_company(attempt)}: {attempt['result']}{status} after "
                                       f"{time_of(attempt['seconds'])}.")
        begins += attempt["seconds"]
    if not row["attempts"]:
        yield Moment(None, "No model server was asked.")
    elif row["arm_served"] != row["arm_assigned"]:
        yield Moment(None, f"Version {row['arm_served']} answered in its place, as the fallback.")


def _company(attempt: Row) -> str:
    others = attempt.get("others", 0)
    return f", asked together with {others} other{'s' if others > 1 else ''}" if others else ""


def _first_token(row: Row) -> Iterator[Moment]:
    if row["first_token_seconds"]:
        yield Moment(row["first_token_seconds"], "The first token went out.")


def _end(row: Row) -> Iterator[Moment]:
    told = _OUTCOMES.get(row["outcome"], f"It ended as {row['outcome'] or 'unknown'}")
    status = f" with status {row['status']}" if row["status"] else ""
    code = f" and code {row['code']}" if row["code"] else ""
    yield Moment(row["total_seconds"], f"{told}{status}{code}.{_fault(row)}")
    if row["outcome"] == "failed" and row["first_token_seconds"]:
        yield Moment(None, "Part of the reply had gone out by then: the client was told in the stream, and no other "
                           "server was asked.")
    if row["finish_reason"]:
        yield Moment(None, f"The model stopped because of {row['finish_reason']}.")


def _fault(row: Row) -> str:
    if row["outcome"] == "abandoned" and row["purpose"] == "batch":
        return _GIVEN_UP.get(row["code"], "")
    if row["outcome"] == "abandoned":
        return " Its client had stopped reading." if row["code"] else " Its client had left."
    if not row["blame"] or row["blame"] == "nobody":
        return ""
    return f" The fault lay with {_BLAME.get(row['blame'], row['blame'])}."


def _afterwards(row: Row) -> Iterator[Moment]:
    for signal, says in signals_told(row.get("signals", [])):
        yield Moment(max(signal["at"] - row["started_at"], 0.0), says)
