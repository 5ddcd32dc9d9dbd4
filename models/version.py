"""A version: one immutable way to answer. Its digest changes when anything that could change an answer does."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec


class Version(msgspec.Struct, frozen=True, eq=False):
    """``defaults`` are parameters for what a request leaves out; ``api_key`` is the upstream's own."""

    name: str
    served_model: str
    endpoints: tuple[str, ...]
    defaults: Mapping[str, Any] = {}
    api_key: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of what decides the answer: the model asked for, the defaults. Where it runs is not part of it."""
        identity = {"served_model": self.served_model, "defaults": dict(self.defaults)}
        return hashlib.sha256(msgspec.json.encode(identity, order="sorted")).hexdigest()
