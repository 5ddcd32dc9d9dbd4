"""Whole replies: what is read from them, and the one field that is changed in them.

Every other byte stays: the fields are taken apart as raw JSON and put together again in their order.
"""

from typing import Any

import msgspec

from models.protocol.usage import Usage, usage_of

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encode = msgspec.json.Encoder().encode


class Malformed(Exception):
    """A reply that is not what the operation answers with."""


class Finish(msgspec.Struct):
    """How a choice ended, under each API's name for it."""

    finish_reason: str | None = None


class WholeReply(msgspec.Struct, frozen=True):
    """A reply as the client will see it, and what was learned on the way."""

    body: bytes
    usage: Usage | None
    finish_reason: str
    response_id: str = ""


def read_whole(body: bytes, model: str) -> WholeReply:
    """Reads a JSON reply and gives it the name that the client asked for; raises Malformed where it is no object."""
    try:
        fields = _fields.decode(body)
        usage = usage_of(msgspec.json.decode(fields["usage"])) if "usage" in fields else None
        finish = _finish_reason(fields)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(f"the reply is no JSON object: {error}") from None
    return WholeReply(_renamed(body, fields, model), usage, finish)


def _renamed(body: bytes, fields: dict[str, msgspec.Raw], model: str) -> bytes:
    named, wanted = fields.get("model"), _encode(model)
    if named is None or bytes(named) == wanted:
        return body
    before, after = b'"model":' + bytes(named), b'"model":' + wanted
    # Unescaped quotes cannot stand inside a JSON string: found once, it is the field itself.
    if body.count(before) == 1:
        return body.replace(before, after)
    return _encode({**fields, "model": msgspec.Raw(wanted)})


def _finish_reason(fields: dict[str, msgspec.Raw]) -> str:
    if "choices" in fields:
        choices = msgspec.json.decode(fields["choices"], type=list[Finish])
        return next((choice.finish_reason for choice in choices if choice.finish_reason), "")
    for name in ("stop_reason", "status"):
        if name in fields:
            value = msgspec.json.decode(fields[name])
            return value if isinstance(value, str) else ""
    return ""


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
