"""Exchanges for tests of the pipeline and its stages: everything is real but the clock and the client's wire."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateway import journal
from gateway.config.routing_document import check_routing, used_policies
from gateway.edge import Edge
from gateway.exchange import Exchange, Request, begin_exchange
from gateway.host_keys import HostKeys
from gateway.policies import Policies
from gateway.record import ExchangeRecord
from gateway.reply import Flow, Head
from gateway.snapshot import Snapshot, compile_snapshot
from guardrails.compiling import Catalogue
from guardrails.detectors.catalogue import CATALOGUE
from models.endpoint import Endpoint, Endpoints
from models.protocol.operations import OPERATIONS, Operation

KEYS = HostKeys(b"p" * 32, b"m" * 32)

ID = "0123456789abcdef0123456789abcdef"
NAMED = {operation.name: operation for operation in OPERATIONS}


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def time(self) -> float:
        return self.now

    def wall(self) -> float:
        return 1_700_000_000.0 + self.now


class FaultList:
    """Keeps the faults that were logged: event and kind of error."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []

    def fault(self, event: str, error: BaseException, *, request_id: str) -> None:
        self.faults.append((event, type(error).__name__))


class RecordingWire:
    """The client's connection: keeps what was written, and settles what has finished as the door does."""

    def __init__(self, chunked: bool = True, closing: bool = False) -> None:
        self.chunked, self.closing = chunked, closing
        self.writes: list[bytes] = []
        self.finished_exchanges: list[Exchange] = []
        self.settle: Callable[[Exchange], None] = lambda exchange: None
        self.on_write: Callable[[bytes], None] = lambda data: None

    def write(self, data: bytes) -> None:
        self.on_write(data)
        self.writes.append(data)

    def write_frame(self, data: bytes) -> None:
        self.write(data)

    def date_header(self) -> bytes:
        return b"date: Mon, 23 Nov 2026 05:05:37 GMT\r\n"

    def finished(self, exchange: Exchange) -> None:
        self.finished_exchanges.append(exchange)
        self.settle(exchange)

    @property
    def sent(self) -> bytes:
        return b"".join(self.writes)

    @property
    def status(self) -> int:
        return int(self.sent.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        lines = self.sent.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)

    @property
    def body(self) -> bytes:
        """The body, chunks put together; raises AssertionError where they do not fit."""
        body = self.sent.partition(b"\r\n\r\n")[2]
        return dechunked(body) if "transfer-encoding" in self.headers else body

    @property
    def body_so_far(self) -> bytes:
        """What came behind the head, chunks and all."""
        return self.sent.partition(b"\r\n\r\n")[2]

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["error"]
        return found


def dechunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        assert re.fullmatch(rb"[0-9a-f]+", size), "a chunk begins with its size"
        length = int(size, 16)
        whole += body[:length]
        assert body[length : length + 2] == b"\r\n"
        body = body[length + 2 :]
        if length == 0:
            assert body == b"", "nothing follows the last chunk"
            return whole
    raise AssertionError("the last chunk is missing")


class RecordingFlow(Flow):
    """The end of a reply's way: keeps what came, in words."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def head(self, head: Head) -> None:
        self.events.append(("head", head.status))

    def frame(self, frame: bytes) -> None:
        self.events.append(("frame", frame))

    def end(self, last: bytes) -> None:
        self.events.append(("end", last))

    def fail(self, refusal: Any) -> None:
        self.events.append(("fail", refusal.code))


def endpoints_at(clock: HandClock) -> Endpoints:
    """The endpoints of a worker, on the running loop."""
    loop = asyncio.get_running_loop()
    return Endpoints(lambda url: Endpoint(url, loop=loop, time=clock.time))


def routing(url: str = "http://127.0.0.1:9", **model: Any) -> dict[str, Any]:
    """Routing with one model `m` on one version `v1` of the served model `served`."""
    return {"versions": {"v1": {"served_model": "served", "endpoints": [url]}},
            "models": {"m": {"split": {"v1": 1}, **model}}}  # fmt: skip


def snapshot_of(document: Mapping[str, Any], endpoints: Endpoints, *, revision: int = 7,
                secrets: Mapping[str, str] | None = None, catalogue: Catalogue = CATALOGUE) -> Snapshot:  # fmt: skip
    checked = check_routing(document, "test", catalogue)
    guards = Policies(catalogue).compiled(checked.policies, used_policies(checked))
    return compile_snapshot(checked, endpoints, lambda name: (secrets or {}).get(name, ""), guards=guards,
                            revision=revision, digest="d", created_at=1_700_000_000.0)  # fmt: skip


def request_of(body: Any, operation: str | Operation = "chat.completions", *, headers: Mapping[str, str] | None = None,
               keeps_alive: bool = True, chunked: bool = True) -> Request:  # fmt: skip
    """A request as the door hands it on; a document is written as JSON."""
    named = {"content-type": "application/json", **(headers or {})}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = NAMED[operation] if isinstance(operation, str) else operation
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    return Request(found, pairs, raw, keeps_alive, chunked)


def exchange_of(request: Request, snapshot: Snapshot | None = None, *, wire: RecordingWire | None = None,
                edge: Flow | None = None, clock: HandClock | None = None, exchange_id: str = ID) -> Exchange:
    """An exchange at its beginning, its edge on `wire` or wherever `edge` says."""
    clock = clock or HandClock()
    end = edge or Edge(wire or RecordingWire(request.chunked, not request.keeps_alive))
    exchange = begin_exchange(exchange_id, request, snapshot or Snapshot(7, "d", 0.0, {}), end,
                              began_at=clock.time(), started_at=clock.wall())  # fmt: skip
    if isinstance(end, Edge):
        end.attach(exchange)
    return exchange


def journaled(folder: Path) -> list[ExchangeRecord]:
    """The records in a journal's folder."""
    return [journal.decode_record(payload) for segment in journal.segments(folder)
            for payload, _ in journal.read_frames(segment)]  # fmt: skip
