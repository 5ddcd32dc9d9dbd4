"""Identify: whose key is it. Keys are known by their SHA-256 alone. From here on the exchange's id tells its tenant."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from gateway.config.settings import Key
from gateway.exchange import Exchange
from gateway.ids import IdMarks
from gateway.refusal import NotAuthenticated
from gateway.stages.stage import Step


class Identify(Step):
    """Finds the key's id and tenant, or refuses; marks the exchange's id. With ``keys`` None everybody is let in
    (``auth: none``)."""

    def __init__(self, keys: Mapping[str, Key] | None, marks: IdMarks) -> None:
        """``keys`` are by the SHA-256 of the key in hexadecimal."""
        self._keys = keys
        self._marked = marks.marked

    def enter(self, exchange: Exchange) -> None:
        record = exchange.record
        key = key_of(exchange.request.headers, self._keys)
        if key is None:
            record.tenant = "default"
        else:
            record.key, record.tenant = key.id, key.tenant
            if key.purpose != "live":
                record.purpose = key.purpose
        record.id = self._marked(record.id, record.tenant)


def key_of(headers: Iterable[tuple[bytes, bytes]], keys: Mapping[str, Key] | None) -> Key | None:
    """The key that was presented, None where none is asked for; raises NotAuthenticated."""
    if keys is None:
        return None
    presented = _presented(headers)
    if not presented:
        raise NotAuthenticated("No key was sent.")
    if len(presented) > 1:
        raise NotAuthenticated("More than one key was sent.")
    # The table is asked by hash: how long that takes tells nothing of a key that is not known.
    key = keys.get(sha256(presented.pop()).hexdigest())
    if key is None:
        raise NotAuthenticated("The key is not known here.")
    return key


def _presented(headers: Iterable[tuple[bytes, bytes]]) -> set[bytes]:
    """Every key that was sent: bearer tokens, and what Anthropic's client sends. Two different ones are a question of
    which counts, and a proxy before us may have answered it otherwise."""
    found: set[bytes] = set()
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            found.add(token.strip() if scheme.lower() == b"bearer" else b"\0" + value)  # another scheme: no key of ours
        elif name == b"x-api-key":
            found.add(value)
    return found - {b""}
