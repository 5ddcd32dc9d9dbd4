"""The requests that are sent: one chat of 905 bytes, whole or streamed."""

import json

MODEL = "bench-model"
REQUEST_BYTES = 905
REPLY_BYTES = 1377
FRAMES = 200
NUMBER = "0" * 16  # stands in a chat that is sent under another number each time
GAP_US = 20_000

_SYSTEM = (
    "You are the assistant of a small library. Answer in plain words, name the shelf where a book stands, "
    "and say so when you do not know."
)
_TURNS = (
    ("user", "Good morning. I read a book about lighthouses here last spring and would like to find it again."),
    ("assistant", "Good morning! Do you remember a part of its title, the colour of its cover, or who wrote it?"),
    (
        "user",
        "It was blue, not very thick, and had many drawings. One chapter was about a keeper on a rock in the sea. ",
    ),
)


def chat(*, stream: bool, numbered: bool = False) -> bytes:
    """A chat request as the openai client writes it; exactly `REQUEST_BYTES` long when it is not streamed."""
    empty = _encoded(_messages(padding=""), stream=False)
    padding = ((NUMBER if numbered else "") + "It rained that day. " * 40)[: REQUEST_BYTES - len(empty)]
    return _encoded(_messages(padding=padding), stream=stream)


def _messages(*, padding: str) -> list[dict[str, str]]:
    turns = [{"role": role, "content": content} for role, content in _TURNS]
    turns[-1]["content"] += padding
    return [{"role": "system", "content": _SYSTEM}, *turns]


def _encoded(messages: list[dict[str, str]], *, stream: bool) -> bytes:
    request: dict[str, object] = {"messages": messages, "model": MODEL, "temperature": 0.7, "user": "reader-17"}
    if stream:
        request["stream"] = True
    return json.dumps(request, separators=(",", ":")).encode()
