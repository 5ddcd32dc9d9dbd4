"""Manifests that tests make by hand."""

from typing import Any

from operations.backups.archive import key_id
from operations.backups.manifest import Manifest

KEY = bytes(range(32))


def manifest(key: bytes = KEY, **fields: Any) -> Manifest:
    return Manifest(**{
        "id": "gatewright-20260101T000000Z-abcdef", "created_at": 1767225600.0, "host": "here", "release": "0.1.0",
        "kind": "sqlite", "source": "sqlite here:/g.db", "tool": "SQLite 3", "schema": "0004", "revision": 3,
        "counts": {"exchange": 2}, "newest_at": 1767225500.0, "checkpoint": None, "key": key_id(key),
        "key_is_given": True, "salt": "00ff" * 8, **fields})
