"""Whole replies: what is read from them, and the one field that is changed in them.

Every other byte stays: the fields are taken apart as raw JSON and put together again in their order.
"""

from typing import Any

import msgspec

from models.protocol.usage import Reported, Usage

_encode = msgspec.json.Encoder().encode
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Malformed(Exception):
    """A reply that is not what the operation answers with."""


class Finish(msgspec.Struct):
    """How a choice ended."""

    finish_reason: Any = None


class Body(msgspec.Struct):
    """What is read of a reply, under each API's name for it; the rest is skipped, not built."""

    model: Any = None
    usage: Reported | None = None
    choices: list[Finish] = []
    stop_reason: Any = None
    status: Any = None


class OddBody(Body):
    """A body whose usage is none that counts."""

    usage: Any = None


_body = msgspec.json.Decoder(Body)
_odd_body = msgspec.json.Decoder(OddBody)


class WholeReply(msgspec.Struct, frozen=True):
    """A reply as the client will see it, and what was learned on the way."""

    body: bytes
    usage: Usage | None
    finish_reason: str


def read_whole(body: bytes, model: str) -> WholeReply:
    """Reads a JSON reply and gives it the name that the client asked for; raises Malformed where it is no object."""
    try:
        if not body.isascii():
            body.decode()  # what is skipped is not looked into, and the client's parser would stumble over it
        read = _read(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"the reply is no JSON object: {error}") from None
    renamed = body if read.model is None or read.model == model else _renamed(body, read.model, model)
    usage = read.usage.usage() if isinstance(read.usage, Reported) else None
    return WholeReply(renamed, usage, _finish_reason(read))


def _read(body: bytes) -> Body:
    try:
        return _body.decode(body)
    except msgspec.ValidationError:
        return _odd_body.decode(body)


def _renamed(body: bytes, named: Any, model: str) -> bytes:
    before, after = b'"model":' + _encode(named), b'"model":' + _encode(model)
    # Unescaped quotes cannot stand inside a JSON string: found once, it is the field itself.
    if body.count(before) == 1:
        return body.replace(before, after)
    return _encode({**_raw_fields.decode(body), "model": msgspec.Raw(_encode(model))})


def _finish_reason(read: Body) -> str:
    for choice in read.choices:
        if isinstance(choice.finish_reason, str):
            return choice.finish_reason
    found = read.stop_reason or read.status
    return found if isinstance(found, str) else ""


class _Fault(msgspec.Struct):
    code: Any = None


class _ErrorReply(msgspec.Struct):
    error: _Fault


def status_told(error: bytes) -> int:
    """The HTTP status in an error's `code`, where vLLM writes it; 0 where there is none."""
    try:
        code = msgspec.json.decode(error, type=_ErrorReply).error.code
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0
    return code if type(code) is int else 0
