"""A row of an evaluation's data: a text, and what is right about it. Data are lines of JSON."""

from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple, TypeVar

import msgspec

from guardrails.passage import Role

_Told = TypeVar("_Told")


class Span(msgspec.Struct, frozen=True):
    """What is to be found: characters ``start`` to ``end``, of ``type``, the label that detectors give it."""

    start: Annotated[int, msgspec.Meta(ge=0)]
    end: int
    type: str


class Row(NamedTuple):
    """``number`` is the line, from 1. ``positive``: there is something to find. ``spans`` None: there is, and nobody
    said where. ``labels`` are those of detectors that are right for it; None: there are some, and nobody said which."""

    number: int
    text: str
    positive: bool
    spans: tuple[Span, ...] | None
    role: Role
    source: str
    labels: tuple[str, ...] | None = None


class BadRow(NamedTuple):
    """A line that is no row, and why."""

    number: int
    reason: str


class _Written(msgspec.Struct):
    text: str
    label: Annotated[int, msgspec.Meta(ge=0, le=1)] | bool | None = None
    spans: tuple[Span, ...] | None = None
    labels: tuple[str, ...] | None = None
    role: Role | None = None
    source: str = ""


def rows_of(lines: Iterable[bytes], role: Role, source: str = "", first: int = 1) -> Iterator[Row | BadRow]:
    """The rows in ``lines``, one by one; empty lines are none. ``role`` and ``source`` are those of rows that name
    none; ``first`` is the number of the first line."""
    decoder = msgspec.json.Decoder(_Written)
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        try:
            yield _row(number, decoder.decode(line), role, source)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
            yield BadRow(number, str(error))


def _row(number: int, written: _Written, role: Role, source: str) -> Row:
    if written.label is None and written.spans is None and written.labels is None:
        raise ValueError("it has neither `label` nor `spans` nor `labels`: nothing says what is right")
    for span in written.spans or ():
        if not span.start < span.end <= len(written.text):
            raise ValueError(f"the span {span.start} to {span.end} is none in a text of {len(written.text)} characters")
    positive = bool(written.spans or written.labels) if written.label is None else bool(written.label)
    return Row(number, written.text, positive, _known(written.spans, positive), written.role or role,
               written.source or source, _known(written.labels, positive))


def _known(written: tuple[_Told, ...] | None, positive: bool) -> tuple[_Told, ...] | None:
    """Where there is nothing to find, it is known what: nothing."""
    return () if written is None and not positive else written
