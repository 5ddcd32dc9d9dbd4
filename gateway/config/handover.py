"""Settings and keys on their way from the supervisor to its children: the first line of each child's standard input."""

from decimal import Decimal
from typing import Any

import msgspec

from gateway.config.checking import decode_written
from gateway.config.settings import Settings
from gateway.config.written import Duration
from gateway.host_keys import HostKeys


def _as_text(value: Any) -> str:
    """A written leaf as an operator would write it, so that it is read back the same way."""
    return f"{Decimal(float(value)):f}s" if isinstance(value, Duration) else str(value)


def settings_line(settings: Settings, keys: HostKeys | None = None) -> bytes:
    """One line of JSON, ``{"settings": ..., "keys": ...}``, with its line feed; ``keys`` are a data worker's alone."""
    told = {"settings": settings} if keys is None else {"settings": settings, "keys": keys}
    return msgspec.json.encode(told, enc_hook=_as_text) + b"\n"


def settings_of_line(line: bytes) -> Settings:
    """The settings in a line, checked already; raises msgspec.DecodeError where it is no such line."""
    return msgspec.convert(msgspec.json.decode(line)["settings"], Settings, dec_hook=decode_written)


def keys_of_line(line: bytes) -> HostKeys:
    """The keys in a data worker's line; raises msgspec.DecodeError where there are none."""
    return msgspec.convert(msgspec.json.decode(line).get("keys"), HostKeys)
