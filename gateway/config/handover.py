"""Settings on their way from the supervisor to its children: the first line of each child's standard input."""

from typing import Any

import msgspec

from gateway.config.settings import Settings


def _plain(value: Any) -> str | float:
    """A written leaf as what it stands for: a duration is its seconds, an address its text."""
    return str(value) if isinstance(value, str) else float(value)


def settings_line(settings: Settings) -> bytes:
    """One line of JSON, ``{"settings": ...}``, with its line feed."""
    return msgspec.json.encode({"settings": settings}, enc_hook=_plain) + b"\n"


def settings_of_line(line: bytes) -> Settings:
    """The settings in a line, checked already; raises msgspec.DecodeError where it is no such line."""
    return msgspec.convert(msgspec.json.decode(line)["settings"], Settings, dec_hook=lambda kind, value: kind(value))
