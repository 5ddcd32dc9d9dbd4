"""Texts of the Messages API."""

from typing import Any

import msgspec

from models.protocol.texts.text import Path, Pieces, Text, mapping, mappings

_encode = msgspec.json.Encoder().encode
# By the kind of a delta: the field that holds its piece, and the channel.
_DELTAS = {"text_delta": ("text", "content"), "thinking_delta": ("thinking", "reasoning"),
           "input_json_delta": ("partial_json", "arguments:")}
_BLOCKS = {"text": ("text", "content"), "thinking": ("thinking", "reasoning")}


class MessagesForm:
    """A stream of events: blocks one after the other, all of one answer."""

    def __init__(self) -> None:
        self._tool = ""

    def read(self, event: dict[str, Any]) -> Pieces:
        kind, index = event.get("type"), event.get("index", 0)
        if kind == "content_block_start":
            block = mapping(event.get("content_block"))
            self._tool = str(block.get("name") or "")
            return Pieces(_of_block(block, index, ("content_block",)), [], [])
        if kind == "content_block_delta":
            delta = mapping(event.get("delta"))
            field, channel = _DELTAS.get(str(delta.get("type")), ("", ""))
            if channel == "arguments:":
                channel += self._tool
            if isinstance(delta.get(field), str):
                return Pieces([Text(0, str(index), channel, ("delta", field), delta[field])], [], [])
        elif kind in ("content_block_stop", "message_delta", "message_stop"):
            return Pieces([], [0], [])
        return Pieces([], [], [])

    def strip(self, event: dict[str, Any], texts: list[Text]) -> None:
        """Nothing tells a text twice here."""

    def answers(self, event: dict[str, Any]) -> set[int]:
        return {0}

    def withdraw(self, event: dict[str, Any], answers: set[int]) -> None:
        """An event that ends an answer carries no text beside it."""

    def end_answer(self, choice: int, key: str) -> bytes:
        stop = {"type": "content_block_stop", "index": int(key)}
        return b"event: content_block_stop\ndata: " + _encode(stop) + b"\n\n"

    def end_stream(self, usage: dict[str, Any] | None) -> bytes:
        delta = {"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_sequence": None},
                 "usage": {"output_tokens": (usage or {}).get("completion_tokens", 0)}}
        return (b"event: message_delta\ndata: " + _encode(delta)
                + b'\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n')


class MessagesReply:
    """A whole reply."""

    def texts(self, document: dict[str, Any]) -> list[Text]:
        found: list[Text] = []
        for place, block in mappings(document.get("content")):
            found += _of_block(block, place, ("content", place))
            found += _inputs(block.get("input"), place, ("content", place, "input"))
        return found

    def withhold(self, document: dict[str, Any], choice: int, following: list[Text]) -> None:
        gone = {text.path[1] for text in following}
        document["content"] = [block for place, block in enumerate(document["content"]) if place not in gone]
        document["stop_reason"] = "refusal"

    def strip(self, document: dict[str, Any], texts: list[Text]) -> None:
        """Nothing tells a text twice here."""


def _of_block(block: dict[str, Any], index: int, path: Path) -> list[Text]:
    field, channel = _BLOCKS.get(str(block.get("type")), ("", ""))
    text = block.get(field)
    return [Text(0, str(index), channel, (*path, field), text)] if isinstance(text, str) and text else []


def _inputs(value: Any, index: int, path: Path) -> list[Text]:
    """The texts of a tool's input, which is an object here: each for itself."""
    if isinstance(value, str):
        return [Text(0, f"{index}:{path}", "content", path, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [text for key, item in items for text in _inputs(item, index, (*path, key))]
