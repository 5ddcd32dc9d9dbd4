"""What stands at the head of a backup, for whoever has the file and not the key."""

from typing import Literal

import msgspec

FORMAT = 1
Kind = Literal["sqlite", "postgresql"]


class Place(msgspec.Struct, frozen=True):
    """How far one writer's records reach: its last number, and the time of its newest record."""

    sequence: int
    at: float


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What a database holds: rows by table, the newest record's time (0 where there is none), how far each writer's
    records reach, and the newest checkpoint of the audit, where it has one."""

    schema: str  # the newest migration
    revision: int
    counts: dict[str, int]
    newest_at: float
    writers: dict[str, Place]
    checkpoint: dict[str, int | str] | None = None


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One backup. Times are Unix seconds. No field holds content or a credential."""

    id: str
    created_at: float
    host: str
    release: str
    kind: Kind
    source: str  # the database it is of, as every host that backs it up calls it
    tool: str  # what dumped it
    schema: str
    revision: int
    counts: dict[str, int]
    newest_at: float
    checkpoint: dict[str, int | str] | None
    key: str  # the id of the key that opens it
    key_is_given: bool  # by an operator; else it is the host's own, and lost with the host
    salt: str
    format: int = FORMAT
