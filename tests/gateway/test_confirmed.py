"""With `durability: disk` a reply's end waits for the disk; nothing else does, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.confirmed import Confirmed
from gateway.exchange import Exchange
from gateway.group_commit import GroupCommit
from gateway.journal import Journal
from gateway.pipeline import Pipeline
from gateway.refusal import Draining, UpstreamDisconnected
from gateway.reply import Flow
from gateway.stages.account import Account
from gateway.stages.stage import Step
from gateway.telemetry.logs import Log
from tests.gateway.exchanges import FaultList, HandClock, RecordingWire, exchange_of, journaled, request_of
from tests.gateway.stages.test_account import DONE, STREAM, WHOLE, Answers, Pushed, Refuses
from tests.gateway.test_group_commit import Disk


class Case:
    """One exchange behind Account, whose disk moves when the test says so."""

    def __init__(self, folder: Path, stage: Step | None = None, *, strict: bool = False) -> None:
        self.folder, self.clock, self.source, self.disk = folder, HandClock(), Pushed(), Disk()
        self.disk.may_go_on.clear()
        self.journal = Journal(folder, "w0", writer="life", keeps=True)
        self.commit = GroupCommit(
            self.journal, asyncio.get_running_loop(), Log(io.StringIO(), "info"), self.disk.sync)
        self.faults = FaultList()
        account = Account("w0", self.journal, self.clock, strict=strict, waiting=lambda exchange: Confirmed(
            exchange, self.commit, strict, self.faults))
        self.pipeline = Pipeline([account, stage or Answers(self.source)], self.faults)
        self.wire = RecordingWire()
        self.wire.settle = self.pipeline.settle
        self.exchange: Exchange = exchange_of(request_of({"model": "m"}), wire=self.wire, clock=self.clock)
        self.exchange.streamed = stage is None
        self.pipeline.start(self.exchange)

    @property
    def flow(self) -> Flow:
        return self.source.flow

    async def let_disk_go_on(self) -> None:
        self.disk.may_go_on.set()
        async with asyncio.timeout(10):
            while self.commit.waiting:
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        await self.let_disk_go_on()
        self.commit.close()
        self.journal.close()


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    made = Case(tmp_path)
    yield made
    await made.close()


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Case]:
    made = Case(tmp_path, strict=True)
    yield made
    await made.close()


async def test_frames_pass_at_once_and_the_last_one_when_the_disk_has_the_record(case: Case) -> None:
    case.flow.head(STREAM)
    case.flow.frame(b"data: 1\n\n")
    assert b"data: 1" in case.wire.sent
    case.flow.end(DONE)
    await asyncio.sleep(0.02)
    assert b"[DONE]" not in case.wire.sent
    assert not case.exchange.settled, "it is in flight, and counted as such"
    await case.let_disk_go_on()
    assert case.wire.body.endswith(DONE)
    assert case.exchange.settled


async def test_a_whole_reply_waits_with_its_head(case: Case) -> None:
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    assert case.wire.sent == b""
    await case.let_disk_go_on()
    assert (case.wire.status, case.wire.body) == (200, b"{}")


async def test_a_failure_waits_as_an_answer_does(case: Case) -> None:
    case.flow.head(STREAM)
    case.flow.frame(b"data: 1\n\n")
    case.flow.fail(UpstreamDisconnected("Gone."))
    assert b"upstream_disconnected" not in case.wire.sent
    await case.let_disk_go_on()
    assert b"upstream_disconnected" in case.wire.sent


async def test_a_refusal_waits_as_an_answer_does(tmp_path: Path) -> None:
    case = Case(tmp_path, Refuses())
    assert case.wire.sent == b""
    await case.let_disk_go_on()
    assert case.wire.status == 400
    await case.close()


async def test_a_client_that_leaves_meanwhile_is_not_written_to(case: Case) -> None:
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    case.pipeline.abandon(case.exchange)
    assert case.exchange.settled
    await case.let_disk_go_on()
    assert case.wire.sent == b""
    assert [one.outcome for one in journaled(case.folder)] == ["answered"], "on record is what was found out first"


async def test_an_exchange_that_is_cut_short_while_the_disk_is_at_it_ends_as_it_would_have(case: Case) -> None:
    """Its record says that it was answered, and so it is: only the disk is still at it."""
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    case.pipeline.cut_short(case.exchange, Draining("Leaving."))
    assert case.wire.sent == b""
    await case.let_disk_go_on()
    assert (case.wire.status, case.wire.body) == (200, b"{}")
    assert len(journaled(case.folder)) == 1


async def test_a_record_that_no_disk_confirms_costs_the_client_nothing(case: Case) -> None:
    case.disk.failures = [0, 1]
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    await case.let_disk_go_on()
    assert (case.wire.status, case.wire.body, case.commit.unconfirmed) == (200, b"{}", 1)


async def test_a_record_that_no_disk_confirms_fails_its_reply_where_that_is_wanted(strict: Case) -> None:
    strict.disk.failures = [0, 1]
    strict.flow.head(WHOLE)
    strict.flow.end(b"{}")
    await strict.let_disk_go_on()
    assert (strict.wire.status, strict.wire.error["code"]) == (503, "journal_unavailable")
    assert strict.exchange.settled


async def test_a_stream_whose_record_no_disk_confirms_never_looks_whole_where_that_is_wanted(strict: Case) -> None:
    strict.disk.failures = [0, 1]
    strict.flow.head(STREAM)
    strict.flow.frame(b"data: 1\n\n")
    strict.flow.end(DONE)
    await strict.let_disk_go_on()
    assert b"[DONE]" not in strict.wire.sent
    assert b"journal_unavailable" in strict.wire.body


async def test_a_bug_at_the_edge_ends_the_exchange_and_holds_up_nobody(case: Case) -> None:
    def broken(data: bytes) -> None:
        case.wire.on_write = lambda data: None
        raise ValueError("a bug")

    case.wire.on_write = broken
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    told: list[bool] = []
    case.commit.after(told.append)
    await case.let_disk_go_on()
    assert case.faults.faults == [("reply_failed", "ValueError")]
    assert case.exchange.settled
    assert told == [True]
