"""What a data worker says of itself: one datagram a second, and at once when something changes."""

import socket

import msgspec

from gateway.gathering.tally import Gathered


class EndpointStatus(msgspec.Struct, frozen=True):
    """One endpoint as one worker sees it."""

    version: str
    endpoint: str
    in_flight: int
    healthy: bool


class CacheStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker remembers. Counters are since the worker's start."""

    entries: int = 0
    bytes: int = 0
    max_bytes: int = 0
    evicted: int = 0
    flights: int = 0  # questions that are being answered
    shared: str = ""  # "", "up" or "away"
    shared_failures: int = 0
    shared_forged: int = 0
    shared_not_kept: int = 0
    vectors: int = 0  # questions that are found in other words too
    vector_bytes: int = 0
    rechecks_shed: int = 0  # similar answers that were drawn for one while too many ran
    looks: dict[str, int] = {}  # for such a question, by what came of each
    stampedes: dict[str, int] = {}  # by model: see gateway.cache.flight


class WorkerStatus(msgspec.Struct, frozen=True, kw_only=True, tag="worker", tag_field="of"):
    """A worker's state at ``at`` (Unix seconds). Counters are since the worker's start."""

    worker: str
    pid: int
    at: float
    revision: int
    ready: bool
    draining: bool = False
    missing: list[str] = []  # what keeps it from being ready, in words
    refused: str = ""  # why the newest snapshot file could not be used
    endpoints: list[EndpointStatus] = []
    exchanges_in_flight: int = 0
    connections: int = 0
    journal_appended: int = 0
    journal_lost: int = 0
    content_kept: int = 0  # exchanges whose content was sealed
    content_shed: int = 0  # and those of which it should have been
    journal_full: bool = False  # the disk takes no records
    journal_sync_failures: int = 0
    journal_unconfirmed: int = 0  # replies whose record no disk has confirmed
    loop_lag_seconds: float = 0.0
    cache: CacheStatus = CacheStatus()
    guard_asks: dict[str, int] = {}  # questions to guard models, by "name:outcome"
    gathered: dict[str, Gathered] = {}  # by model


class StatusSender:
    """A process's end of the status socket. Sends never block and never raise: nobody may be listening."""

    def __init__(self, fd: int) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._encode = msgspec.msgpack.Encoder().encode

    def send(self, status: msgspec.Struct) -> None:
        try:
            self._socket.send(self._encode(status))
        except OSError:
            return

    def close(self) -> None:
        self._socket.close()


def decode_status(datagram: bytes) -> WorkerStatus:
    return msgspec.msgpack.decode(datagram, type=WorkerStatus)
