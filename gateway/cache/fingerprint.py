"""The fingerprint: all that decides an answer, and nothing else, in 32 bytes.

Two requests share one only if the same tenant asks the same version under the same policy for the same operation with
documents that are the same but for what no model reads. Documents are compared as they are after the guards of the
prompt: what these have redacted is redacted in both.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from gateway.exchange import Exchange

_encode = msgspec.json.Encoder(order="sorted").encode

# They name who asks or what for, or say how the answer is delivered; what the model writes is the same.
SILENT = frozenset({
    "stream", "stream_options", "user", "safety_identifier", "metadata", "prompt_cache_key", "prompt_cache_retention",
    "cache_salt", "service_tier", "request_id", "priority", "store"})
# Of these a streamed reply cannot be made from a whole one, nor the other way.
_OF_ONE_FORM = ("responses", "messages")
# Versions of what is written down here: another release of the gateway may clear or write replies otherwise.
RELEASE = b"1"
NAMESPACE = "gatewright:1"  # where entries lie on a server that others use too


def fingerprint(exchange: Exchange, scope: str, key: bytes) -> bytes:
    """``scope`` says who shares an answer: the tenant, or within it one key or one subject. Keyed, so that nobody can
    tell from a place in a shared cache what was asked."""
    told = framed(parts_of(exchange, scope)) + _encode(spoken(exchange.document, exchange.record.operation))
    return blake2b(told, key=key, digest_size=32).digest()


def framed(parts: Iterable[bytes]) -> bytes:
    """Each with its length before it: parts cannot run into each other."""
    return b"".join([b"%d:%b" % (len(part), part) for part in parts])


def parts_of(exchange: Exchange, scope: str) -> Iterator[bytes]:
    """Beside the document, what decides the answer, and who may have it."""
    record = exchange.record
    yield RELEASE
    for part in (record.tenant, scope, _sharer(exchange, scope), record.operation, exchange.model_asked,
                 record.arm_assigned, record.version_digest, record.policy_digest):
        yield part.encode("utf-8", "surrogatepass")


def _sharer(exchange: Exchange, scope: str) -> str:
    if scope == "key":
        return exchange.record.key
    return exchange.record.subject if scope == "user" else ""


def spoken(document: Mapping[str, Any], operation: str) -> dict[str, Any]:
    """Of a document, what decides the answer."""
    # 0 and 0.0 are one number, and clients write either.
    told = {name: int(value) if type(value) is float and value.is_integer() else value
            for name, value in document.items() if name not in SILENT}
    if operation in _OF_ONE_FORM:
        told["stream"] = bool(document.get("stream"))
    options = document.get("stream_options")
    if document.get("stream") and isinstance(options, dict) and options.get("continuous_usage_stats"):
        told["stream_options"] = options  # counts on every chunk: as good as another answer
    return told


def place_of(fingerprint: bytes, tenant: str, key: bytes) -> str:
    """An entry's name on the server. Tenants' names do not stand there."""
    mark = blake2b(tenant.encode("utf-8", "surrogatepass"), key=key, digest_size=8).hexdigest()
    return f"{NAMESPACE}:{mark}:{fingerprint.hex()}"
