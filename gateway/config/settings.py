"""Static settings, ``gatewright.yaml``: where things are. Read once, at start."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gateway.config.cache_url import CacheURL
from gateway.config.checking import Problem, join
from gateway.config.database_url import problems_of_database
from gateway.config.written import Address, AuditPlace, Duration, KeyHash
from guardrails.classifiers.builtin import NAMES, installed, requirements_of
from guardrails.classifiers.settings import ClassifierSettings

SCORES = ("fast", "safety")  # the models that score texts
DAY = 86_400
Count = Annotated[int, msgspec.Meta(ge=1)]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")  # it becomes a label of metrics


class Key(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An application's key: never the key itself, only the SHA-256 of it in hexadecimal. What asks with a key for
    probes is no traffic: it is in the ledger, and is not counted."""

    id: str
    sha256: KeyHash
    tenant: str = "default"
    purpose: Literal["live", "probe"] = "live"


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


class Periods(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How long what is under one class, or one tenant's, is kept. None: as everything else."""

    exchanges: Duration | None = None
    content: Duration | None = None


class Retention(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How long the ledger keeps what it has. A tenant's own period counts before its class's, that before the general
    one; content never outlives what the routing says, and acts are never deleted. ``signals`` are those about no
    exchange: the others go with theirs."""

    exchanges: Duration = Duration(400 * DAY)
    signals: Duration = Duration(400 * DAY)
    content: Duration = Duration(30 * DAY)
    classes: dict[str, Periods] = {}
    tenants: dict[str, Periods] = {}


class Audit(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How often a signed checkpoint seals the ledger, and the second places that it is written to."""

    every: Duration = Duration(60)
    to: list[AuditPlace] = []


class Batches(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Files and batches: where they lie, and how much of them there may be. Sizes in bytes; ``tenant_bytes``, ``open``
    are each tenant's. ``quiet`` is how long an endpoint has to be without other work before lines are asked of it."""

    folder: str | None = None
    file_bytes: Count = 200 * 1024 * 1024
    tenant_bytes: Count = 10 * 1024 * 1024 * 1024
    lines: Count = 50_000
    open: Count = 100
    keep: Duration = Duration(30 * DAY)
    upload_time: Duration = Duration(600)
    quiet: Duration = Duration(0.5)


class Backups(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Backups of the database to a folder. Kept are the newest ``keep``, and all that are younger than ``keep_for``."""

    to: str
    every: Duration = Duration(24 * 3600)
    keep: Count = 14
    keep_for: Duration | None = None
    drill_every: Duration | None = None


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One host's settings. Relative paths are relative to the file they stand in."""

    routing: str
    listen: Address = Address("127.0.0.1:8000")
    admin: Address = Address("127.0.0.1:8001")
    workers: Count = 1
    classifiers: Annotated[int, msgspec.Meta(ge=0, le=1)] | ClassifierSettings = 0
    scores: str | None = None
    state: str = "./gatewright-state"
    durability: Literal["process", "disk"] = "process"
    journal_full: Literal["allow", "refuse"] = "allow"
    journal_low_bytes: Annotated[int, msgspec.Meta(ge=0)] = 268_435_456
    database: str = "sqlite:///gatewright-state/gatewright.db"
    cache: CacheURL = CacheURL("memory://")
    auth: Literal["required", "none"] = "required"
    allow_unauthenticated_network: bool = False
    keys: list[Key] = []
    limits: Limits = Limits()
    drain: Drain = Drain()
    retention: Retention = Retention()
    audit: Audit = Audit()
    backups: Backups | None = None
    batches: Batches = Batches()
    upstream_ca_file: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def classifying(self) -> ClassifierSettings | None:
        """What the classifier process loads; None where there is none."""
        if isinstance(self.classifiers, ClassifierSettings):
            return self.classifiers
        return ClassifierSettings() if self.classifiers else None

    @property
    def batch_folder(self) -> Path:
        """Where files and batches lie."""
        return Path(self.state) / "batches" if self.batches.folder is None else Path(self.batches.folder)

    @property
    def scoring(self) -> Path | None:
        """The folder of models of one's own that score texts."""
        return None if self.scores is None else Path(self.scores)


def contradictions_of(settings: Settings) -> Iterator[Problem]:
    """Yields what no single field shows: settings that cannot stand together."""
    if settings.auth == "none" and not settings.listen.is_loopback and not settings.allow_unauthenticated_network:
        yield Problem(
            path="auth", found=f"none while listening on {settings.listen}",
            expected="required on an address that is not loopback (or allow_unauthenticated_network: true, "
                     "where the network itself is trusted)")
    yield from problems_of_database(settings.database)
    if settings.listen == settings.admin and settings.listen.port:
        yield Problem(path="admin", expected="an address other than listen", found=str(settings.admin))
    if settings.classifying is not None:
        yield from _classifier_problems(settings.classifying)
    own = settings.scoring
    if own is not None and not any((own / name / f"{name}.json").is_file() for name in SCORES):
        yield Problem(path="scores", found=str(own),
                      expected="a folder with fast/ or safety/ in it, as 'gatewright guard train' makes them")
    seen: dict[str, int] = {}
    for index, key in enumerate(settings.keys):
        if key.id in seen:
            yield Problem(path=f"keys[{index}].id", expected="an id of its own", found=f"that of keys[{seen[key.id]}]")
        seen.setdefault(key.id, index)


def _classifier_problems(settings: ClassifierSettings) -> Iterator[Problem]:
    for index, built_in in enumerate(settings.load or ()):
        requirements = requirements_of(built_in)
        if lacking := requirements.missing():
            yield Problem(path=f"classifiers.load[{index}]", found=f"no {', '.join(lacking)}",
                          expected=f"a classifier whose packages are installed: {requirements.remedy}")
    for name in settings.embedders:
        if not _NAME.fullmatch(name) or name in NAMES or name in settings.models:
            yield Problem(path=join("classifiers.embedders", name), found=repr(name),
                          expected="a name of letters, digits, - and _ that no other classifier has")
    for name in settings.models:
        if not _NAME.fullmatch(name):
            yield Problem(path=join("classifiers.models", name), found=repr(name),
                          expected="a name of letters, digits, - and _, of 64 at most")
        elif name in NAMES:
            yield Problem(path=join("classifiers.models", name), expected="a name that no built-in classifier has",
                          found=repr(name))
    if not settings.models and not settings.embedders and not (installed() if settings.load is None else settings.load):
        lacking = [] if settings.load is not None else requirements_of("names").missing()
        yield Problem(path="classifiers", found=f"no {', '.join(lacking)}" if lacking else "nothing to load",
                      expected="0, or a classifier that can be loaded: "
                      f"{requirements_of('names').remedy} (or safety, topics), or models of your own")
