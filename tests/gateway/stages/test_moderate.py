"""The guards themselves answer: each input for itself, at once or beside the event loop, and never in silence."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.journal import Journal
from gateway.moderation import MODERATIONS
from gateway.pipeline import Pipeline
from gateway.snapshot import Snapshot
from gateway.stages.account import Account
from gateway.stages.guard_prompt import LONG_READ_BYTES
from gateway.stages.moderate import SIDE_BY_SIDE, Moderate
from gateway.stages.read import ReadDocument
from guardrails.finding import Finding
from guardrails.moderation import MODERATION, moderator_of
from guardrails.passage import Passage
from guardrails.policy import Policy
from tests.gateway.exchanges import KEYS, FaultList, HandClock, RecordingWire, exchange_of, journaled, request_of
from tests.gateway.stages.test_guard_prompt import Lines
from tests.guardrails.test_moderation import Toxicity


class Slow:
    """A guard that is asked elsewhere: finds what a text says of itself once `going` is set."""

    name = "topics"

    def __init__(self) -> None:
        self.going = asyncio.Event()
        self.at_work = self.most = 0
        self.asked: list[int] = []

    async def read_all(self, passages: Sequence[Passage]) -> list[list[Finding]]:
        self.asked.append(len(passages))
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        try:
            await self.going.wait()
        finally:
            self.at_work -= 1
        return [[Finding("topics", "RIVERS", 0, 0, 0.9)] if "river" in passage.text else [] for passage in passages]


class Threaded(Toxicity):
    """Remembers in which threads it read."""

    def __init__(self) -> None:
        self.threads: set[str] = set()

    def read(self, passage: Passage) -> list[Finding]:
        self.threads.add(threading.current_thread().name)
        return super().read(passage)


class Desk:
    """The stages that answer a moderation, and the wire that they answer on."""

    def __init__(self, folder: Path, threads: ThreadPoolExecutor, policy: Any = None, seats: int = 32) -> None:
        self.slow, self.toxicity, self.lines, self.faults = Slow(), Threaded(), Lines(), FaultList()
        self.folder = folder
        catalogue = {"toxicity": lambda rule: self.toxicity, "topics": lambda rule: self.slow}
        written = MODERATION if policy is None else msgspec.convert(policy, Policy)
        self.snapshot = Snapshot(7, "d", 0.0, {}, moderator_of(written, catalogue))
        self.journal = Journal(folder, "w0")
        self.pipeline = Pipeline([Account("w0", self.journal, HandClock()), ReadDocument(100, KEYS),
                                  Moderate(HandClock(), self.lines, threads, slow_seats=seats, long_seats=seats)],
                                 self.faults)

    def ask(self, document: Any) -> RecordingWire:
        wire = RecordingWire()
        wire.settle = self.pipeline.settle
        self.exchange = exchange_of(request_of(document, MODERATIONS), self.snapshot, wire=wire)
        self.pipeline.start(self.exchange)
        return wire

    async def asked(self, document: Any) -> RecordingWire:
        wire = self.ask(document)
        while not wire.finished_exchanges:
            await asyncio.sleep(0.001)
        return wire

    def record(self) -> Any:
        (record,) = journaled(self.folder)
        return record


SLOW = {"prompt": {"topics": {"action": "block", "deny": {"RIVERS": ["river"]}}, "toxicity": "flag"}}


@pytest.fixture
def threads() -> Any:
    with ThreadPoolExecutor(2, "guards") as pool:
        yield pool


@pytest.fixture
async def desk(tmp_path: Path, threads: ThreadPoolExecutor) -> Desk:
    return Desk(tmp_path, threads)


async def test_short_inputs_are_answered_at_once_and_in_order(desk: Desk) -> None:
    wire = desk.ask({"input": ["hate=0.9", "good", "sexual=0.6"]})
    assert wire.status == 200
    assert [one["flagged"] for one in json.loads(wire.body)["results"]] == [True, False, True]
    assert wire.headers["x-gatewright-guard"] == "prompt=flagged"
    assert wire.headers["content-type"] == "application/json"
    assert "x-gatewright-version" not in wire.headers


async def test_it_is_an_exchange_that_leaves_one_row_without_the_text(desk: Desk) -> None:
    desk.ask({"input": ["hate=0.9 nightjar"]})
    record = desk.record()
    assert (record.operation, record.model, record.outcome, record.status) == (
        "moderations", "gatewright-moderation", "answered", 200)
    assert record.guards == ["prompt:toxicity:flag:1"]
    assert [(one.label, one.action, one.place) for one in record.findings] == [("HATE", "flag", "input[0]")]
    assert "prompt:toxicity" in record.guard_seconds
    assert b"nightjar" not in b"".join(path.read_bytes() for path in desk.folder.iterdir())


async def test_a_request_that_is_at_fault_is_refused_and_leaves_a_row_too(desk: Desk) -> None:
    wire = desk.ask({"input": 7})
    assert (wire.status, wire.error["code"], wire.error["param"]) == (400, "invalid_type", "input")
    assert (desk.record().outcome, desk.record().code) == ("refused", "invalid_type")


async def test_long_inputs_are_judged_beside_the_event_loop(desk: Desk) -> None:
    wire = await desk.asked({"input": ["hate=0.9 " + "word " * LONG_READ_BYTES, "good"]})
    assert [one["flagged"] for one in json.loads(wire.body)["results"]] == [True, False]
    assert desk.toxicity.threads
    assert all(name.startswith("guards") for name in desk.toxicity.threads)


async def test_slow_guards_are_asked_about_each_input_for_itself_and_waited_for(
        tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    desk = Desk(tmp_path, threads, SLOW)
    wire = desk.ask({"input": ["a river", "hate=0.9"]})
    await asyncio.sleep(0)
    assert not wire.writes
    desk.slow.going.set()
    while not wire.finished_exchanges:
        await asyncio.sleep(0.001)
    rivers, hate = json.loads(wire.body)["results"]
    assert (rivers["flagged"], rivers["gatewright"]["guards"]["topics"]["labels"]) == (True, {"RIVERS": 0.9})
    assert hate["categories"]["hate"]
    assert desk.slow.asked == [1, 1]


async def test_of_many_inputs_only_some_are_asked_about_at_once(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """So that one request does not take all the room there is."""
    desk = Desk(tmp_path, threads, SLOW, seats=SIDE_BY_SIDE)
    desk.slow.going.set()
    wire = await desk.asked({"input": [f"text {number}" for number in range(5 * SIDE_BY_SIDE)]})
    assert (wire.status, len(json.loads(wire.body)["results"])) == (200, 5 * SIDE_BY_SIDE)
    assert desk.slow.most <= SIDE_BY_SIDE


@pytest.mark.parametrize(("on_error", "status"), [("block", 503), ("allow", 200)])
async def test_a_guard_that_is_late_is_what_the_policy_says(
        tmp_path: Path, threads: ThreadPoolExecutor, on_error: str, status: int) -> None:
    desk = Desk(tmp_path, threads, {**SLOW, "on_error": on_error, "deadline_ms": 5})
    wire = await desk.asked({"input": "hate=0.9"})
    assert wire.status == status
    if status == 200:
        (result,) = json.loads(wire.body)["results"]
        assert (result["flagged"], result["gatewright"]["unchecked"]) == (True, ["topics"])
    else:
        assert wire.error["code"] == "guard_unavailable"
    assert desk.record().guard_failures == [f"prompt:topics:timeout:{on_error}"]
    assert ("warning", "guard_failed") in [line[:2] for line in desk.lines.said]


async def test_without_room_for_a_long_input_no_guard_has_judged_it(
        tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    desk = Desk(tmp_path, threads, {"prompt": {"toxicity": "flag"}}, seats=1)
    wire = await desk.asked({"input": ["hate=0.9 " + "word " * LONG_READ_BYTES] * 3})
    assert (wire.status, wire.error["code"]) == (503, "guard_unavailable")
    assert desk.record().guard_failures == ["prompt:every:overloaded:block"]


async def test_without_anybody_to_ask_it_is_declined(desk: Desk) -> None:
    desk.snapshot = Snapshot(7, "d", 0.0, {})
    wire = desk.ask({"input": "hate=0.9"})
    assert (wire.status, wire.error["code"]) == (503, "guard_unavailable")


async def test_a_client_that_leaves_ends_the_asking(tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    desk = Desk(tmp_path, threads, SLOW)
    desk.ask({"input": ["a", "b"]})
    await asyncio.sleep(0.001)
    assert desk.slow.at_work == 2
    desk.pipeline.abandon(desk.exchange)
    while desk.slow.at_work:
        await asyncio.sleep(0)
    assert desk.record().outcome == "abandoned"
    assert desk.faults.faults == []
