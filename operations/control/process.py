"""The control process, put together by hand from top to bottom."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.batches.batch_store import BatchStore
from gateway.batches.erasing import Erased, Erasing
from gateway.batches.file_store import FileStore
from gateway.batches.place import Place
from gateway.cache.purges import Purge
from gateway.config.routing_document import RoutingDocument
from gateway.config.settings import Settings
from gateway.content.segments import FOLDER
from gateway.detectors import usable_detectors
from gateway.telemetry.logs import Log
from guardrails.classifiers.builtin import loaded_by
from operations.admin.gate import Gate
from operations.audit.api import ActRoutes, AuditRoutes
from operations.audit.auditor import Auditor
from operations.audit.delivery import Delivery, places_of
from operations.audit.pruning import prune
from operations.audit.sealed import sealed_in
from operations.audit.sealing import Sealer
from operations.backups.api import BackupRoutes
from operations.backups.folder import Folder
from operations.backups.gauges import of_backups
from operations.backups.making import Maker, remove_scratch
from operations.backups.schedule import Schedule
from operations.batches.api import BatchRoutes
from operations.batches.figures import Figures
from operations.batches.lines import Lines
from operations.cache.api import CacheRoutes
from operations.cache.purging import Purging
from operations.cache.server import shared_cache
from operations.classifier.board import Classifiers
from operations.classifier.status import ClassifierStatus
from operations.console.api import ConsoleRoutes
from operations.content.api import ContentRoutes
from operations.content.drain import ContentDrain
from operations.content.kept import kept_of
from operations.content.opening import Opener
from operations.content.vault import Vault
from operations.control.app import admin_app
from operations.control.health import Health
from operations.drills.api import DrillRoutes
from operations.drills.gauges import of_drills
from operations.drills.schedule import Drills
from operations.erasures.api import ErasureRoutes
from operations.erasures.erasing import Erasures
from operations.erasures.report import Target
from operations.exports.api import ExportRoutes
from operations.feedback.api import FeedbackRoutes
from operations.holds.api import HoldRoutes
from operations.ledger import store as ledger
from operations.ledger.api import ExchangeRoutes
from operations.ledger.drain import Drain
from operations.ledger.room import Room
from operations.metrics import gauges
from operations.metrics.api import MetricsRoute
from operations.metrics.content import of_content
from operations.metrics.exposition import traffic
from operations.metrics.fold import Fold
from operations.metrics.following import Following
from operations.metrics.upstream import UpstreamMetrics, upstream_client
from operations.retention.api import RetentionRoutes
from operations.retention.keeping import RetentionKeeper
from operations.revisions.api import RevisionRoutes
from operations.revisions.host import host_of
from operations.revisions.keeper import Keeper, SnapshotNotWritten
from operations.revisions.routing_file import RoutingFile
from operations.secrets.master import MasterKey, master_key
from operations.secrets.signing import Signer
from operations.store.database import Database, DatabaseAway
from operations.store.engine import shown
from operations.workers.api import WorkerRoutes
from operations.workers.board import Workers, receive

_WORKERS_LEAVE_SECONDS = 5.0
_LAST_DRAIN_SECONDS = 10.0
_LAST_SEAL_SECONDS = 3.0
_STOP_SECONDS = 2
_AGAIN_SECONDS = 1.0


class NothingToServe(Exception):
    """There is no revision to serve, neither stored nor in the routing file; ``problems`` says what is wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class Control:
    """Everything of the control side on this host. Built here from top to bottom, then opened, then run."""

    def __init__(self, settings: Settings, admin_key: str, log: Log, master: MasterKey | None = None) -> None:
        """``master`` is the host's master key; None: the one that it finds in its state folder."""
        self._settings = settings
        self._log = log
        state = Path(settings.state)
        self._journal = state / "journal"
        master = master or master_key({}, state)
        self._subject_of = master.host_keys().subject_of
        self.database = Database(settings.database)
        self.workers = Workers()
        classifying = settings.classifying
        self.classifiers = Classifiers(loaded_by(classifying) if classifying is not None else [])
        self.keeper = Keeper(self.database, state, log, catalogue=usable_detectors(settings),
                             host=host_of(settings, master.is_given))
        self.file = RoutingFile(Path(settings.routing), self.keeper, log)
        self.fold = Fold()
        self.following = Following(self._journal, self.fold, log)
        self.drain = Drain(self.database, self._journal, lambda: self.following.spent, log)
        self.room = Room(state, settings.journal_low_bytes)
        self.vault = Vault(master)
        self.content = ContentDrain(self.database, state / FOLDER, self.vault, Opener(master), log)
        signer = Signer(master.derived("audit"))
        self._shared_cache = shared_cache(settings, log)
        self.purging = Purging(state, self._shared_cache)
        secret = master.host_keys().files
        place = Place(settings.batch_folder, secret)
        self.batches = BatchStore(place, secret)
        files = FileStore(place, secret)
        self.batch_figures = Figures(self.batches, files)
        self.lines = Lines(Erasing(files, Erased(place, secret), self._subject_of, time.time), self.database)
        self.erasures = Erasures(self.database, state, signer, self.content, log,
                                 erasers={"cache": self._forget, "lines of files": self.lines.erase})
        self.retention = RetentionKeeper(self.database, settings.retention, prune, log)
        self._client = upstream_client(settings.upstream_ca_file)
        self.upstream = UpstreamMetrics(lambda: endpoints_of(self.keeper.document), self._client)
        self._webhooks = httpx2.AsyncClient(trust_env=False)
        self.auditor = Auditor(self.database, Sealer(signer), [
            Delivery(place, self.database) for place in places_of(settings.audit, socket.gethostname(), self._webhooks)
        ], settings.audit.every, log)
        self._public_key = signer.public
        self.backups = self._backing_up(master) if settings.backups else None
        self.drills = Drills(settings, self.backups, self.database, log) if self.backups else None
        self.health = Health(self.keeper, self.file, self.workers, self.drain, self.classifiers, self.auditor,
                             self.room, self.backups, self.drills)
        self.app: ASGIApp = Gate(admin_app(self._routes()), admin_key)
        self._handled = ""

    def _backing_up(self, master: MasterKey) -> Schedule:
        settings = self._settings
        assert settings.backups is not None
        maker = Maker(settings.database, Path(settings.state), Folder(Path(settings.backups.to)), master)
        return Schedule(settings.backups, maker, settings.database, self.database, self._log)

    def _routes(self) -> list[Route]:
        metrics = MetricsRoute([
            lambda: traffic(self.fold),
            lambda: gauges.of_revisions(self.keeper, self.file),
            lambda: gauges.of_workers(self.workers),
            lambda: gauges.of_cache(self.workers),
            self.batch_figures.families,
            lambda: gauges.of_gathering(self.workers),
            lambda: gauges.of_classifiers(self.classifiers),
            lambda: gauges.of_journal(self.drain, self.following, self.workers, self.room),
            lambda: of_content(self.content, self.retention, self.erasures, self.workers),
            lambda: gauges.of_audit(self.auditor),
            lambda: of_backups(self.backups),
            lambda: of_drills(self.drills),
            self.upstream.families,
        ], self.upstream.text)
        return [
            *ConsoleRoutes(self.keeper, self.workers, self.health, self.database).routes(),
            *self.health.routes(),
            *metrics.routes(),
            *RevisionRoutes(self.keeper, self.file, self.workers).routes(),
            *ExchangeRoutes(self.database, [sealed_in, kept_of]).routes(),
            *FeedbackRoutes(self.database).routes(),
            *WorkerRoutes(self.workers).routes(),
            *CacheRoutes(self.workers, self.fold, self.purging, self.database, time.time).routes(),
            *BatchRoutes(self.batches, self.database).routes(),
            *ActRoutes(self.database).routes(),
            *ContentRoutes(self.database, self.vault).routes(),
            *ErasureRoutes(self.database, self.erasures, self._subject_of).routes(),
            *HoldRoutes(self.database, self._subject_of).routes(),
            *RetentionRoutes(self.retention).routes(),
            *ExportRoutes(self.database, self.vault, self._subject_of).routes(),
            *AuditRoutes(self.database, self.auditor, self._public_key).routes(),
            *BackupRoutes(self.backups).routes(),
            *DrillRoutes(self.database).routes(),
        ]

    async def open(self) -> int:
        """Settles which revision is live and writes its snapshot; returns its number. Raises NothingToServe."""
        remove_scratch(Path(self._settings.state))
        content, digest = self.file.read()
        problems: list[str] = []
        try:
            await self.keeper.open(str(self.file.path), digest)
            await self.file.take(content, digest)
            self._handled = digest
            # What is in the ledger was counted by an earlier life of this process.
            self.following.start_from(await self.database.read(ledger.positions))
        except DatabaseAway as error:
            problems.append(f"database: {shown(self._settings.database)} does not answer: {error}")
        except SnapshotNotWritten as error:
            problems.append(f"state: {error}")
        if not self.keeper.has_snapshot:
            refused = self.file.refusal.problems if self.file.refusal else []
            raise NothingToServe([*problems, *(f"{self.file.path}: {problem}" for problem in refused)])
        if problems:
            self._log.error("serving_last_good", revision=self.keeper.number, problems=problems)
        return self.keeper.number

    async def run(self, admin: socket.socket, status: socket.socket, stop: asyncio.Event) -> None:
        """Runs until ``stop`` is set and what the workers left in the journals is drained."""
        server = _server(self.app)
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(work) for work in (
                self.following.run(), self.drain.run(), self.upstream.run(), self.file.watch(self._handled),
                self.auditor.run(), self._keep_content(), self.batch_figures.run(), self._listen(status),
                *self._scheduled())]
            serving = tasks.create_task(server.serve(sockets=[admin]))
            await stop.wait()
            await self._leave()
            for task in background:
                task.cancel()
            server.should_exit = True
            await serving
        await self._client.aclose()
        await self._webhooks.aclose()
        if self._shared_cache is not None:
            await self._shared_cache.close()
        self.database.close()

    async def _forget(self, target: Target) -> int:
        return await self.purging.purge(Purge(tenant=target.tenant, subject=target.subject, exchange=target.exchange))

    async def _keep_content(self) -> None:
        """What was erased is erased again first: a database may have been restored, and a segment may be old."""
        while True:
            try:
                await self.erasures.open()
                break
            except DatabaseAway:
                await asyncio.sleep(_AGAIN_SECONDS)
        async with asyncio.TaskGroup() as tasks:
            for work in (self.content.run(), self.retention.run(), self.erasures.run()):
                tasks.create_task(work)
    def _scheduled(self) -> list[Coroutine[Any, Any, None]]:
        return [one.run() for one in (self.backups, self.drills) if one is not None]

    async def _listen(self, status: socket.socket) -> None:
        arrived = asyncio.Event()
        asyncio.get_running_loop().add_reader(status, arrived.set)
        while True:
            await arrived.wait()
            arrived.clear()
            for one in receive(status):
                if isinstance(one, ClassifierStatus):
                    self.classifiers.note(one)
                else:
                    self.workers.note(one)

    async def _leave(self) -> None:
        # Where the supervisor is gone the workers are still leaving, and write until they have.
        drain = self._settings.drain
        await self.drain.wait_for_writers(drain.grace + drain.finish + _WORKERS_LEAVE_SECONDS)
        if not await self.drain.finish(_LAST_DRAIN_SECONDS):
            self._log.error("journal_left", bytes=self.drain.undrained_bytes(), remedy="the next start drains it")
        with suppress(DatabaseAway):
            await self.content.finish()
        await self.auditor.finish(_LAST_SEAL_SECONDS)


def endpoints_of(document: RoutingDocument | None) -> dict[str, list[str]]:
    """The endpoints of a routing, each with the versions that are served there."""
    endpoints: dict[str, list[str]] = {}
    for name, version in document.versions.items() if document else ():
        for endpoint in version.endpoints:
            endpoints.setdefault(endpoint, []).append(name)
    return endpoints


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none",
        timeout_graceful_shutdown=_STOP_SECONDS, limit_concurrency=256)
    server = uvicorn.Server(config)
    # Signals are this process's own to handle: it drains before it stops serving.
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    return server
