"""The control process, put together by hand from top to bottom."""

import asyncio
import signal
import socket
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gateway.config.settings import Settings
from gateway.telemetry.logs import Log
from operations.admin.gate import Gate
from operations.audit.api import ActRoutes
from operations.console.api import ConsoleRoutes
from operations.control.app import admin_app
from operations.control.health import Health
from operations.ledger import store as ledger
from operations.ledger.api import ExchangeRoutes
from operations.ledger.drain import Drain
from operations.metrics import gauges
from operations.metrics.api import MetricsRoute
from operations.metrics.exposition import traffic
from operations.metrics.fold import Fold
from operations.metrics.following import Following
from operations.metrics.upstream import UpstreamMetrics, upstream_client
from operations.revisions.api import RevisionRoutes
from operations.revisions.keeper import Keeper, SnapshotNotWritten
from operations.revisions.routing_file import RoutingFile
from operations.store.database import Database, DatabaseAway
from operations.workers.api import WorkerRoutes
from operations.workers.board import Workers, receive

_LAST_DRAIN_SECONDS = 10.0
_STOP_SECONDS = 2


class NothingToServe(Exception):
    """There is no revision to serve, neither stored nor in the routing file; ``problems`` says what is wrong."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class Control:
    """Everything of the control side on this host. Built, then opened, then run."""

    def __init__(self, settings: Settings, admin_key: str, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._journal = Path(settings.state) / "journal"
        self._database = Database(settings.database)
        self._workers = Workers()
        self._keeper = Keeper(self._database, Path(settings.state), log)
        self._file = RoutingFile(Path(settings.routing), self._keeper, log)
        self._fold = Fold()
        self._admin_key = admin_key
        self._handled = ""

    async def open(self) -> int:
        """Settles which revision is live and writes its snapshot; returns its number. Raises NothingToServe."""
        content, digest = self._file.read()
        problems: list[str] = []
        try:
            await self._keeper.open(str(self._file.path), digest)
            await self._file.take(content, digest)
            self._handled = digest
        except DatabaseAway as error:
            problems.append(f"database: {self._settings.database} does not answer: {error}")
        except SnapshotNotWritten as error:
            problems.append(f"state: {error}")
        if not self._keeper.has_snapshot:
            refused = self._file.refusal.problems if self._file.refusal else []
            raise NothingToServe([*problems, *(f"{self._file.path}: {problem}" for problem in refused)])
        if problems:
            self._log.error("serving_last_good", revision=self._keeper.number, problems=problems)
        return self._keeper.number

    def warnings(self) -> list[str]:
        return self._keeper.warnings()

    async def run(self, admin: socket.socket, status: socket.socket, stop: asyncio.Event) -> None:
        """Runs until ``stop`` is set and what the workers left in the journals is drained."""
        following = Following(self._journal, await self._drained(), self._fold, self._log)
        drain = Drain(self._database, self._journal, lambda: following.spent, self._log)
        upstream = UpstreamMetrics(self._endpoints, upstream_client(self._settings.upstream_ca_file))
        server = _server(self._app(drain, following, upstream))
        async with asyncio.TaskGroup() as tasks:
            background = [tasks.create_task(work) for work in (
                following.run(), drain.run(), upstream.run(), self._file.watch(self._handled), self._listen(status))]
            serving = tasks.create_task(server.serve(sockets=[admin]))
            await stop.wait()
            await self._leave(drain)
            for task in background:
                task.cancel()
            server.should_exit = True
            await serving
        self._database.close()

    def _endpoints(self) -> dict[str, list[str]]:
        """The live revision's endpoints, each with the versions that are served there."""
        endpoints: dict[str, list[str]] = {}
        routing = self._keeper.document
        for version, document in routing.versions.items() if routing else ():
            for endpoint in document.endpoints:
                endpoints.setdefault(endpoint, []).append(version)
        return endpoints

    async def _drained(self) -> dict[str, int]:
        # What is in the ledger was counted by an earlier life of this process.
        try:
            return await self._database.run(ledger.positions)
        except DatabaseAway:
            self._log.warning("metrics_count_again", reason="the database cannot say what was drained")
            return {}

    def _app(self, drain: Drain, following: Following, upstream: UpstreamMetrics) -> ASGIApp:
        keeper, file, workers = self._keeper, self._file, self._workers
        metrics = MetricsRoute([
            lambda: traffic(self._fold),
            lambda: gauges.of_revisions(keeper, file),
            lambda: gauges.of_workers(workers),
            lambda: gauges.of_journal(drain, following, workers),
            upstream.families,
        ], upstream.text)
        health = Health(keeper, file, workers, drain)
        return Gate(admin_app([
            *ConsoleRoutes(keeper, workers, health, self._database).routes(),
            *health.routes(),
            *metrics.routes(),
            *RevisionRoutes(keeper, file, workers).routes(),
            *ExchangeRoutes(self._database).routes(),
            *WorkerRoutes(workers).routes(),
            *ActRoutes(self._database).routes(),
        ]), self._admin_key)

    async def _listen(self, status: socket.socket) -> None:
        arrived = asyncio.Event()
        asyncio.get_running_loop().add_reader(status, arrived.set)
        while True:
            await arrived.wait()
            arrived.clear()
            for one in receive(status):
                self._workers.note(one)

    async def _leave(self, drain: Drain) -> None:
        # Where the supervisor is gone the workers are still leaving, and write until they have.
        leaving = self._settings.drain.grace + self._settings.drain.finish + _LAST_DRAIN_SECONDS
        if not await drain.finish(leaving):
            self._log.error("journal_left", bytes=drain.undrained_bytes(), remedy="the next start drains it")


def _server(app: ASGIApp) -> uvicorn.Server:
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none",
        timeout_graceful_shutdown=_STOP_SECONDS, limit_concurrency=256)
    server = uvicorn.Server(config)
    # Signals are this process's own to handle: it drains before it stops serving.
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
    return server


def stop_on(loop: asyncio.AbstractEventLoop, lifeline: int, is_alone: Callable[[int], bool]) -> asyncio.Event:
    """An event that SIGTERM sets, and the end of the supervisor: ``is_alone`` reads the lifeline."""
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)

    def look() -> None:
        if is_alone(lifeline):
            loop.remove_reader(lifeline)
            stop.set()

    loop.add_reader(lifeline, look)
    return stop
