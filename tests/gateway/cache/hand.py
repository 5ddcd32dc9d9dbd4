"""A model server in the test's hand, behind the real stages: what it is asked is counted, what it says is pushed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.cache.memory import Memory
from gateway.cache.semantic.neighbours import Neighbours
from gateway.cache.semantic.recheck import Rechecks
from gateway.cache.semantic.similar import Similar
from gateway.exchange import Exchange
from gateway.journal import Journal, decode_entry, read_frames, segments
from gateway.pipeline import Pipeline
from gateway.record import Entry, ExchangeRecord, Signal
from gateway.refusal import Refusal
from gateway.reply import Flow, Head, Reply
from gateway.stages.account import Account
from gateway.stages.assign import Assign
from gateway.stages.read import Read
from gateway.stages.recall import Recall, SharedLayer
from gateway.stages.stage import Step
from tests.gateway.exchanges import (
    KEYS,
    FaultList,
    HandClock,
    RecordingWire,
    endpoints_at,
    exchange_of,
    request_of,
    routing,
    snapshot_of,
)

STREAMS = [(b"content-type", b"text/event-stream; charset=utf-8")]
JSON = [(b"content-type", b"application/json")]
CACHE = {"ttl": "10m"}


def event(text: str, finish: str | None = None) -> bytes:
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": [
        {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": finish}]}  # fmt: skip
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


class HandSource:
    """One call of the model server."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.flow: Flow | None = None
        self.cancelled = False
        self.paused = False

    def begin(self, flow: Flow) -> None:
        self.flow = flow

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def cancel(self) -> None:
        self.cancelled = True

    def head(self, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        assert self.flow is not None
        streams = STREAMS if self.exchange.streamed else JSON
        self.flow.head(Head(status, list(headers or streams)))

    def frame(self, frame: bytes) -> None:
        assert self.flow is not None
        assert not self.cancelled
        self.flow.frame(frame)

    def end(self, last: bytes = DONE, reason: str = "stop") -> None:
        assert self.flow is not None
        record = self.exchange.record
        record.finish_reason, record.usage_source = reason, "reported"
        record.prompt_tokens, record.completion_tokens = 11, 3
        self.flow.end(last)

    def fail(self, refusal: Refusal) -> None:
        assert self.flow is not None
        self.flow.fail(refusal)


class HandInfer(Step):
    def __init__(self) -> None:
        self.calls: list[HandSource] = []

    def enter(self, exchange: Exchange) -> Reply:
        self.calls.append(HandSource(exchange))
        return Reply(self.calls[-1])


class Client:
    """One request, and what came back."""

    def __init__(self, exchange: Exchange, wire: RecordingWire, pipeline: Pipeline) -> None:
        self.exchange, self.wire, self.pipeline = exchange, wire, pipeline

    def leave(self) -> None:
        self.pipeline.abandon(self.exchange)

    @property
    def cache(self) -> str:
        return self.wire.headers["x-gatewright-cache"]


class House:
    """The stages from the account to the model server, one worker's."""

    def __init__(self, folder: Path, shared: SharedLayer | None = None, *, cache: dict[str, Any] | None = None,
                 max_bytes: int = 1 << 20, embedders: Any = None, neighbours: Any = None,
                 after_read: Callable[[House], list[Step]] = lambda house: [], **model: Any) -> None:  # fmt: skip
        self.clock = HandClock()
        self.log = FaultList()
        self.folder = folder
        self.infer = HandInfer()
        self.memory = Memory(max_bytes, self.clock.time)
        self.similar = Similar(Neighbours(max_bytes // 4, on_bytes=self.memory.lend), neighbours, embedders, KEYS.cache,
                               self.log)
        self.journal = Journal(folder, "w0")
        self.lot = 1.0
        self.rechecks = Rechecks(self.journal, self.clock, lambda: self.lot, lambda: "f" * 32, self.asking, embedders,
                                 self.log)
        self.recall = Recall(self.memory, shared, KEYS.cache, self.clock, self.log,
                             similar=self.similar if embedders is not None else None, rechecks=self.rechecks)
        self.pipeline = Pipeline([Account("w0", self.journal, self.clock), Read(64, KEYS),
                                  *after_read(self), Assign(), self.recall, self.infer], self.log)
        self.snapshot = snapshot_of(routing(cache=cache or CACHE, **model), endpoints_at(self.clock))
        self._count = 0

    def asking(self, exchange: Exchange) -> HandSource:
        """A call that no client waits for."""
        self.calls.append(HandSource(exchange))
        return self.calls[-1]

    def ask(self, text: str = "hello", *, headers: dict[str, str] | None = None, tenant: str = "",
            operation: str = "chat.completions", **body: Any) -> Client:  # fmt: skip
        document = {"model": "m", "messages": [{"role": "user", "content": text}], "temperature": 0, **body}
        asks_as = {name: document.pop(name) for name in ("key", "subject") if name in document}
        wire = RecordingWire()
        wire.settle = self.pipeline.settle
        self._count += 1
        exchange = exchange_of(request_of(document, operation, headers=headers), self.snapshot, wire=wire,
                               clock=self.clock, exchange_id=f"{self._count:032x}")
        exchange.record.tenant = tenant
        for name, value in asks_as.items():
            setattr(exchange.record, name, value)
        self.pipeline.start(exchange)
        return Client(exchange, wire, self.pipeline)

    @property
    def calls(self) -> list[HandSource]:
        return self.infer.calls

    def records(self) -> list[ExchangeRecord]:
        return [entry for entry in self.entries() if isinstance(entry, ExchangeRecord)]

    def signals(self) -> list[Signal]:
        return [entry for entry in self.entries() if isinstance(entry, Signal)]

    def entries(self) -> list[Entry]:
        return [decode_entry(payload) for segment in segments(self.folder) for payload, _ in read_frames(segment)]


def answer(call: HandSource, *texts: str, reason: str = "stop") -> None:
    """All of a stream, or a whole document."""
    call.head()
    if not call.exchange.streamed:
        call.end(whole("".join(texts), reason), reason)
        return
    for text in texts:
        call.frame(event(text))
    call.frame(event("", reason))
    call.end(DONE, reason)


def whole(text: str, reason: str = "stop") -> bytes:
    return json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": text, "refusal": None}, "logprobs": None,
         "finish_reason": reason, "stop_reason": None}],
        "usage": {"prompt_tokens": 11, "total_tokens": 14, "completion_tokens": 3}}).encode()  # fmt: skip


async def turns(count: int = 3) -> None:
    """Lets what was put off to the next turns of the loop happen."""
    for _ in range(count):
        await asyncio.sleep(0)


Ask = Callable[[House], Client]
