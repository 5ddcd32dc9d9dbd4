"""Keeps the places of a revision in step: the database (truth) and the snapshot file (what workers serve)."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from gateway import snapshot_file
from gateway.config.checking import ConfigurationError
from gateway.config.routing_document import RoutingDocument, check_routing, warnings_of
from gateway.snapshot_file import StoredRevision, Unreadable, digest_of
from gateway.telemetry.logs import Log
from guardrails.compiling import Catalogue
from guardrails.detectors.catalogue import CATALOGUE
from operations.audit import store as acts
from operations.audit.act import Act
from operations.revisions import store
from operations.revisions.host import Host
from operations.revisions.revision import Plan, Revision, Stale, check_base, differences
from operations.store.database import Database


class SnapshotNotWritten(Exception):
    """The revision is stored and the disk did not take the snapshot: workers serve the one before it."""

    def __init__(self, number: int, error: OSError) -> None:
        self.number = number
        super().__init__(f"Revision {number} is stored, and the snapshot file could not be written "
                         f"({error.strerror}): workers serve it once it can. This is tried twice a second.")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A document on its way to become the live revision."""

    routing: Any
    source: str
    reason: str
    actor: str
    based_on: int | None = None
    seen: tuple[str, str] | None = None  # path and digest of the file that it was read from
    act: str = "revision.apply"


class Keeper:
    """The one writer of revisions on this host.

    A change is committed with its act in one transaction, then becomes the snapshot: never the other way round, so that
    no worker serves what the history does not have.
    """

    def __init__(self, database: Database, state: Path, log: Log, clock: Callable[[], float] = time.time,
                 catalogue: Catalogue = CATALOGUE, host: Host | None = None) -> None:
        """``catalogue``: the detectors that policies may name here; ``host``: what else a document may count on."""
        self.current: StoredRevision | None = None
        self.document: RoutingDocument | None = None  # the current one, typed; None also where this release refuses it
        self.in_step = False  # with the database; False while last-good is served without it
        self._catalogue = catalogue
        self._host = host or Host()
        self._database = database
        self._state = state
        self._log = log
        self._clock = clock
        self._changing = asyncio.Lock()
        self._writing = asyncio.Lock()

    @property
    def number(self) -> int:
        return self.current.revision if self.current else 0

    @property
    def written(self) -> bool:
        """True where the snapshot file holds the current revision."""
        return self.current is not None and self.current == self._on_disk()

    @property
    def has_snapshot(self) -> bool:
        """True where workers find something to serve, be it the revision before the current one."""
        return self._on_disk() is not None

    def warnings(self) -> list[str]:
        if self.document is None:
            return []
        # Asked for when the host could; workers do without it.
        beyond = [f"{problem} It is not done." for problem in self._host.problems(self.document)]
        return [*warnings_of(self.document, self._catalogue), *beyond]

    def checked(self, routing: Any, source: str) -> RoutingDocument:
        """The document, typed; raises ConfigurationError with every problem, this host's own among them."""
        document = check_routing(routing, source, self._catalogue)
        self._host.check(document, source)
        return document

    async def open(self, file_path: str, file_digest: str) -> None:
        """Finds the current revision; raises DatabaseAway (then ``current`` is last-good, where there is one)."""
        async with self._changing:
            on_disk = self._on_disk()
            if self.current is None and on_disk is not None:
                self._hold(on_disk)
            latest = await self._database.run(lambda c: self._reconcile(c, on_disk, file_path, file_digest))
            self.in_step = True
            if latest is not None:
                await self._make_live(latest)

    def _on_disk(self) -> StoredRevision | None:
        try:
            return snapshot_file.read(self._state)
        except Unreadable:
            return None

    def _reconcile(
        self, connection: Connection, on_disk: StoredRevision | None, path: str, digest: str
    ) -> Revision | None:
        latest = store.latest(connection)
        if on_disk is None or (latest is not None and latest.revision >= on_disk.revision):
            return latest
        # The database is younger than what was served: lost, or restored from a backup. Numbers must not be used twice,
        # and a file that nobody touched must not undo what was applied since it was written.
        revision = Revision(
            revision=on_disk.revision, digest=on_disk.digest, created_at=on_disk.created_at, source="restored",
            reason="found in the snapshot file, not in the database", actor="gatewright", based_on=None,
            routing=on_disk.routing)
        store.append(connection, revision)
        store.note_seen(connection, path, digest, self._clock())
        self._log.warning("revision_restored", revision=revision.revision,
                          remedy="the database did not have it: was it lost or restored?")
        return revision

    def check(self, routing: Any) -> Plan:
        """What applying ``routing`` would do; raises ConfigurationError with every problem."""
        document = self.checked(routing, "routing")
        before = self.current.routing if self.current else {}
        return Plan(based_on=self.number or None, digest=digest_of(routing),
                    warnings=warnings_of(document, self._catalogue), differences=list(differences(before, routing)))

    async def apply(self, change: Change) -> tuple[Revision, bool]:
        """Makes a document the live revision; returns it, and whether it is new: the same one is not stored twice.

        Raises ConfigurationError, Stale, DatabaseAway, SnapshotNotWritten.
        """
        self.checked(change.routing, change.source)
        async with self._changing:
            try:
                revision, new = await self._database.run(lambda c: self._append(c, change))
            except IntegrityError:
                raise Stale(change.based_on or self.number, self.number + 1) from None
            if new:
                await self._database.make_durable()
            await self._make_live(revision)
        return revision, new

    def _append(self, connection: Connection, change: Change) -> tuple[Revision, bool]:
        latest = store.latest(connection)
        current = latest.revision if latest else 0
        check_base(change.based_on, current)
        if change.seen is not None:
            path, digest = change.seen
            if latest is not None and store.seen_digest(connection, path) == digest:
                return latest, False
            store.note_seen(connection, path, digest, self._clock())
        digest = digest_of(change.routing)
        if latest is not None and latest.digest == digest:
            return latest, False
        revision = Revision(
            revision=current + 1, digest=digest, created_at=self._clock(), source=change.source, reason=change.reason,
            actor=change.actor, based_on=current or None, routing=change.routing)
        store.append(connection, revision)
        acts.append(connection, Act(
            at=revision.created_at, kind=change.act, actor=change.actor, reason=change.reason,
            before={"revision": current} if current else None, after={"revision": revision.revision, "digest": digest},
            details={"source": change.source}))
        return revision, True

    async def roll_back(self, to: int, reason: str, actor: str, based_on: int | None = None) -> tuple[Revision, bool]:
        """Makes the document of revision ``to`` the newest one; raises as ``apply`` does, and UnknownRevision."""
        old = await self.numbered(to)
        return await self.apply(Change(routing=old.routing, source="rollback", reason=reason, actor=actor,
                                       based_on=based_on, act="revision.roll_back"))

    async def numbered(self, number: int) -> Revision:
        """Raises UnknownRevision, DatabaseAway."""
        return await self._database.read(lambda c: store.numbered(c, number))

    async def newest(self, limit: int) -> list[Revision]:
        """The newest revisions, newest first. Raises DatabaseAway."""
        return await self._database.read(lambda c: store.newest(c, limit))

    async def _make_live(self, revision: Revision) -> None:
        self._hold(StoredRevision(revision=revision.revision, digest=revision.digest, created_at=revision.created_at,
                                  routing=revision.routing))
        await self.write_snapshot()

    def _hold(self, stored: StoredRevision) -> None:
        self.current = stored
        try:
            self.document = check_routing(stored.routing, f"revision {stored.revision}")
        except ConfigurationError as error:
            # It was valid for the release that stored it; workers judge for themselves whether they can serve it.
            self.document = None
            self._log.error("revision_of_another_release", revision=stored.revision,
                            problems=list(map(str, error.problems)))

    async def write_snapshot(self) -> None:
        """Writes the current revision where the file does not hold it; raises SnapshotNotWritten."""
        async with self._writing:  # an apply and whoever tries again would be at the same file
            if self.current is None or self.written:
                return
            current = self.current
            try:
                await asyncio.to_thread(snapshot_file.write, self._state, current)
            except OSError as error:
                self._log.error("snapshot_not_written", revision=current.revision, error=str(error))
                raise SnapshotNotWritten(current.revision, error) from None
            self._log.info("revision_live", revision=current.revision, digest=current.digest[:12])

