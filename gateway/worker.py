"""A data worker: the process that answers applications. Its composition root: everything is built here, by hand.

    python -m gateway.worker --name w0 --listen-fd 3 [--status-fd 4]

Settings come as one line of JSON on standard input, which then stays open: its end means that the supervisor is gone,
and the worker drains as it does on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import random
import signal
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import uvloop
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.afterwards import Afterwards
from gateway.api.application import make_application
from gateway.api.asking import Asking
from gateway.api.batches import BatchRoutes
from gateway.api.files import FileRoutes
from gateway.batches.batch_store import BatchStore
from gateway.batches.board import Board
from gateway.batches.book import LineBook
from gateway.batches.desk import Desk
from gateway.batches.erasing import Erased
from gateway.batches.file_store import FileStore
from gateway.batches.lane import Lane
from gateway.batches.place import Place
from gateway.batches.surroundings import Surroundings
from gateway.batches.turns import Turns
from gateway.batches.upload import Uploads
from gateway.cache.memory import Memory
from gateway.cache.purges import PurgeReader
from gateway.cache.semantic.embedders import Embedders
from gateway.cache.semantic.neighbours import Neighbours
from gateway.cache.semantic.recheck import Rechecks
from gateway.cache.semantic.similar import Similar
from gateway.config.handover import keys_of_line, settings_of_line
from gateway.config.settings import Key, Settings
from gateway.confirmed import Confirmed
from gateway.content.segments import FOLDER, ContentSegments
from gateway.detectors import detectors_with
from gateway.door import Door
from gateway.exchange import Clock, Exchange
from gateway.feedback import FEEDBACK
from gateway.free_text import FreeText
from gateway.gathering.gathering import Gathering
from gateway.group_commit import GroupCommit
from gateway.guard_server import GuardServer
from gateway.hall import Hall
from gateway.host_keys import HostKeys
from gateway.idempotency import Claims
from gateway.ids import ExchangeIds, IdMarks
from gateway.inference import Inference
from gateway.journal import Journal
from gateway.moderation import MODERATIONS
from gateway.outbox import Outbox
from gateway.pipeline import Pipeline
from gateway.readiness import Readiness
from gateway.refusal import Draining, Refusal
from gateway.reply import Flow
from gateway.snapshot_keeper import SnapshotKeeper
from gateway.stages.account import Account
from gateway.stages.admit import Admit
from gateway.stages.recall import Recall
from gateway.stages.repeat import Repeat
from gateway.stages.standard import batch_stages, feedback_stages, moderation_stages, standard_stages
from gateway.telemetry.faults import Faults
from gateway.telemetry.logs import Log
from gateway.worker_status import CacheStatus, EndpointStatus, StatusSender, WorkerStatus
from guardrails.classifiers.builtin import loaded_by
from guardrails.classifiers.client import ClassifierClient
from guardrails.classifiers.frames import socket_in
from models.endpoint import Endpoint, Endpoints
from models.probing import probe_all
from routing.affinity import Affinity
from routing.retrying import RetryBudget

if TYPE_CHECKING:
    from gateway.cache.semantic.shared_neighbours import RedisNeighbours
    from gateway.cache.shared import Shared

SWEEP_SECONDS = 0.1
LOOK_SECONDS = 0.25
STATUS_SECONDS = 1.0
PROBE_SECONDS = 2.0
BATCH_THREADS = 4  # that read and write files
BATCH_SECONDS = 5.0  # that they have to come to an end
GUARD_THREADS = 2  # that judge long requests
CONFIRM_SECONDS = 2.0  # that a disk has for the last records
NEIGHBOURS_SHARE = 4  # one part in so many of the cache's memory may hold vectors
CROWD = 4  # exchanges in flight beyond which the writes of a turn are gathered
STREAM_CROWD = 64  # and beyond which the frames of streams are


class SystemClock:
    """Seconds. Not the event loop's own clock: uvloop's stands still between two turns and counts milliseconds."""

    def __init__(self) -> None:
        self.time = time.monotonic
        self.wall = time.time


class Worker:
    """Everything that one worker holds, and its life: start, serve, drain."""

    def __init__(self, name: str, settings: Settings, host_keys: HostKeys, listener: socket.socket,
                 status: StatusSender | None, loop: asyncio.AbstractEventLoop) -> None:
        self.name = name
        self.settings = settings
        self._listener = listener
        self._status = status
        self._loop = loop
        state = Path(settings.state)
        clock = SystemClock()
        keys: dict[str, Key] | None = None if settings.auth == "none" else {key.sha256: key for key in settings.keys}
        self._log = Log(sys.stderr, settings.log_level, process=name, pid=os.getpid())
        faults = self._faults = Faults(self._log)
        new_id = ExchangeIds(time.time)
        self._journal = Journal(state / "journal", name, writer=new_id.life, keeps=settings.durability == "disk")
        self._commit = GroupCommit(self._journal, loop, self._log) if settings.durability == "disk" else None
        self._content = (ContentSegments(state / FOLDER, name, host_keys.sealing, clock.time) if host_keys.sealing
                         else None)
        tls = LazyTLS(settings.upstream_ca_file)
        self._admit = Admit(settings.limits.in_flight)
        self._board = Board(state, name)
        self._book = LineBook(self._journal)
        outbox = Outbox(loop, lambda: self._admit.in_flight > CROWD, lambda: self._admit.in_flight > STREAM_CROWD)
        self._endpoints = Endpoints(
            lambda url: Endpoint(url, tls.context_for(url), loop=loop, time=clock.time, write=outbox.put,
                                 traffic=self._board.cell(url)))
        self._classifier = ClassifierClient(socket_in(state), self._log) if settings.classifiers else None
        self._classifiers = loaded_by(settings.classifying) if settings.classifying is not None else []
        chance = random.Random().random
        self._guard_asks: Counter[tuple[str, str]] = Counter()
        self._keeper = SnapshotKeeper(
            state, self._endpoints, lambda variable: os.environ.get(variable, ""),
            detectors_with(self._classifier, settings.scoring),
            lambda guard: GuardServer(guard, chance, self._log, self._guard_asks))
        self._afterwards = Afterwards(name, self._journal, clock, self._log)
        threads = ThreadPoolExecutor(GUARD_THREADS, "guards")
        account = Account(name, self._journal, clock, strict=self._strict, waiting=self._confirming())
        self._purges = PurgeReader(state)
        self._affinity = Affinity(clock.time)
        recall = self._recall = self._remembering(host_keys, clock, chance, new_id)
        self._gathering = Gathering(clock, loop.call_later, faults)
        inference = standard_stages(
            account=account, keys=keys, host_keys=host_keys, admit=self._admit,
            limits=settings.limits, clock=clock, random=chance, log=faults, guard_log=self._log,
            afterwards=self._afterwards, threads=threads, recall=recall, affinity=self._affinity,
            gathering=self._gathering, content=self._content,
            repeat=Repeat(Claims(state, host_keys.cache), clock, faults))
        moderation = moderation_stages(
            account=account, keys=keys, host_keys=host_keys, admit=self._admit,
            limits=settings.limits, clock=clock, guard_log=self._log, threads=threads)
        feedback = feedback_stages(
            worker=name, journal=self._journal, keys=keys, host_keys=host_keys, admit=self._admit,
            limits=settings.limits, clock=clock, free_text=FreeText(threads), waiting=self._confirming())
        self._batch_threads = ThreadPoolExecutor(BATCH_THREADS, "batches")
        turns = Turns(self._board, settings.batches.quiet, clock, loop.call_soon)
        lines = batch_stages(
            account=Account(name, self._book, clock, strict=self._strict, waiting=self._confirming()),
            host_keys=host_keys, limits=settings.limits, clock=clock, random=chance, log=faults, guard_log=self._log,
            afterwards=self._afterwards, threads=threads, recall=recall, turns=turns, content=self._content)
        self._lane, desk = self._batching(keys, host_keys, clock, new_id, turns, Pipeline(lines, faults))
        asking = Asking(keys, self._batch_threads, faults)
        application = make_application(
            lambda: self._keeper.live, self.readiness, keys, new_id,
            [*FileRoutes(desk, asking).routes(), *BatchRoutes(desk, asking, self._lane.wake).routes()])
        self._hall = Hall(
            uvicorn=Config(application, http=HttpToolsProtocol, ws="none", lifespan="off", log_config=None,
                           access_log=False),
            pipeline=Pipeline(inference, faults),
            own={MODERATIONS: Pipeline(moderation, faults), FEEDBACK: Pipeline(feedback, faults)},
            snapshot=lambda: self._keeper.live, limits=settings.limits, clock=clock, outbox=outbox, new_id=new_id,
            turned_away=self._turned_away, uploads=Uploads(state / "uploads", settings.batches, keys))
        self._draining = asyncio.Event()
        self._lag_seconds = 0.0

    def _remembering(self, host_keys: HostKeys, clock: SystemClock, chance: Callable[[], float],
                     new_id: Callable[[], str]) -> Recall:
        """What is remembered here and where hosts share, word for word and in other words."""
        settings, faults = self.settings, self._faults
        self._memory = Memory(settings.cache.max_bytes // settings.workers, clock.time)
        self._shared = _shared_cache(settings, host_keys, clock, self._log)
        neighbours = Neighbours(self._memory.max_bytes // NEIGHBOURS_SHARE, on_bytes=self._memory.lend)
        self._shared_neighbours = _shared_neighbours(settings, host_keys, clock, self._log)
        embedders = Embedders(self._classifier, chance)
        self._similar = Similar(neighbours, self._shared_neighbours, embedders, host_keys.cache, faults)
        budget = RetryBudget()
        self._rechecks = Rechecks(
            self._journal, clock, chance, new_id,
            lambda exchange: Inference(exchange, clock, chance, budget, faults), embedders, faults)
        return Recall(self._memory, self._shared, host_keys.cache, clock, faults, similar=self._similar,
                      rechecks=self._rechecks)

    def _batching(self, keys: Mapping[str, Key] | None, host_keys: HostKeys, clock: SystemClock,
                  new_id: Callable[[], str], turns: Turns, lines: Pipeline) -> tuple[Lane, Desk]:
        """What answers batches when there is room, and what applications do with files and batches."""
        settings = self.settings
        place = Place(settings.batch_folder, host_keys.files)
        files = FileStore(place, host_keys.files, clock.wall)
        batches = BatchStore(place, host_keys.files, clock.wall)
        around = Surroundings(
            batches=batches, files=files, secret=host_keys.files, settings=settings.batches, limits=settings.limits,
            keys=keys, marks=IdMarks(host_keys.mark), erased=Erased(place, host_keys.files),
            subject_of=host_keys.subject_of, pipeline=lines, book=self._book,
            snapshot=lambda: self._keeper.live, clock=clock, new_id=new_id, threads=self._batch_threads, log=self._log,
            journal=Path(settings.state) / "journal")
        lane = Lane(around, turns, self._batch_threads, self._faults, clock.time)
        return lane, Desk(files, batches, settings.batches, clock.wall)

    def readiness(self) -> Readiness:
        """Ready while one model at least can be served: a model that is down must not take the others with it."""
        if not self._keeper.has_one:
            return Readiness(False, 0, ["a routing revision"])
        live = self._keeper.live
        missing = live.missing()
        if self._draining.is_set():
            missing.insert(0, "this worker is shutting down")
        if self._journal.full:
            missing.insert(0, "the journal: the disk takes no records")
        ready = (not self._draining.is_set() and not (self._journal.full and self._strict)
                 and any(live.serves(name) for name in live.models))
        return Readiness(ready, live.revision, missing, self._keeper.warnings,
                         [*self._degraded(), *live.missing_guards()])

    @property
    def _strict(self) -> bool:
        return self.settings.journal_full == "refuse"

    def _confirming(self) -> Callable[[Exchange], Flow] | None:
        """What holds a reply's end until the disk has its record, where the settings want that."""
        commit = self._commit
        if commit is None:
            return None
        return lambda exchange: Confirmed(exchange, commit, self._strict, self._faults)

    def _degraded(self) -> list[str]:
        if self._classifier is None:
            return []
        states = {name: self._classifier.state(name) for name in self._classifiers}
        return [f"classifier {name}: {state}" for name, state in states.items() if state != "ready"]

    async def run(self) -> None:
        """Serves until told to leave, then drains."""
        self._loop.add_signal_handler(signal.SIGTERM, self._draining.set)
        self._loop.add_reader(sys.stdin.fileno(), self._hear_parent)
        await self._wait_for_snapshot()
        await probe_all(self._endpoints, PROBE_SECONDS / 2)
        if self._shared is not None:
            await self._shared.connect()
        await self._meet_neighbours()
        server = await self._loop.create_server(lambda: Door(self._hall, self._loop), sock=self._listener)
        tasks = [asyncio.create_task(self._keep_going(work))
                 for work in (self._sweep, self._look, self._probe, self._report, self._lane.run,
                              self._lane.keep_turns, *self._classifying())]
        # What is built by now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        self._log.info("worker_ready", revision=self._keeper.live.revision)
        await self._draining.wait()
        await self._drain(server)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear_parent(self) -> None:
        if not os.read(sys.stdin.fileno(), 4096):
            self._loop.remove_reader(sys.stdin.fileno())
            self._draining.set()

    def _turned_away(self, refusal: Refusal) -> None:
        self._log.debug("connection_refused", code=refusal.code, status=refusal.status)

    async def _wait_for_snapshot(self) -> None:
        while not self._keeper.look() and not self._draining.is_set():
            await asyncio.sleep(LOOK_SECONDS / 5)
        self._take_up()

    def _take_up(self) -> None:
        """What a new revision brings with it, before the first exchange does."""
        live = self._keeper.live.routes.values() if self._keeper.has_one else ()
        if self._content is not None and any(route.content is not None for route in live):
            self._content.warm()
        self._say_warnings()

    async def _meet_neighbours(self) -> None:
        """Where a model looks for similar questions: before the first of them is asked."""
        caches = [route.cache for route in self._keeper.live.routes.values()] if self._keeper.has_one else []
        if any(cache is not None and cache.semantic is not None for cache in caches):
            with contextlib.suppress(ImportError):  # then each look says so
                await asyncio.to_thread(import_module, "numpy")
            if self._shared_neighbours is not None:
                await self._shared_neighbours.connect()

    def _say_warnings(self) -> None:
        for warning in self._keeper.warnings:
            self._log.warning("not_enforced", what=warning)

    # What goes on beside the traffic

    async def _keep_going(self, work: Callable[[], Awaitable[None]]) -> None:
        """Begins again what a bug has ended: a worker whose sweep is gone has no time-outs any more."""
        while True:
            try:
                await work()
            except Exception as error:  # told, and tried again: the traffic must not depend on it
                self._faults.fault("background_failed", error, request_id="")
                await asyncio.sleep(STATUS_SECONDS)

    def _classifying(self) -> list[Callable[[], Awaitable[None]]]:
        return [self._classifier.run] if self._classifier is not None else []

    async def _sweep(self) -> None:
        while True:
            due = time.monotonic() + SWEEP_SECONDS
            await asyncio.sleep(SWEEP_SECONDS)
            now = time.monotonic()
            self._lag_seconds = max(self._lag_seconds, now - due)
            self._board.touch()
            self._endpoints.sweep(now)
            self._hall.sweep()
            if self._content is not None:
                self._content.sweep()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            for purge in self._purges.due():
                self._log.info("cache_purged", entries=self._recall.forget(purge))
            refused = self._keeper.refused
            if await self._keeper.look_aside():
                self._log.info("revision_live", revision=self._keeper.live.revision)
                self._take_up()
                await self._meet_neighbours()
                self._send_status()
            elif self._keeper.refused and self._keeper.refused != refused:
                self._log.error("snapshot_refused", why=self._keeper.refused)

    async def _probe(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            before = {endpoint: endpoint.healthy for endpoint in self._endpoints}
            await probe_all(self._endpoints, PROBE_SECONDS / 2)
            changed = [endpoint for endpoint in self._endpoints if before.get(endpoint) != endpoint.healthy]
            if changed:
                self._affinity.forget(endpoint.mark for endpoint in changed)  # it may have begun anew
                self._log.warning("health_changed", unhealthy=[e.url for e in self._endpoints if not e.healthy])
                self._send_status()

    async def _report(self) -> None:
        while True:
            self._journal.recover()
            self._send_status()
            self._lag_seconds = 0.0
            await asyncio.sleep(STATUS_SECONDS)

    def _send_status(self) -> None:
        if self._status is None:
            return
        readiness = self.readiness()
        self._status.send(WorkerStatus(
            worker=self.name, pid=os.getpid(), at=time.time(), revision=readiness.revision, ready=readiness.ready,
            draining=self._draining.is_set(), missing=readiness.missing, refused=self._keeper.refused,
            endpoints=[EndpointStatus(target.version.name, endpoint.url, endpoint.in_flight, endpoint.healthy)
                       for target in self._keeper.live.targets() for endpoint in target.endpoints],
            exchanges_in_flight=self._admit.in_flight, connections=len(self._hall.doors),
            journal_appended=self._journal.appended, journal_lost=self._journal.lost,
            content_kept=self._content.kept if self._content is not None else 0,
            content_shed=self._content.shed if self._content is not None else 0,
            journal_full=self._journal.full,
            journal_sync_failures=self._commit.failures if self._commit is not None else 0,
            journal_unconfirmed=self._commit.unconfirmed if self._commit is not None else 0,
            loop_lag_seconds=self._lag_seconds, cache=self._cache_status(),
            guard_asks={f"{guard}:{outcome}": count for (guard, outcome), count in self._guard_asks.items()},
            gathered=self._gathering.counts))

    def _cache_status(self) -> CacheStatus:
        told = CacheStatus(entries=len(self._memory), bytes=self._memory.bytes, max_bytes=self._memory.max_bytes,
                           evicted=self._memory.evicted, flights=self._recall.flights,
                           vectors=len(self._similar.neighbours), vector_bytes=self._similar.neighbours.bytes,
                           rechecks_shed=self._rechecks.shed, looks=dict(self._similar.looks),
                           stampedes=dict(self._recall.stampedes))
        shared = self._shared
        if shared is None:
            return told
        return msgspec.structs.replace(
            told, shared="up" if shared.is_up else "away", shared_failures=shared.failures,
            shared_forged=shared.forged + getattr(self._shared_neighbours, "forged", 0),
            shared_not_kept=shared.not_kept)

    # Leaving

    async def _drain(self, server: asyncio.Server) -> None:
        """Not ready but still accepting; then no new connections; then what is open is told why it ends."""
        self._log.info("draining", in_flight=self._admit.in_flight)
        self._send_status()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BATCH_SECONDS):
                await self._lane.close()
        await asyncio.sleep(self.settings.drain.grace)
        server.close()
        self._hall.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.drain.finish):
                while self._hall.doors or self._admit.in_flight or self._afterwards.running or (
                        self._rechecks.running):
                    await asyncio.sleep(0.02)
        for exchange in self._admit.open_exchanges():
            self._hall.pipeline_of(exchange).cut_short(exchange, Draining("The gateway is shutting down."))
        await self._confirm_last()
        await asyncio.sleep(0.1)  # the last bytes go out
        self._afterwards.close()
        self._board.close()
        self._batch_threads.shutdown(wait=False)
        self._rechecks.close()
        self._endpoints.close()
        if self._shared is not None:
            await self._shared.close()
        if self._shared_neighbours is not None:
            await self._shared_neighbours.close()
        self._journal.close()
        if self._content is not None:
            self._content.close()
        self._send_status()
        if self._status is not None:
            self._status.close()
        self._log.info("drained")


    async def _confirm_last(self) -> None:
        if self._commit is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONFIRM_SECONDS):
                while self._commit.waiting:
                    await asyncio.sleep(0.01)
        self._commit.close()


class LazyTLS:
    """The context for upstream's certificates, read only where some endpoint is https."""

    def __init__(self, ca_file: str | None) -> None:
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None

    def context_for(self, url: str) -> ssl.SSLContext | None:
        if url.startswith("https:") and self._context is None:
            self._context = ssl.create_default_context(cafile=self._ca_file)
        return self._context if url.startswith("https:") else None


def _shared_cache(settings: Settings, keys: HostKeys, clock: Clock, log: Log) -> Shared | None:
    if settings.cache.redis is None:
        return None
    from gateway.cache.shared import Shared  # aiocache and the driver are imported only where there is a server
    return Shared(settings.cache.redis, keys.cache, clock.time, log)


def _shared_neighbours(settings: Settings, keys: HostKeys, clock: Clock, log: Log) -> RedisNeighbours | None:
    if settings.cache.redis is None:
        return None
    from gateway.cache.semantic.shared_neighbours import RedisNeighbours  # as above
    return RedisNeighbours(settings.cache.redis, keys.cache, clock.time, log)


def _read_settings() -> tuple[Settings, HostKeys]:
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as pipe:  # what follows must stay in the pipe
        line = pipe.readline()
    if not line:
        raise SystemExit("gateway.worker: no settings on standard input; start it with 'gatewright serve'")
    return settings_of_line(line), keys_of_line(line)


def main() -> None:
    parser = argparse.ArgumentParser(prog="gateway.worker", description="A data worker; 'gatewright serve' starts it.")
    parser.add_argument("--name", required=True)
    parser.add_argument("--listen-fd", type=int, required=True)
    parser.add_argument("--status-fd", type=int)
    arguments = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the supervisor decides
    settings, keys = _read_settings()
    listener = socket.socket(fileno=arguments.listen_fd)
    listener.setblocking(False)
    status = None if arguments.status_fd is None else StatusSender(arguments.status_fd)

    async def serve() -> None:
        await Worker(arguments.name, settings, keys, listener, status, asyncio.get_running_loop()).run()

    uvloop.run(serve())


if __name__ == "__main__":
    main()
