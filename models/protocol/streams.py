"""Streamed replies, without I/O: one event in, the bytes that the client gets for it out.

Three forms: OpenAI's chat (also completions and transcriptions), Responses, Messages. What is read: usage, finish
reason, failure, the end. What is changed: the model's name, and the usage that only the gateway asked for. All else
leaves as the bytes it came in.
"""

import re
from typing import Any, Protocol

import msgspec

from models.protocol.events import payload_of, with_payload
from models.protocol.usage import Usage, usage_of

_encode = msgspec.json.Encoder().encode
_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()

DONE = b"[DONE]"


class MalformedEvent(Exception):
    """An event that is not what the operation streams."""


class StreamReader(Protocol):
    """Reads one stream. After each event the attributes tell what is known so far.

    ``ended``: the stream's own end was read; its bytes are the last of the stream. ``failure``: upstream's error event,
    in words; nothing after it counts.
    """

    ended: bool
    failure: str
    finish_reason: str
    tokens: int  # events that carried output, for when usage is not reported

    def read(self, event: bytes) -> bytes:
        """Returns what the client gets for ``event``, which may be nothing yet; raises MalformedEvent."""

    def usage(self) -> Usage | None:
        """What upstream reported so far."""


class ChatChunk(msgspec.Struct):
    """The parts of a chunk that are read, where it has to be decoded."""

    model: str = ""
    choices: list[Any] | None = None
    usage: Any = None
    system_fingerprint: str | None = None


_chunk = msgspec.json.Decoder(ChatChunk)
_OPENING = ord("[")
_FINISH = re.compile(rb'"finish_reason":\s*"([^"\\]*)"')
_INDEX = re.compile(rb'"choices":\s*\[\s*\{\s*"index":\s*(\d{1,9})')


class ChatStream:
    """Chunks of chat completions, completions and transcriptions.

    The gateway asks for usage on every stream, and on every chunk of it, so that an abandoned stream is counted as far
    as it went. A client that did not ask gets what it would have got: chunks without usage, no usage chunk, and the
    system fingerprint on the finishing chunk, which vLLM moves to the usage chunk where there is one.
    """

    __slots__ = ("_alone", "_choices", "_fingerprint", "_held", "_keep_continuous", "_keep_usage", "_learned", "_model",
                 "_prefix", "_renamed_prefix", "_usage", "_usage_of_choice", "ended", "failure", "finish_reason",
                 "tokens")

    def __init__(self, model: str, *, keep_usage: bool, keep_continuous: bool, choices: int = 1,
                 fingerprint: str | None = None) -> None:
        """``model`` is the name the client asked for; ``fingerprint`` what this server is known to stamp: empty where
        it stamps nothing, None where that is not known yet."""
        self._model = model
        self._keep_usage = keep_usage
        self._keep_continuous = keep_continuous
        self._choices = choices
        self._fingerprint = fingerprint
        self._alone = choices == 1 and not keep_continuous
        self._held: list[bytes] = []
        self._learned = False
        self._prefix = self._renamed_prefix = b""  # empty for a server that writes JSON otherwise than vLLM
        self._usage = b""
        self._usage_of_choice: dict[int, bytes] = {}
        self.ended = False
        self.failure = ""
        self.finish_reason = ""
        self.tokens = 0

    def read(self, event: bytes) -> bytes:
        # Behind the first chunk only an event's ends are looked at: what stands between passes as it came.
        if self._prefix and event.startswith(self._prefix) and event.endswith(b"}\n\n"):
            at = event.rfind(b'],"usage":{') + 1
            # Nearly every chunk is of one choice, goes on, and ends with a flat usage for the gateway alone.
            if at > 0 and self._alone and event.find(b"}", at) == len(event) - 4 and event[at - 2] != _OPENING \
                    and b'"finish_reason":"' not in event and not self._held:
                self._usage = event[at + len(b',"usage":') : -3]
                self.tokens += 1
                return b"%b%b}\n\n" % (self._renamed_prefix, event[len(self._prefix) : at])
            return self._read_chunk(self._renamed_prefix + event[len(self._prefix) :])
        payload = payload_of(event)
        if payload is None:
            return event
        if payload == DONE:
            self.ended = True
            return self._release() + event
        if not self._learned:
            self._learn(payload)
        return self._read_unusual(event, payload)

    def _learn(self, payload: bytes) -> None:
        """Learns from the first chunk how this server writes and what it calls the model. All chunks of a stream begin
        alike (id, object, created, model): the beginning is replaced as one, without looking for the name."""
        chunk = _decode(payload, _chunk)
        if not chunk.model:
            return
        self._learned = True
        named = b'"model":' + _encode(chunk.model)
        at = payload.find(named)
        if at > 0 and payload.find(b'"choices"') > at:
            self._prefix = b"data: " + payload[: at + len(named)]
            self._renamed_prefix = b"data: " + payload[:at] + b'"model":' + _encode(self._model)

    def _read_unusual(self, event: bytes, payload: bytes) -> bytes:
        fields = _decode(payload, _raw_fields)
        if "error" in fields:
            return self._fail(event, fields["error"])
        if self._prefix and event.startswith(self._prefix) and event == b"data: " + payload + b"\n\n":
            return self._read_chunk(self._renamed_prefix + event[len(self._prefix) :])
        return self._read_loose(event, fields)

    def _fail(self, event: bytes, error: msgspec.Raw) -> bytes:
        described = _decode(error, _any)
        message = described.get("message") if isinstance(described, dict) else described
        self.failure = str(message or "upstream failed")[:500]
        return self._release() + event

    def _read_chunk(self, event: bytes) -> bytes:
        """A chunk as vLLM writes it: edited as bytes, since an unescaped quote cannot stand inside a JSON string."""
        at = event.rfind(b'],"usage":') + 1
        if at > 0:
            end = _end_of_value(event, at + len(b',"usage":'))
            # A chunk's own usage stands behind its choices. Where a choice ends after it, it may be the model's own.
            if end < 0 or event.find(b"}]", end) > 0:
                return self._read_loose(event, _decode(payload_of(event) or b"", _raw_fields))
            usage = event[at + len(b',"usage":') : end]
            if usage != b"null" and b'"choices":[]' in event:
                return self._read_usage_chunk(event)
            self._note_usage(event, usage)
            if not self._keeps(usage):
                event = event[:at] + event[end:]
        self.tokens += 1
        if b'"finish_reason":"' in event:
            return self._read_finish(event)
        if self._held:
            self._held.append(event)
            return b""
        return event

    def _note_usage(self, event: bytes, usage: bytes) -> None:
        if usage == b"null":
            return
        if self._choices == 1:
            self._usage = usage
        elif index := _INDEX.search(event):
            self._usage_of_choice[int(index[1])] = usage

    def _keeps(self, usage: bytes) -> bool:
        """Whether the client sees the usage of a chunk that has choices. OpenAI fills the place with null."""
        return self._keep_usage if usage == b"null" else self._keep_continuous

    def _read_finish(self, event: bytes) -> bytes:
        reason = _FINISH.search(event)
        self.finish_reason = reason[1].decode("utf-8", "replace") if reason else ""
        if self._keep_usage or b'"system_fingerprint":"' in event:
            return event
        # One choice: the usage chunk follows at once and tells the fingerprint. Several: others go on streaming, so
        # the known fingerprint is stamped; only where none is known yet, the rest waits in order for it.
        if self._choices > 1 and self._fingerprint is not None and not self._held:
            return _stamped(event, self._fingerprint)
        self._held.append(event)
        return b""

    def _read_usage_chunk(self, event: bytes) -> bytes:
        chunk = _decode(payload_of(event) or b"", _chunk)
        self._usage = _encode(chunk.usage)
        self._usage_of_choice.clear()
        self._fingerprint = chunk.system_fingerprint or ""
        released = self._release()
        return released + event if self._keep_usage else released

    def _release(self) -> bytes:
        if not self._held:
            return b""
        held, self._held = self._held, []
        return b"".join(_stamped(event, self._fingerprint) for event in held)

    def _read_loose(self, event: bytes, fields: dict[str, msgspec.Raw]) -> bytes:
        """A chunk of a server that writes JSON otherwise: taken apart and put together again."""
        usage = bytes(fields.get("usage", b"null"))
        choices = _decode(fields["choices"], _any) if "choices" in fields else None
        edited = dict(fields)
        if "model" in edited:
            edited["model"] = msgspec.Raw(_encode(self._model))
        if choices:
            self.tokens += 1
            self._read_loose_finish(choices)
            self._note_usage(event, usage)
            if not self._keeps(usage):
                edited.pop("usage", None)
        elif usage != b"null":
            self._usage = usage
            if choices == [] and not self._keep_usage:
                return b""
        passed = event if _same(edited, fields) else with_payload(event, _encode(edited))
        if self._held:
            self._held.append(passed)
            return b""
        return passed

    def _read_loose_finish(self, choices: Any) -> None:
        reason = choices[0].get("finish_reason") if isinstance(choices, list) and isinstance(choices[0], dict) else None
        if reason and isinstance(reason, str):
            self.finish_reason = reason

    @property
    def fingerprint(self) -> str | None:
        return self._fingerprint

    def usage(self) -> Usage | None:
        if self._usage:
            return _usage_in(self._usage)
        counted = [usage for raw in self._usage_of_choice.values() if (usage := _usage_in(raw))]
        if not counted:
            return None
        return Usage(counted[0].prompt_tokens, sum(usage.completion_tokens for usage in counted),
                     counted[0].cached_tokens)


class EventStream:
    """Events of the Responses and Messages APIs: the name and the usage stand in a few events, all others pass."""

    __slots__ = ("_begun", "_completion", "_model", "_prompt", "ended", "failure", "finish_reason", "response_id",
                 "tokens")

    LAST = ("response.completed", "response.incomplete", "message_stop")
    _NAMED = re.compile(rb"event: ?(?:response\.(?:completed|incomplete|failed)|message_stop|error)")

    def __init__(self, model: str) -> None:
        self._model = model
        self._begun = False
        self._prompt: Usage | None = None
        self._completion: Usage | None = None
        self.response_id = ""
        self.ended = False
        self.failure = ""
        self.finish_reason = ""
        self.tokens = 0

    def read(self, event: bytes) -> bytes:
        if b"content_block_delta" in event or b'.delta"' in event:
            self.tokens += 1
        # The few events that matter hold one of these keys or names. A text that quotes a name is only looked at.
        if self._begun and b'"model":' not in event and b'"usage":' not in event and b'"error"' not in event \
                and self._NAMED.search(event) is None:
            return event
        payload = payload_of(event)
        if payload is None:
            return event
        if payload == DONE:
            self.ended = True
            return event
        fields = _decode(payload, _raw_fields)
        self._begun = True
        self._read_kind(fields)
        return self._renamed(event, fields)

    def _read_kind(self, fields: dict[str, msgspec.Raw]) -> None:
        kind = _decode(fields["type"], _any) if "type" in fields else ""
        if kind in self.LAST:
            self.ended = True
        if kind in ("error", "response.failed") or "error" in fields:
            self._fail(fields)
        self._read_usage(fields)
        delta = _decode(fields["delta"], _any) if kind == "message_delta" and "delta" in fields else None
        if isinstance(delta, dict) and delta.get("stop_reason"):
            self.finish_reason = str(delta["stop_reason"])

    def _fail(self, fields: dict[str, msgspec.Raw]) -> None:
        described: Any = {name: _decode(raw, _any) for name, raw in fields.items()}
        described = described.get("error") or _object(described.get("response")).get("error") or described
        message = described.get("message") if isinstance(described, dict) else described
        self.failure = str(message or "upstream failed")[:500]

    def _read_usage(self, fields: dict[str, msgspec.Raw]) -> None:
        if "usage" in fields:
            self._completion = usage_of(_decode(fields["usage"], _any))
        for name in ("response", "message"):
            inner = _object(_decode(fields[name], _any) if name in fields else None)
            self._prompt = usage_of(inner.get("usage")) or self._prompt
            self.response_id = str(inner.get("id") or self.response_id)
            if name == "response":
                self.finish_reason = str(inner.get("status") or self.finish_reason)

    def _renamed(self, event: bytes, fields: dict[str, msgspec.Raw]) -> bytes:
        for name in ("response", "message"):
            raw = fields.get(name, b"")
            # In an error event the message is a text.
            inner = _decode(raw, _raw_fields) if bytes(raw).startswith(b"{") else {}
            if "model" in inner and bytes(inner["model"]) != _encode(self._model):
                inner["model"] = msgspec.Raw(_encode(self._model))
                return with_payload(event, _encode({**fields, name: msgspec.Raw(_encode(inner))}))
        return event

    def usage(self) -> Usage | None:
        if self._completion is None:
            return self._prompt
        prompt = self._prompt or self._completion
        return Usage(self._completion.prompt_tokens or prompt.prompt_tokens, self._completion.completion_tokens,
                     self._completion.cached_tokens or prompt.cached_tokens)


def _decode(payload: bytes | msgspec.Raw, decoder: Any) -> Any:
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedEvent(f"an event that is no JSON object: {error}") from None


def _usage_in(raw: bytes) -> Usage | None:
    try:
        return usage_of(_any.decode(raw))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # it was cut out by its braces alone


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _stamped(event: bytes, fingerprint: str | None) -> bytes:
    """The finishing chunk with its fingerprint, where vLLM puts it: last."""
    if not fingerprint or b'"finish_reason":"' not in event or b'"system_fingerprint":"' in event:
        return event
    body, brace, rest = event.rpartition(b"}")
    return body + b',"system_fingerprint":' + _encode(fingerprint) + brace + rest


def _end_of_value(event: bytes, start: int) -> int:
    """Where the object or the null that begins at ``start`` ends; -1 where there is neither. It holds no text."""
    if event.startswith(b"null", start):
        return start + len(b"null")
    if not event.startswith(b"{", start):
        return -1
    end = event.find(b"}", start) + 1
    while end > 0 and event.count(b"{", start, end) > event.count(b"}", start, end):
        end = event.find(b"}", end) + 1
    return end or -1


def _same(edited: dict[str, msgspec.Raw], fields: dict[str, msgspec.Raw]) -> bool:
    return edited.keys() == fields.keys() and all(bytes(edited[name]) == bytes(fields[name]) for name in fields)
