"""Texts of the Responses API."""

from collections.abc import Iterator
from typing import Any

import msgspec

from models.protocol.texts.text import Path, Pieces, Text, mapping, put

_encode = msgspec.json.Encoder().encode
# Fields that hold a text, in events and in items, and their channels.
_TEXTS = {"text": "content", "refusal": "content", "arguments": "arguments:", "input": "arguments:",
          "transcript": "content"}
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class ResponsesForm:
    """A stream of events. Each text is streamed in deltas and then said again as a whole, up to three times."""

    def __init__(self) -> None:
        self._response: dict[str, Any] = {}
        self._sequence = 0

    def read(self, event: dict[str, Any]) -> Pieces:
        kind = str(event.get("type"))
        self._sequence = event.get("sequence_number", self._sequence)
        if kind == "response.created":
            self._response = mapping(event.get("response"))
        if kind.endswith(".delta"):
            if not isinstance(event.get("delta"), str):
                return Pieces([], [], [])
            return Pieces([Text(0, _key(event), _channel_of(kind), ("delta",), event["delta"])], [], [])
        repeated = list(_texts_in(event, (), "content"))
        return Pieces([], [0] if kind.endswith(".done") or kind in _ENDS else [], repeated)

    def strip(self, event: dict[str, Any], texts: list[Text]) -> None:
        _strip(event)

    def answers(self, event: dict[str, Any]) -> set[int]:
        return {0}

    def withdraw(self, event: dict[str, Any], answers: set[int]) -> None:
        """An event that ends an answer carries no text beside it."""

    def end_answer(self, choice: int, key: str) -> bytes:
        return b""

    def end_stream(self, usage: dict[str, Any] | None) -> bytes:
        response = {**self._response, "status": "incomplete", "output": [],
                    "incomplete_details": {"reason": "content_filter"}}
        if usage:
            response["usage"] = {"input_tokens": usage["prompt_tokens"], "output_tokens": usage["completion_tokens"],
                                 "total_tokens": usage["total_tokens"]}
        event = {"type": "response.incomplete", "sequence_number": self._sequence + 1, "response": response}
        return b"event: response.incomplete\ndata: " + _encode(event) + b"\n\n"


class ResponsesReply:
    """A whole reply."""

    def texts(self, document: dict[str, Any]) -> list[Text]:
        return list(_texts_in(document.get("output"), ("output",), "content"))

    def withhold(self, document: dict[str, Any], choice: int, following: list[Text]) -> None:
        gone = {text.path[1] for text in following}
        last = min((place for place in gone if isinstance(place, int)), default=len(document["output"]))
        document["output"] = document["output"][: last + 1]
        for text in following:
            if text.path[1] == last:
                put(document, text.path, "")
        document["status"] = "incomplete"
        document["incomplete_details"] = {"reason": "content_filter"}

    def strip(self, document: dict[str, Any], texts: list[Text]) -> None:
        _strip(document)


def _texts_in(value: Any, path: Path, channel: str) -> Iterator[Text]:
    """Every text in a part, an item, or a whole response."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield from _texts_in(item, (*path, place), channel)
        return
    if not isinstance(value, dict):
        return
    kind = str(value.get("type") or "")
    channel = "reasoning" if kind.startswith("reasoning") else channel
    for name, item in value.items():
        if name in _TEXTS and isinstance(item, str):
            found = _TEXTS[name]
            found = f"arguments:{value.get('name') or ''}" if found == "arguments:" else found
            yield Text(0, ".".join(map(str, path)), channel if found == "content" else found, (*path, name), item)
        elif name in ("response", "item", "part", "output", "content", "summary"):
            yield from _texts_in(item, (*path, name), channel)


def _key(event: dict[str, Any]) -> str:
    places = (event.get(name, "") for name in ("type", "output_index", "content_index", "summary_index"))
    return ".".join(map(str, places))


def _channel_of(kind: str) -> str:
    if "arguments" in kind or "input" in kind:
        return "arguments:"
    return "reasoning" if "reasoning" in kind else "content"


def _strip(value: Any) -> None:
    """Empties logprobs wherever they stand."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "logprobs" and item:
                value[name] = []
            else:
                _strip(item)
    elif isinstance(value, list):
        for item in value:
            _strip(item)
