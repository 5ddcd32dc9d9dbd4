"""Static settings, ``gatewright.yaml``: where things are. Read once, at start."""

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from gateway.config.checking import Problem
from gateway.config.written import Address, Duration, KeyHash
from guardrails.classifiers import rampart

Count = Annotated[int, msgspec.Meta(ge=1)]


class Key(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An application's key: never the key itself, only the SHA-256 of it in hexadecimal."""

    id: str
    sha256: KeyHash
    tenant: str = "default"


class Limits(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What the door lets in. Sizes in bytes."""

    body_bytes: Count = 32 * 1024 * 1024
    header_bytes: Count = 64 * 1024
    header_count: Count = 128
    target_bytes: Count = 8 * 1024
    json_depth: Count = 128
    connections: Count = 10_000
    in_flight: Count = 4096
    header_time: Duration = Duration(5)
    body_time: Duration = Duration(60)
    idle_time: Duration = Duration(75)
    stalled_reader_time: Duration = Duration(60)


class Drain(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How a worker leaves: not ready and still accepting for ``grace``, then up to ``finish`` for what is in flight."""

    grace: Duration = Duration(0.2)
    finish: Duration = Duration(30)


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One host's settings. Relative paths are relative to the file they stand in."""

    routing: str
    listen: Address = Address("127.0.0.1:8000")
    admin: Address = Address("127.0.0.1:8001")
    workers: Count = 1
    classifiers: Annotated[int, msgspec.Meta(ge=0, le=1)] = 0
    state: str = "./gatewright-state"
    database: str = "sqlite:///gatewright-state/gatewright.db"
    cache: str = "memory://"
    auth: Literal["required", "none"] = "required"
    allow_unauthenticated_network: bool = False
    keys: list[Key] = []
    limits: Limits = Limits()
    drain: Drain = Drain()
    upstream_ca_file: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def contradictions_of(settings: Settings) -> Iterator[Problem]:
    """Yields what no single field shows: settings that cannot stand together."""
    if settings.auth == "none" and not settings.listen.is_loopback and not settings.allow_unauthenticated_network:
        yield Problem(
            path="auth", found=f"none while listening on {settings.listen}",
            expected="required on an address that is not loopback (or allow_unauthenticated_network: true, "
                     "where the network itself is trusted)")
    if not settings.database.startswith("sqlite:///"):
        yield Problem(path="database", expected="sqlite:///PATH (the only store of this release)",
                      found=repr(settings.database.partition("://")[0] + "://..."))
    if settings.listen == settings.admin and settings.listen.port:
        yield Problem(path="admin", expected="an address other than listen", found=str(settings.admin))
    if settings.classifiers and (lacking := rampart.missing()):
        yield Problem(path="classifiers", expected="0, or the packages that the classifier needs: "
                      "pip install 'gatewright[names]'", found=f"no {', '.join(lacking)}")
    seen: dict[str, int] = {}
    for index, key in enumerate(settings.keys):
        if key.id in seen:
            yield Problem(path=f"keys[{index}].id", expected="an id of its own", found=f"that of keys[{seen[key.id]}]")
        seen.setdefault(key.id, index)
