"""A row of an evaluation's data: a text, and what is right about it. Data are lines of JSON."""

from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

import msgspec

from guardrails.passage import Role


class Span(msgspec.Struct, frozen=True):
    """What is to be found: characters ``start`` to ``end``, of ``type``, the label that detectors give it."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    end: int
    type: str


class Row(NamedTuple):
    """``number`` is the line, from 1. ``positive``: there is something to find. ``spans`` None: there is, and nobody
    said where."""

    number: int
    text: str
    positive: bool
    spans: tuple[Span, ...] | None
    role: Role
    source: str


class BadRow(NamedTuple):
    """A line that is no row, and why."""

    number: int
    reason: str


class _Written(msgspec.Struct):
    text: str
    label: Annotated[int, msgspec.Meta(ge=0, le=1)] | bool | None = None
    spans: tuple[Span, ...] | None = None
    role: Role | None = None
    source: str = ""


def rows_of(lines: Iterable[bytes], role: Role) -> Iterator[Row | BadRow]:
    """The rows in ``lines``, one by one; empty lines are none. ``role`` is that of rows that name none."""
    decoder = msgspec.json.Decoder(_Written)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _row(number, decoder.decode(line), role)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            yield BadRow(number, str(error))


def _row(number: int, written: _Written, role: Role) -> Row:
    if written.label is None and written.spans is None:
        raise ValueError("it has neither `label` nor `spans`: nothing says what is right")
    for span in written.spans or ():
        if not span.start < span.end <= len(written.text):
            raise ValueError(f"the span {span.start} to {span.end} is none in a text of {len(written.text)} characters")
    positive = bool(written.spans if written.label is None else written.label)
    spans = () if written.spans is None and not positive else written.spans
    return Row(number, written.text, positive, spans, written.role or role, written.source)
