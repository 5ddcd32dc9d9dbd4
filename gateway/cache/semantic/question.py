"""A question that may be answered by the answer to one in other words, and what the two must have in common.

The last turn alone is never the key. Who may share an answer, which version gives it under which policy, the system
prompt, all turns before, every parameter, and the traits of the last turn (see traits): all of it is hashed into the
partition, and only vectors of one partition are ever compared. What is left to the vector is the wording of the last
user turn.
"""

import unicodedata
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from gateway.cache.fingerprint import framed, parts_of, spoken
from gateway.cache.semantic.traits import traits_of
from gateway.config.routing_document import CacheDocument, EmbeddingVersion
from gateway.exchange import Exchange

OPERATIONS = frozenset({"chat.completions", "messages"})
LEAST_LATIN = 0.9  # of the letters; the traits of other scripts cannot be read
_TEXT = "text"
_encode = msgspec.json.Encoder(order="sorted").encode


class Question(msgspec.Struct, frozen=True):
    """``text`` is the last turn; ``common`` is a keyed hash of all the rest, 32 bytes."""

    text: str
    common: bytes

    def partition(self, mark: bytes, key: bytes) -> bytes:
        """Where its vector lies, that the model of this mark has made."""
        return blake2b(self.common + mark, key=key, digest_size=32).digest()


def question_of(exchange: Exchange, settings: CacheDocument, key: bytes) -> Question | None:
    """None where only the very same question will do: whatever is no plain text, has no letters or too many of them,
    wants several answers, or may call tools."""
    semantic = settings.semantic
    if semantic is None or exchange.record.operation not in OPERATIONS:
        return None
    text = _last_turn(exchange.document)
    if text is None or not 0 < len(text) <= semantic.most_characters or not is_readable(text):
        return None
    if not _is_plain(exchange.document, settings.tool_calls):
        return None
    return Question(text, _common(exchange, settings, text, key))


def _common(exchange: Exchange, settings: CacheDocument, text: str, key: bytes) -> bytes:
    assert settings.semantic is not None
    parts = framed([*parts_of(exchange, settings.scope), _named(settings.semantic.embedder, exchange)])
    hashed = blake2b(parts, key=key, digest_size=32, person=b"similar")
    hashed.update(_encode(traits_of(text)))
    hashed.update(_encode(_without_last_turn(spoken(exchange.document, exchange.record.operation))))
    return hashed.digest()


def _named(embedder: str | EmbeddingVersion, exchange: Exchange) -> bytes:
    if isinstance(embedder, str):
        return b"classifier:" + embedder.encode()
    target = exchange.snapshot.embedders.get(embedder.version)
    return f"version:{embedder.version}:{target.digest if target is not None else ''}".encode()


def _last_turn(document: Mapping[str, Any]) -> str | None:
    messages = document.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, dict) or last.get("role") != "user":
        return None
    content = last.get("content")
    if isinstance(content, list) and len(content) == 1 and _is_text(content[0]):
        content = content[0].get("text")
    return content if isinstance(content, str) else None


def _without_last_turn(document: dict[str, Any]) -> dict[str, Any]:
    """All but its text. How that was written, as a string or as a part, stays."""
    *before, last = document["messages"]
    content = last["content"]
    emptied: Any = None if isinstance(content, str) else [{**content[0], "text": None}]
    return {**document, "messages": [*before, {**last, "content": emptied}]}


def _is_plain(document: Mapping[str, Any], tool_calls: bool) -> bool:
    if document.get("n") not in (None, 1):
        return False
    if not tool_calls and (document.get("tools") or document.get("functions")):
        return False
    contents = (message.get("content") for message in document["messages"] if isinstance(message, dict))
    return all(_is_text(part) for content in contents if isinstance(content, list) for part in content)


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == _TEXT


def is_readable(text: str) -> bool:
    """Whether it is in letters whose traits can be read."""
    letters = [one for one in text if one.isalpha()]
    latin = sum(one.isascii() or unicodedata.name(one, "").startswith("LATIN") for one in letters)
    return bool(letters) and latin >= LEAST_LATIN * len(letters)
