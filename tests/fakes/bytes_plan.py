"""From an answer and a behaviour to the bytes on the wire: a plan without I/O of what to send, when, and how to end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.utils import formatdate
from http import HTTPStatus

from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.bodies import Frame

JSON = "application/json"
EVENTS = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes to write; `tokens`: content tokens the reader has once these bytes are there."""

    data: bytes
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """The last step of every plan. `fault` None: keep the connection, or close it in order when `close`."""

    fault: Fault | None = None
    close: bool = False


Step = Send | Wait | End


@dataclass(frozen=True, slots=True)
class Reply:
    """What there is to say, before the behaviour spoils it. `frames` None: the body is whole."""

    status: int = 200
    content_type: str | None = JSON
    body: bytes = b""
    frames: Iterable[Frame] | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ends_with_done: bool = True


def plan(reply: Reply, behaviour: Behaviour, *, close: bool = False) -> Iterator[Step]:
    """Every step of one reply. `close`: the client asked for it, or speaks HTTP/1.0."""
    steps = _recut(_spoiled(reply, behaviour, close or behaviour.close), behaviour)
    return itertools.chain([Wait(behaviour.head_delay)], steps) if behaviour.head_delay else steps


def _spoiled(reply: Reply, b: Behaviour, close: bool) -> Iterator[Step]:
    if b.fault and b.at in (Place.ACCEPT, Place.HEAD):
        yield End(b.fault)
        return
    if b.raw is not None:
        yield Send(b.raw)
        yield End(b.fault, close or b.fault is None)
        return
    framing = _framing(reply, b)
    if framing == "length" and reply.frames is not None:
        reply = replace(reply, frames=tuple(reply.frames))  # read twice: for its length, then for itself
    head = _head(reply, b, framing, close)
    if b.fault and b.at is Place.IN_HEAD:
        yield from (Send(head[: len(head) // 2]), End(b.fault))
        return
    yield Send(head)
    if b.fault and b.at is Place.BODY:
        yield End(b.fault)
        return
    yield from _body(reply, b, framing, close)


def _framing(reply: Reply, b: Behaviour) -> str:
    if b.content_length is not None:
        return "length"
    return b.framing or ("length" if reply.frames is None or b.body is not None else "chunked")


def _head(reply: Reply, b: Behaviour, framing: str, close: bool) -> bytes:
    status = b.status if b.status != 200 else reply.status
    interim = "".join(_status_line(code) + "\r\n" for code in b.interim)
    fields = [("date", formatdate(time.time(), usegmt=True)), ("server", "uvicorn")]
    if framing == "length":
        length = b.content_length if b.content_length is not None else len(_whole(reply, b))
        fields.append(("content-length", str(length)))
    kind = b.content_type or reply.content_type
    if kind:
        fields.append(("content-type", kind))
    fields += [("vary", "Origin"), *reply.headers, *b.headers]
    if close or framing == "eof":
        fields.append(("connection", "close"))
    if framing == "chunked":
        fields.append(("transfer-encoding", "chunked"))
    text = interim + _status_line(status) + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return text.encode("latin-1")


def _status_line(code: int) -> str:
    try:
        phrase = HTTPStatus(code).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {code} {phrase}\r\n"


def _whole(reply: Reply, b: Behaviour) -> bytes:
    if b.body is not None or reply.frames is None:
        return reply.body if b.body is None else b.body
    return b"".join(_event(frame, b) for frame in reply.frames) + _done(reply, b)


def _body(reply: Reply, b: Behaviour, framing: str, close: bool) -> Iterator[Step]:
    for step in _paced(reply, b):
        if isinstance(step, Send):
            framed = Send(_chunk(step.data) if framing == "chunked" else step.data, step.tokens)
            if _strikes(reply, b, step):
                yield from (Send(_cut(step.data, framed.data, b), step.tokens - 1), End(b.fault))
                return
            yield framed
        else:
            yield step
    if b.fault:
        yield End(b.fault)
        return
    if framing == "chunked":
        yield Send(b"0\r\n\r\n")
    yield End(close=close or framing == "eof" or b.content_length is not None)


def _paced(reply: Reply, b: Behaviour) -> Iterator[Send | Wait]:
    if b.body is not None or reply.frames is None:
        yield from ([Wait(b.first_token_delay)] if b.first_token_delay else [])
        yield from ([Send(_whole(reply, b))] if _whole(reply, b) else [])
        return
    seen = 0
    for frame in reply.frames:
        fresh, first = frame.tokens > seen, seen == 0
        if fresh and (delay := b.first_token_delay if first else b.token_delay):
            yield Wait(delay)
        seen = frame.tokens
        yield Send(_event(frame, b), frame.tokens)
    if last := _done(reply, b):
        yield Send(last, seen)


def _strikes(reply: Reply, b: Behaviour, step: Send) -> bool:
    if b.fault is None or b.at is Place.END:
        return False
    return step.tokens > b.after or b.body is not None or reply.frames is None


def _cut(plain: bytes, framed: bytes, b: Behaviour) -> bytes:
    """How much of the fatal event still gets out."""
    if b.at is Place.TOKEN:
        return b""
    if b.at is Place.CHUNK_SIZE:
        return framed[:1]
    start = len(framed) - len(plain) - (2 if framed.endswith(b"\r\n") and framed != plain else 0)
    return framed[: max(0, start) + _inside(plain, b.at)]


def _inside(plain: bytes, place: Place) -> int:
    if place is Place.UTF8:
        return next((i + 1 for i, byte in enumerate(plain) if byte >= 0xC0), len(plain) // 2)
    if place is Place.ESCAPE and b"\\" in plain:
        return plain.index(b"\\") + 1
    return len(plain) // 2


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _event(frame: Frame, b: Behaviour) -> bytes:
    nl, lead = b.newline.encode(), b"data: " if b.data_space else b"data:"
    lines = [b": ping" + nl] if b.comments else []
    lines += [b"event: %b" % frame.name.encode() + nl] if frame.name else []
    # A JSON text may be broken at a comma: the newline that joins the data lines is white space there.
    parts = frame.data.split(b",", 1) if b.split_data else [frame.data]
    ends = [b","] * (len(parts) - 1) + [b""]
    lines += [lead + part + end + nl for part, end in zip(parts, ends, strict=True)]
    return b"".join(lines) + nl


def _done(reply: Reply, b: Behaviour) -> bytes:
    if not (b.done and reply.ends_with_done) or reply.frames is None:
        return b""
    nl = b.newline.encode()
    return (b"data: " if b.data_space else b"data:") + b"[DONE]" + nl + nl


def _recut(steps: Iterable[Step], b: Behaviour) -> Iterator[Step]:
    if b.one_write:
        gathered = [step for step in steps if not isinstance(step, Wait)]
        sends = [step for step in gathered if isinstance(step, Send)]
        yield Send(b"".join(send.data for send in sends), max((send.tokens for send in sends), default=0))
        yield gathered[-1]
    elif b.pieces:
        yield from _in_pieces(steps, itertools.cycle(b.pieces))
    else:
        yield from steps


def _in_pieces(steps: Iterable[Step], sizes: Iterator[int]) -> Iterator[Step]:
    """Pieces do not respect events: a rest waits for the next event's first bytes, unless the plan pauses or ends."""
    rest, tokens, size = b"", 0, next(sizes)
    for step in steps:
        if not isinstance(step, Send):
            if rest:
                yield Send(rest, tokens)
                rest = b""
            yield step
            continue
        rest, tokens = rest + step.data, step.tokens
        while len(rest) >= size:
            yield Send(rest[:size], tokens)
            rest, size = rest[size:], next(sizes)
