"""An entry: one reply as it left, and what is told of it when it is given again."""

from hashlib import blake2b
from hmac import compare_digest

import msgspec

from gateway.record import ExchangeRecord

FORMAT = b"GW1"
_MAC_BYTES = 16
_START = len(FORMAT) + _MAC_BYTES


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """``frames`` are what the client got, the last of them a stream's end marker or the whole body. Tokens are those
    of the exchange that asked for it, ``subject`` is whom it was asked for."""

    tenant: str
    model: str
    version: str
    operation: str
    subject: str
    exchange_id: str
    stored_at: float  # Unix seconds
    ttl_seconds: float
    streamed: bool
    headers: list[tuple[bytes, bytes]]
    frames: list[bytes]
    finish_reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    status: int = 200


class Forged(Exception):
    """Bytes that this installation has not written, or not under this fingerprint."""


def encode(entry: Entry) -> bytes:
    return msgspec.msgpack.encode(entry)


def decode(payload: bytes) -> Entry:
    """Raises msgspec.DecodeError where it is no entry of this release."""
    return msgspec.msgpack.decode(payload, type=Entry)


def signed(payload: bytes, fingerprint: bytes, key: bytes) -> bytes:
    """What leaves the process: the format's mark, a keyed hash of place and payload, the payload."""
    return FORMAT + _mac(payload, fingerprint, key) + payload


def verified(data: bytes, fingerprint: bytes, key: bytes) -> bytes:
    """The payload of what came back; raises Forged. One of another format is as good as none: b"" is returned."""
    if not data.startswith(FORMAT):
        if data[:2] == FORMAT[:2]:
            return b""
        raise Forged
    payload = data[_START:]
    if not compare_digest(data[len(FORMAT) : _START], _mac(payload, fingerprint, key)):
        raise Forged
    return payload


def unverified(data: bytes) -> bytes:
    """The payload of what came back, to look at and not to give to anyone: its place is not known here."""
    return data[_START:]


def note_cached(record: ExchangeRecord, told: "Entry | ExchangeRecord") -> None:
    """What an exchange's record says of a reply that was made for another one."""
    record.finish_reason, record.usage_source = told.finish_reason, "cached"
    record.prompt_tokens, record.completion_tokens = told.prompt_tokens, told.completion_tokens
    record.cached_tokens = told.cached_tokens


def _mac(payload: bytes, fingerprint: bytes, key: bytes) -> bytes:
    # The fingerprint is part of it: an entry that was moved to another's place is as forged as a changed one.
    return blake2b(fingerprint + payload, key=key, digest_size=_MAC_BYTES).digest()
