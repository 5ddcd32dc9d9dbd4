"""Settings on their way from the supervisor to its children: the first line of each child's standard input."""

from decimal import Decimal
from typing import Any

import msgspec

from gateway.config.checking import decode_written
from gateway.config.settings import Settings
from gateway.config.written import Duration


def _as_text(value: Any) -> str:
    """A written leaf as an operator would write it, so that it is read back the same way."""
    return f"{Decimal(float(value)):f}s" if isinstance(value, Duration) else str(value)


def settings_line(settings: Settings) -> bytes:
    """One line of JSON, ``{"settings": ...}``, with its line feed."""
    return msgspec.json.encode({"settings": settings}, enc_hook=_as_text) + b"\n"


def settings_of_line(line: bytes) -> Settings:
    """The settings in a line, checked already; raises msgspec.DecodeError where it is no such line."""
    return msgspec.convert(msgspec.json.decode(line)["settings"], Settings, dec_hook=decode_written)
