"""An act: one thing that somebody did."""

from typing import Any

import msgspec


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """``kind`` is a verb with its noun, such as ``revision.apply``. ``actor`` is who the caller said they are."""

    at: float
    kind: str
    actor: str
    reason: str
    before: Any = None
    after: Any = None
    details: dict[str, Any] = {}
