"""Keeps the live snapshot: looks at the file, compiles what is new, and swaps one reference.

A revision that cannot be used changes nothing: the one before goes on, and the reason is kept to be told.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway import snapshot_file
from gateway.config.checking import ConfigurationError
from gateway.config.routing_document import (
    RoutingDocument,
    check_routing,
    moderating_policy,
    used_policies,
    warnings_of,
)
from gateway.guard_models import GuardModels, OwnDetector, Serve, guard_models_of
from gateway.guard_server import GuardServer
from gateway.policies import Policies
from gateway.snapshot import Snapshot, compile_snapshot
from guardrails.compiling import Catalogue, UnusableRule
from guardrails.detectors.catalogue import CATALOGUE
from guardrails.inspection import Guards
from guardrails.moderation import Moderator
from models.endpoint import Endpoints

_UNUSABLE = (snapshot_file.Unreadable, ConfigurationError, OSError, ValueError)


class SnapshotKeeper:
    """The one place that holds which snapshot is live."""

    def __init__(self, folder: Path, endpoints: Endpoints, secret: Callable[[str], str],
                 catalogue: Catalogue = CATALOGUE, serve: Serve = GuardServer) -> None:
        """``serve`` makes the server of a guard model by its name."""
        self._folder = folder
        self._endpoints = endpoints
        self._secret = secret
        self._catalogue = catalogue
        self._policies = Policies(catalogue)
        self._serve = serve
        self._seen: tuple[int, int, int] | None = None
        self._live: Snapshot | None = None
        self.warnings: list[str] = []
        self.refused = ""

    @property
    def live(self) -> Snapshot:
        """The live snapshot; ``look`` must have found one."""
        assert self._live is not None
        return self._live

    @property
    def has_one(self) -> bool:
        return self._live is not None

    def look(self) -> bool:
        """Looks at the file; returns whether the live snapshot has changed. One ``stat`` where nothing is new.

        A start takes last-good where the newest is damaged or gone; a running worker has its own last-good.
        """
        names = (snapshot_file.NAME,) if self.has_one else (snapshot_file.NAME, snapshot_file.PREVIOUS)
        if not self._is_new(names):
            return False
        for name in names:
            try:
                return self._take(self._read(name))
            except _UNUSABLE as error:
                self.refused = self.refused or str(error)[:1000]
        return False

    async def look_aside(self) -> bool:
        """As ``look`` once there is a live snapshot, but reads and compiles in a thread: policies take a while."""
        if not self._is_new((snapshot_file.NAME,)):
            return False
        try:
            return self._take(await asyncio.to_thread(self._read, snapshot_file.NAME))
        except _UNUSABLE as error:
            self.refused = str(error)[:1000]
            return False

    def _is_new(self, names: tuple[str, ...]) -> bool:
        stamp = next(filter(None, map(self._stamp, names)), None)
        if stamp is None or stamp == self._seen:
            return False
        self._seen = stamp
        self.refused = ""
        return True

    def _stamp(self, name: str) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self._folder / name)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def _read(self, name: str) -> "Ready | None":
        """The revision in a file, made ready; None where it is live already."""
        stored = snapshot_file.read_file(self._folder / name)
        if self._live is not None and (stored.revision, stored.digest) == (self._live.revision, self._live.digest):
            return None
        document = check_routing(stored.routing, f"revision {stored.revision}", self._catalogue)
        guard_models = guard_models_of(document, self._serve)
        own = guard_models.detectors
        guards = self._policies.compiled(document.policies, used_policies(document), own)
        return Ready(stored, document, guards, *self._moderator(document, own), guard_models)

    def _moderator(self, document: RoutingDocument, own: Mapping[str, OwnDetector]) -> tuple[Moderator | None, str]:
        """Who answers moderations, or why nobody can: the models are served all the same."""
        try:
            return self._policies.moderator(moderating_policy(document), own), ""
        except UnusableRule as error:
            return None, f"moderations: no guard can answer them: {error}"

    def _take(self, ready: "Ready | None") -> bool:
        if ready is None:
            return False
        stored, document = ready.stored, ready.document
        self._live = compile_snapshot(document, self._endpoints, self._secret, guards=ready.guards,
                                      revision=stored.revision, digest=stored.digest, created_at=stored.created_at,
                                      moderator=ready.moderator)
        ready.guard_models.bind(self._live.guard_models)
        self.warnings = [*warnings_of(document, self._catalogue), *filter(None, [ready.unmoderated])]
        # Endpoints that are named no more finish what they have; exchanges hold them until then.
        self._endpoints.keep_only({url for version in document.versions.values() for url in version.endpoints})
        return True


class Ready(NamedTuple):
    """A revision that was read, checked, and its policies compiled."""

    stored: snapshot_file.StoredRevision
    document: RoutingDocument
    guards: Mapping[str, Guards]
    moderator: Moderator | None
    unmoderated: str  # why there is none
    guard_models: GuardModels
