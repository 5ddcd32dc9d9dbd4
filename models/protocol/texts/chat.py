"""Texts of chat completions, completions and transcriptions."""

from collections.abc import Iterator
from typing import Any

import msgspec

from models.protocol.texts.text import Path, Pieces, Text, mapping, mappings, put

_encode = msgspec.json.Encoder().encode
# What stands beside the texts in a message or delta and is not the model's to choose. All else that is text is read,
# under whatever name: a field that we do not know must not be a way around the guards.
_NO_TEXT = frozenset({"role", "id", "type", "index", "name", "object"})
_REASONING = frozenset({"reasoning", "reasoning_content"})
_TELLING = ("logprobs", "token_ids", "prompt_logprobs", "prompt_token_ids", "prompt_text", "stop_reason")


class ChatForm:
    """A stream of chunks."""

    def __init__(self) -> None:
        self._names: dict[tuple[int, int], str] = {}  # of tools, by answer and call: only the first piece tells it
        self._shape: dict[str, Any] = {}

    def read(self, event: dict[str, Any]) -> Pieces:
        self._shape = event
        texts: list[Text] = []
        ended: list[int] = []
        for place, choice in mappings(event.get("choices")):
            number = _number(choice)
            texts += _texts_of(choice, number, ("choices", place), self._names)
            if choice.get("finish_reason"):
                ended.append(number)
        if "choices" not in event and isinstance(event.get("text"), str):  # a transcription's
            texts.append(Text(0, "content", "content", ("text",), event["text"]))
        return Pieces(texts, ended, [])

    def strip(self, event: dict[str, Any], texts: list[Text]) -> None:
        for _, choice in mappings(event.get("choices")):
            if any(text.choice == _number(choice) for text in texts):
                _strip(choice)

    def answers(self, event: dict[str, Any]) -> set[int]:
        return {_number(choice) for _, choice in mappings(event.get("choices"))}

    def withdraw(self, event: dict[str, Any], answers: set[int]) -> None:
        for _, choice in mappings(event.get("choices")):
            if _number(choice) in answers:
                choice["finish_reason"] = None

    def end_answer(self, choice: int, key: str) -> bytes:
        last = {"index": choice, "delta": {}, "logprobs": None, "finish_reason": "content_filter", "stop_reason": None}
        if self._shape.get("object") == "text_completion":
            del last["delta"]
            last["text"] = ""
        return self._chunk(choices=[last])

    def end_stream(self, usage: dict[str, Any] | None) -> bytes:
        return (self._chunk(choices=[], usage=usage) if usage else b"") + b"data: [DONE]\n\n"

    def _chunk(self, **fields: Any) -> bytes:
        shared = {name: value for name, value in self._shape.items()
                  if name in ("id", "object", "created", "model", "system_fingerprint")}
        return b"data: " + _encode({**shared, **fields}) + b"\n\n"


class ChatReply:
    """A whole reply."""

    def texts(self, document: dict[str, Any]) -> list[Text]:
        found: list[Text] = []
        for place, choice in mappings(document.get("choices")):
            found += _texts_of(choice, _number(choice), ("choices", place), {})
        if "choices" not in document:
            found += _transcription(document)
        return found

    def withhold(self, document: dict[str, Any], choice: int, following: list[Text]) -> None:
        for at, answer in mappings(document.get("choices")):
            if _number(answer) != choice:
                continue
            answer["finish_reason"] = "content_filter"
            message = mapping(answer.get("message"))
            if any(text.channel.startswith("arguments") for text in following):
                message.pop("function_call", None)
                if "tool_calls" in message:
                    kept = {text.path[:5] for text in following if text.channel.startswith("arguments")}
                    message["tool_calls"] = [call for place, call in enumerate(message["tool_calls"])
                                             if ("choices", at, "message", "tool_calls", place)
                                             not in kept]
            for text in following:
                if not text.channel.startswith("arguments"):
                    put(document, text.path, "")

    def strip(self, document: dict[str, Any], texts: list[Text]) -> None:
        for _, choice in mappings(document.get("choices")):
            if any(text.choice == _number(choice) for text in texts):
                _strip(choice)
        for name in ("words", "tokens"):  # a transcription's texts once more, in pieces
            if "choices" not in document and texts and name in document:
                document[name] = []


def _texts_of(choice: dict[str, Any], number: int, path: Path, names: dict[tuple[int, int], str]) -> list[Text]:
    """The texts of one choice: of its delta, its message, or its own."""
    found: list[Text] = []
    if isinstance(choice.get("text"), str):
        found.append(Text(number, "content", "content", (*path, "text"), choice["text"]))
    for part in ("delta", "message"):
        message = mapping(choice.get(part))
        reasons = [name for name in message if name in _REASONING]
        for name in [*reasons, *(name for name in message if name not in _REASONING)]:
            value = message[name]
            if name == "tool_calls":
                found += _calls(value, number, (*path, part, name), names)
            elif name not in _NO_TEXT and value:
                found += _leaves(value, number, name, (*path, part, name))
    return found


def _calls(calls: Any, number: int, path: Path, names: dict[tuple[int, int], str]) -> Iterator[Text]:
    for place, call in mappings(calls):
        index = call.get("index", place)
        function = mapping(call.get("function"))
        if isinstance(function.get("name"), str) and function["name"]:
            names[number, index] = function["name"]
        if isinstance(function.get("arguments"), str):
            yield Text(number, f"arguments:{index}", f"arguments:{names.get((number, index), '')}",
                       (*path, place, "function", "arguments"), function["arguments"])
        custom = mapping(call.get("custom"))
        if isinstance(custom.get("input"), str):
            yield Text(number, f"arguments:{index}", "content", (*path, place, "custom", "input"), custom["input"])


def _leaves(value: Any, number: int, name: str, path: Path) -> Iterator[Text]:
    """Every text in ``value``, whatever it is made of."""
    if isinstance(value, str):
        yield Text(number, name, _channel(name), path, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in _NO_TEXT and key != "data":  # audio, as base64
                yield from _leaves(item, number, f"{name}.{key}", (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _leaves(item, number, f"{name}.{place}", (*path, place))


def _channel(name: str) -> str:
    if name in _REASONING:
        return "reasoning"
    return "arguments:" if name == "function_call.arguments" else "content"


def _transcription(document: dict[str, Any]) -> Iterator[Text]:
    if isinstance(document.get("text"), str):
        yield Text(0, "content", "content", ("text",), document["text"])
    for place, segment in mappings(document.get("segments")):
        if isinstance(segment.get("text"), str):
            yield Text(0, f"segment:{place}", "content", ("segments", place, "text"), segment["text"])


def _strip(choice: dict[str, Any]) -> None:
    for name in _TELLING:
        if choice.get(name) is not None:
            choice[name] = None


def _number(choice: dict[str, Any]) -> int:
    index = choice.get("index", 0)
    return index if isinstance(index, int) else 0
