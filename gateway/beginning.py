"""The beginning of a prompt, in bytes that are alike where the model server's tokens are."""

from collections.abc import Iterator
from typing import Any

import msgspec

from gateway.exchange import Exchange

_encode = msgspec.json.Encoder().encode
CONVERSATIONS = frozenset({"chat.completions", "completions", "messages", "responses"})
# Chat templates put these before the messages.
_FIRST = ("tools", "system", "instructions")


def beginning_of(exchange: Exchange) -> Iterator[bytes]:
    """Part by part, as far as somebody wants to read it; nothing for operations that have none."""
    document = exchange.document
    if exchange.record.operation not in CONVERSATIONS:
        return
    for name in _FIRST:
        if name in document:
            yield _encode(document[name])
    for name in ("messages", "input", "prompt"):
        said: Any = document.get(name)
        if isinstance(said, list):
            yield from map(_encode, said)
        elif isinstance(said, str):
            yield said.encode("utf-8", "surrogatepass")
