"""The real stages from the account to a fake server's wire, with the clock of the event loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.cache.memory import Memory
from gateway.exchange import Exchange
from gateway.gathering.gathering import Gathering
from gateway.gathering.tally import Gathered
from gateway.journal import Journal
from gateway.pipeline import Pipeline
from gateway.record import ExchangeRecord
from gateway.stages.account import Account
from gateway.stages.assign import Assign
from gateway.stages.infer import Infer
from gateway.stages.read import Read
from gateway.stages.recall import Recall
from gateway.stages.stage import Step
from models.endpoint import Endpoint, Endpoints
from routing.retrying import RetryBudget
from tests.fakes.behaviour import Behaviour
from tests.fakes.bodies import vector
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway.exchanges import (
    KEYS,
    FaultList,
    RecordingWire,
    exchange_of,
    journaled,
    request_of,
    snapshot_of,
)
from tests.models.scripted_server import until


class LoopClock:
    def __init__(self) -> None:
        self.time = time.monotonic
        self.wall = time.time


class Client:
    """One request, and what came back."""

    def __init__(self, exchange: Exchange, wire: RecordingWire, pipeline: Pipeline) -> None:
        self.exchange, self.wire, self.pipeline = exchange, wire, pipeline

    async def reply(self) -> dict[str, Any]:
        await until(lambda: self.exchange.settled)
        found: dict[str, Any] = json.loads(self.wire.body)
        return found

    def leave(self) -> None:
        self.pipeline.abandon(self.exchange)


class House:
    """One worker's stages, with model ``m`` on the fakes given, the first of which is asked first."""

    def __init__(self, folder: Path, *fakes: FakeVLLM, fallback: FakeVLLM | None = None,
                 more: Sequence[Step] = (), **model: Any) -> None:  # fmt: skip
        loop = asyncio.get_running_loop()
        self.clock, self.log, self.folder = LoopClock(), FaultList(), folder
        self.budget = RetryBudget()
        self.endpoints = Endpoints(lambda url: Endpoint(url, loop=loop, time=self.clock.time))
        versions: dict[str, Any] = {"v1": {"served_model": "m", "endpoints": [fake.url for fake in fakes],
                                           "price": {"prompt": 1, "completion": 1}}}  # fmt: skip
        if fallback is not None:
            versions["v2"] = {"served_model": "m", "endpoints": [fallback.url]}
            model["fallback"] = ["v2"]
        self.snapshot = snapshot_of({"versions": versions, "models": {"m": {"split": {"v1": 1}, **model}}},
                                    self.endpoints)  # fmt: skip
        self.gathering = Gathering(self.clock, loop.call_later, self.log)
        infer = Infer(self.clock, lambda: 0.0, self.budget, self.log, None, self.gathering)
        self.recall = Recall(Memory(1 << 20, self.clock.time), None, KEYS.cache, self.clock, self.log)
        self.pipeline = Pipeline([Account("w0", Journal(folder, "w0"), self.clock), Read(64, KEYS), Assign(),
                                  self.recall, *more, infer], self.log)  # fmt: skip
        self._count = 0
        self._openers: list[Client] = []

    async def is_busy(self, fake: FakeVLLM, given: Any = "opener", **more: Any) -> None:
        """Something of this kind is under way: what is asked from now on, before the test waits for anything, goes
        together. Neither the fake's list of requests nor the records tell of it."""
        fake.script(Behaviour(head_delay=0.02))
        self._openers.append(self.ask(given, **more))
        await fake.request()
        fake.requests.clear()

    def ask(self, given: Any, *, tenant: str = "", headers: dict[str, str] | None = None,
            operation: str = "embeddings", model: str = "m", age: float = 0.0, **more: Any) -> Client:  # fmt: skip
        wire = RecordingWire()
        wire.settle = self.pipeline.settle
        self._count += 1
        request = request_of({"model": model, "input": given, **more}, operation, headers=headers)
        exchange = exchange_of(request, self.snapshot, wire=wire, exchange_id=f"{self._count:032x}")
        exchange.began_at = self.clock.time() - age
        exchange.record.tenant = tenant
        self.pipeline.start(exchange)
        return Client(exchange, wire, self.pipeline)

    @property
    def counts(self) -> Gathered:
        return self.gathering.counts["m"]

    def records(self) -> list[ExchangeRecord]:
        openers = {opener.exchange.id for opener in self._openers}
        return [record for record in journaled(self.folder) if record.id not in openers]

    async def check_nothing_is_left(self) -> None:
        await until(lambda: all(opener.exchange.settled for opener in self._openers))
        assert self.log.faults == []
        assert repr(self.gathering).startswith("<Gathering of 0 requests")
        assert self.budget.requests == 0
        assert [endpoint.in_flight for endpoint in self.endpoints] == [0] * len(list(self.endpoints))


def vectors(reply: dict[str, Any]) -> list[Any]:
    assert [row["index"] for row in reply["data"]] == list(range(len(reply["data"])))
    return [row["embedding"] for row in reply["data"]]


def expected(*inputs: Any) -> list[Any]:
    return [vector(one) for one in inputs]


def inputs_of(request: Request) -> list[Any]:
    given = json.loads(request.body)["input"]
    return given if isinstance(given, list) else [given]


def refuses(word: str) -> Any:
    """A script: a request with this word in it is refused, as vLLM refuses an input that is too long."""
    body = json.dumps({"error": {"message": f"{word} is no good", "type": "BadRequestError", "param": None,
                                 "code": 400}}).encode()  # fmt: skip
    return lambda request: Behaviour(status=400, body=body) if word.encode() in request.body else None
