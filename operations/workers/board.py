"""What the data workers last said of themselves."""

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from math import inf

import msgspec

from gateway.gathering.tally import Gathered
from gateway.worker_status import WorkerStatus
from operations.classifier.status import ClassifierStatus

FRESH_SECONDS = 5.0
# Fields that grow over a worker's life.
COUNTERS = ("journal_lost", "journal_sync_failures", "journal_unconfirmed", "content_kept", "content_shed")
CACHE_COUNTERS = ("evicted", "shared_failures", "shared_forged", "shared_not_kept", "rechecks_shed")
# What workers count by names that nobody knows beforehand.
TALLIES: dict[str, Callable[[WorkerStatus], dict[str, int]]] = {
    "guard_asks": lambda status: status.guard_asks,
    "looks": lambda status: status.cache.looks,
    "stampedes": lambda status: status.cache.stampedes,
}
_DATAGRAM_BYTES = 1 << 20


class EndpointSum(msgspec.Struct, kw_only=True):
    """One endpoint over all live workers; ``healthy`` counts those that hold it healthy."""

    version: str
    endpoint: str
    in_flight: int = 0
    healthy: int = 0
    workers: int = 0


class Workers:
    """The newest status of each worker by name. One that has been silent for five seconds is not live.

    Silence is measured on the monotonic clock. The wall's is asked only as a status arrives: one that waited in the
    socket while this process was away tells of a worker that may be gone.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._newest: dict[str, WorkerStatus] = {}
        self._heard_at: dict[str, float] = {}
        self._counted_before: Counter[str] = Counter()
        self._tallied_before: dict[str, Counter[str]] = {name: Counter() for name in TALLIES}
        self._cache_before: Counter[str] = Counter()
        self._gathered_before: dict[str, Gathered] = {}

    def note(self, status: WorkerStatus) -> None:
        """Takes a status in; a late word of a worker that another has replaced changes nothing."""
        known = self._newest.get(status.worker)
        if known is not None and known.pid != status.pid:
            if status.at < known.at and self.is_live(known):
                return
            self._counted_before.update({field: getattr(known, field) for field in COUNTERS})
            for name, tally_of in TALLIES.items():
                self._tallied_before[name].update(tally_of(known))
            _add(self._gathered_before, known.gathered)
            self._cache_before.update({field: getattr(known.cache, field) for field in CACHE_COUNTERS})
        self._newest[status.worker] = status
        if abs(self._wall() - status.at) < FRESH_SECONDS:
            self._heard_at[status.worker] = self._monotonic()

    def all(self) -> list[WorkerStatus]:
        return [self._newest[name] for name in sorted(self._newest)]

    def is_live(self, status: WorkerStatus) -> bool:
        return self._monotonic() - self._heard_at.get(status.worker, -inf) < FRESH_SECONDS

    def state(self, status: WorkerStatus) -> str:
        """One word for a worker: ready, waiting (it lacks something), draining, or silent."""
        if not self.is_live(status):
            return "silent"
        return "draining" if status.draining else "ready" if status.ready else "waiting"

    def live(self) -> list[WorkerStatus]:
        return [status for status in self.all() if self.is_live(status)]

    def ready(self) -> int:
        return sum(status.ready for status in self.live())

    def counted(self, field: str) -> int:
        """One of COUNTERS over all lives of all workers since this process began."""
        live: int = sum(getattr(status, field) for status in self._newest.values())
        return self._counted_before[field] + live

    def tally(self, name: str) -> Counter[str]:
        """One of TALLIES over all lives of all workers since this process began."""
        sums = Counter(self._tallied_before[name])
        for status in self._newest.values():
            sums.update(TALLIES[name](status))
        return sums

    def gathered(self) -> dict[str, Gathered]:
        """What came of gathering, by model, over all lives of all workers since this process began."""
        sums: dict[str, Gathered] = {}
        for told in (self._gathered_before, *(status.gathered for status in self._newest.values())):
            _add(sums, told)
        return sums

    def cache_count(self, field: str) -> int:
        """One of the cache's counters over all workers, those included that are no more."""
        return self._cache_before[field] + sum(int(getattr(status.cache, field)) for status in self._newest.values())

    def endpoints(self) -> list[EndpointSum]:
        sums: dict[tuple[str, str], EndpointSum] = {}
        for status in self.live():
            for one in status.endpoints:
                total = sums.setdefault((one.version, one.endpoint),
                                        EndpointSum(version=one.version, endpoint=one.endpoint))
                total.in_flight += one.in_flight
                total.healthy += one.healthy
                total.workers += 1
        return [sums[key] for key in sorted(sums)]

    async def serving(self, revision: int, seconds: float) -> dict[str, bool]:
        """For each worker whether it is live and serves ``revision`` or later, waiting up to ``seconds`` for all."""
        deadline = time.monotonic() + seconds
        while True:
            told = {status.worker: self.is_live(status) and status.revision >= revision for status in self.all()}
            if (told and all(told.values())) or time.monotonic() >= deadline:
                return told
            await asyncio.sleep(0.05)


def _add(sums: dict[str, Gathered], told: Mapping[str, Gathered]) -> None:
    for model, counts in told.items():
        sums.setdefault(model, Gathered()).add(counts)


def receive(status_socket: socket.socket) -> Iterator[WorkerStatus | ClassifierStatus]:
    """Every status that waits in the socket; a datagram that is none is passed over."""
    while True:
        try:
            datagram = status_socket.recv(_DATAGRAM_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        try:
            yield msgspec.msgpack.decode(datagram, type=WorkerStatus | ClassifierStatus)
        except msgspec.DecodeError:
            continue
