"""Rendering: a remembered reply in the form that is asked for now.

Where the form is the same, the frames are given as they came. A chat or a completion that was streamed can be given
whole, and one that came whole can be streamed, in the chunks that a model server would send.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from gateway.cache.entry import Entry
from gateway.exchange import Exchange
from gateway.reply import Head
from gateway.upstream_request import asked_usage
from models.protocol.events import EventSplitter, payload_of

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_DONE = b"data: [DONE]\n\n"
_STREAM_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8")]
_WHOLE_HEADERS = [(b"content-type", b"application/json")]
_CHUNK = {"chat.completion": "chat.completion.chunk", "text_completion": "text_completion"}
_WHOLE = {chunk: whole for whole, chunk in _CHUNK.items()}
CONVERTIBLE = frozenset({"chat.completions", "completions"})


class Unrenderable(Exception):
    """It cannot be given in this form; the model is asked."""


def rendered(entry: Entry, exchange: Exchange) -> tuple[Head, list[bytes]]:
    """Head and frames, the last of them the one that ends the reply. Raises Unrenderable."""
    if entry.operation not in CONVERTIBLE:
        if entry.streamed != exchange.streamed:
            raise Unrenderable
        return Head(200, list(entry.headers)), entry.frames
    usage = asked_usage(exchange.document)[0]
    if entry.streamed:
        if exchange.streamed:
            return Head(200, list(entry.headers)), _with_usage(entry, usage)
        return Head(200, list(_WHOLE_HEADERS)), [_encode(_gathered(entry))]
    if not exchange.streamed:
        return Head(200, list(entry.headers)), entry.frames
    return Head(200, list(_STREAM_HEADERS)), [*_chunks(_decode(entry.frames[-1]), usage), _DONE]


# From a stream

def _events(frames: Iterable[bytes]) -> Iterator[bytes]:
    splitter = EventSplitter()
    for frame in frames:
        yield from splitter.feed(frame)


def _chunk_of(event: bytes) -> dict[str, Any] | None:
    payload = payload_of(event)
    if payload is None or payload == b"[DONE]":
        return None
    chunk = _decode(payload)
    return chunk if isinstance(chunk, dict) else None


def _tells_usage(chunk: Mapping[str, Any] | None) -> bool:
    return chunk is not None and chunk.get("choices") == [] and chunk.get("usage") is not None


def _with_usage(entry: Entry, wanted: bool) -> list[bytes]:
    """The frames with the chunk of counts, or without it."""
    told = any(b'"choices":[]' in frame for frame in entry.frames[-3:])
    if told == wanted:
        return entry.frames
    events = list(_events(entry.frames))
    if not wanted:
        return [event for event in events if not _tells_usage(_chunk_of(event))]
    last = next((chunk for event in reversed(events) if (chunk := _chunk_of(event)) is not None), None)
    if last is None:
        raise Unrenderable
    counts = _encode({**{name: last[name] for name in ("id", "object", "created", "model") if name in last},
                      "choices": [], "usage": _usage_of(entry)})
    return [*events[:-1], b"data: " + counts + b"\n\n", events[-1]]


def _usage_of(entry: Entry) -> dict[str, Any]:
    return {"prompt_tokens": entry.prompt_tokens, "total_tokens": entry.prompt_tokens + entry.completion_tokens,
            "completion_tokens": entry.completion_tokens}


def _gathered(entry: Entry) -> dict[str, Any]:
    """The whole document that a stream's chunks make up. Raises Unrenderable where they hold what is not known here."""
    first: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    usage: dict[str, Any] | None = None
    for chunk in map(_chunk_of, _events(entry.frames)):
        if chunk is None:
            continue
        first = {**chunk, **{name: value for name, value in first.items() if value is not None}}
        usage = chunk.get("usage") or usage
        for choice in chunk.get("choices") or ():
            _grow(choices.setdefault(choice["index"], {"index": choice["index"]}), choice)
    if not choices or first.get("object") not in _WHOLE:
        raise Unrenderable
    document = {name: value for name, value in first.items() if name not in ("choices", "usage", "object")}
    return {"id": document.pop("id", ""), "object": _WHOLE[first["object"]], **document,
            "choices": [choices[index] for index in sorted(choices)], "usage": usage or _usage_of(entry)}


def _grow(choice: dict[str, Any], part: Mapping[str, Any]) -> None:
    for name, value in part.items():
        if name == "delta":
            _grow_message(choice.setdefault("message", {"role": "assistant", "content": None}), value)
        elif name == "text":
            choice["text"] = choice.get("text", "") + (value or "")
        elif name == "logprobs":
            choice["logprobs"] = _joined_logprobs(choice.get("logprobs"), value)
        elif value is not None or name not in choice:
            choice[name] = value


def _grow_message(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for name, value in delta.items():
        if name == "tool_calls":
            _grow_calls(message.setdefault("tool_calls", []), value or ())
        elif isinstance(value, str) and name != "role":
            message[name] = (message.get(name) or "") + value
        elif value is not None or name not in message:
            message[name] = value


def _grow_calls(calls: list[dict[str, Any]], parts: Iterable[Mapping[str, Any]]) -> None:
    for part in parts:
        while len(calls) <= part["index"]:
            calls.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
        call, function = calls[part["index"]], part.get("function") or {}
        call["id"] = part.get("id") or call["id"]
        for name in ("name", "arguments"):
            call["function"][name] += function.get(name) or ""


def _joined_logprobs(before: Any, value: Any) -> Any:
    if before is None or value is None:
        return value if before is None else before
    joined = dict(before)
    for name, more in value.items():
        old = joined.get(name)
        joined[name] = old + more if isinstance(old, list) and isinstance(more, list) else more if old is None else old
    return joined


# From a whole

def _chunks(document: Mapping[str, Any], usage: bool) -> Iterator[bytes]:
    if document.get("object") not in _CHUNK:
        raise Unrenderable
    common = {"id": document.get("id"), "object": _CHUNK[document["object"]], "created": document.get("created"),
              "model": document.get("model")}
    for choice in document["choices"]:
        for part in _parts_of(choice):
            yield b"data: " + _encode({**common, "choices": [{"index": choice["index"], **part}]}) + b"\n\n"
    if usage:
        yield b"data: " + _encode({**common, "choices": [], "usage": document.get("usage")}) + b"\n\n"


def _parts_of(choice: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A choice's chunks: the role, all of what it says, why it ended."""
    ending = {name: choice[name] for name in ("finish_reason", "stop_reason") if name in choice}
    if "message" not in choice:
        yield {"text": choice.get("text", ""), "logprobs": choice.get("logprobs"), **ending}
        return
    message = dict(choice["message"])
    yield {"delta": {"role": message.pop("role", "assistant"), "content": ""}, "logprobs": None, "finish_reason": None}
    said = {name: value for name, value in message.items() if value not in (None, [])}
    if "tool_calls" in said:
        said["tool_calls"] = [{"index": index, **call} for index, call in enumerate(said["tool_calls"])]
    if said:
        yield {"delta": said, "logprobs": choice.get("logprobs"), "finish_reason": None}
    yield {"delta": {"content": ""}, "logprobs": None, **ending}
