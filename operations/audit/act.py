"""An act: one thing that somebody did."""

from typing import Any

import msgspec


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` is a noun with its verb, such as ``revision.apply``; ``about`` names what it was done to. ``actor`` is
    who the caller said they are, ``role`` by what right they did it."""

    at: float
    kind: str
    actor: str
    reason: str
    role: str = ""
    about: str = ""
    before: Any = None
    after: Any = None
    details: dict[str, Any] = {}
