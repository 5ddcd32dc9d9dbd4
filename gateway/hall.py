"""The hall behind the doors: what all connections of a worker share."""

import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Protocol

from uvicorn import Config
from uvicorn.server import ServerState

from gateway.batches.upload import Uploads
from gateway.config.settings import Limits
from gateway.edge import Edge
from gateway.exchange import Clock, Exchange, Request, begin_exchange
from gateway.outbox import Outbox
from gateway.pipeline import Pipeline
from gateway.refusal import Refusal
from gateway.snapshot import Snapshot
from models.protocol.operations import OPERATIONS, Operation


class Sweepable(Protocol):
    """A door, as the hall needs it."""

    def sweep(self, now: float) -> None: ...
    def shutdown(self) -> None: ...


class Hall:
    """Makes exchanges on the live snapshot, and keeps the doors under their limits."""

    def __init__(self, *, uvicorn: Config, pipeline: Pipeline, snapshot: Callable[[], Snapshot], limits: Limits,
                 clock: Clock, outbox: Outbox, new_id: Callable[[], str],
                 turned_away: Callable[[Refusal], None], uploads: Uploads,
                 own: Mapping[Operation, Pipeline] | None = None) -> None:
        """``pipeline`` takes what model servers are asked; ``own`` are the operations that the gateway answers itself,
        each with a list of stages of its own."""
        self.uvicorn = uvicorn
        self.server_state = ServerState()
        own = own or {}
        self._pipelines = {**dict.fromkeys((operation.name for operation in OPERATIONS), pipeline),
                           **{operation.name: its for operation, its in own.items()}}
        self.limits = limits
        self.outbox = outbox
        self.uploads = uploads
        self.operations = {operation.path.encode(): operation for operation in (*OPERATIONS, *own)}
        self.doors: set[Sweepable] = set()
        self.draining = False
        self.turned_away = turned_away
        self._snapshot = snapshot
        self._clock = clock
        self.new_id = new_id
        self.time = clock.time
        self._date_second = 0
        self.date_header = b""
        self.sweep()

    def pipeline_of(self, exchange: Exchange) -> Pipeline:
        return self._pipelines[exchange.request.operation.name]

    def new_exchange(self, request: Request, edge: Edge) -> Exchange:
        return begin_exchange(self.new_id(), request, self._snapshot(), edge,
                              began_at=self.time(), started_at=self._clock.wall())

    def sweep(self) -> None:
        """To be called several times a second: one pass over all doors instead of a timer for each."""
        now = self.time()
        for door in list(self.doors):
            door.sweep(now)
        second = int(time.time())
        if second != self._date_second:
            self._date_second = second
            self.date_header = f"date: {formatdate(second, usegmt=True)}\r\n".encode()

    def drain(self) -> None:
        self.draining = True
        for door in list(self.doors):
            door.shutdown()
