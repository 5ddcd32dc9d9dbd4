"""Where a slow guard runs: before the model, beside it, after it. Everything is real but the model and the guard, which
do what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from gateway import journal as journals
from gateway.afterwards import Afterwards
from gateway.exchange import Exchange
from gateway.gate import HELD_BYTES, Gate
from gateway.journal import Journal
from gateway.pipeline import Pipeline
from gateway.record import Entry, ExchangeRecord, Signal
from gateway.refusal import Draining, UpstreamDisconnected
from gateway.reply import Flow, Head, Reply
from gateway.stages.account import Account
from gateway.stages.assign import Assign
from gateway.stages.guard_prompt import GuardPrompt
from gateway.stages.guard_reply import GuardReply
from gateway.stages.read import Read
from gateway.stages.stage import Step
from guardrails.detectors.words import Words
from guardrails.finding import Finding
from guardrails.passage import Passage
from tests.gateway.exchanges import (
    KEYS,
    FaultList,
    HandClock,
    RecordingFlow,
    RecordingWire,
    endpoints_at,
    exchange_of,
    request_of,
    routing,
    snapshot_of,
)
from tests.gateway.stages.test_guard_prompt import Lines

STREAM = Head(200, [(b"content-type", b"text/event-stream")])
WHOLE = Head(200, [(b"content-type", b"application/json")])
BODY = json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"},
                                "finish_reason": "stop"}]}).encode()
ERROR = b'{"error":{"message":"no such thing","code":"what"}}'
DONE = b"data: [DONE]\n\n"


def frame(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


class Slow:
    """Finds the word `slow` once `going` is set."""

    name = "toxicity"

    def __init__(self, name: str = "toxicity") -> None:
        self.name = name
        self.going = asyncio.Event()
        self.asked = self.cancelled = 0
        self.failure: Exception | None = None

    async def read_all(self, passages: Sequence[Passage]) -> list[list[Finding]]:
        self.asked += 1
        try:
            await self.going.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.failure is not None:
            raise self.failure
        return [[Finding(self.name, "SLOW", at, at + 4, 0.9)] if (at := passage.text.find("slow")) >= 0 else []
                for passage in passages]


class Model(Step):
    """Stands where Infer does; its replies are what a test says."""

    def __init__(self) -> None:
        self.flow: Flow | None = None
        self.cancelled = self.paused = False

    def enter(self, exchange: Exchange) -> Reply:
        return Reply(self)

    @property
    def asked(self) -> bool:
        return self.flow is not None

    @property
    def to(self) -> Flow:
        assert self.flow is not None
        assert not self.cancelled, "whoever let the model go must hear nothing of it any more"
        return self.flow

    def begin(self, flow: Flow) -> None:
        self.flow = flow

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def cancel(self) -> None:
        self.cancelled = True

    def begins(self, reply: str) -> None:
        """The first that comes of a stream, a whole reply, a refusal of its own, or a stream that dies."""
        if reply == "refuses":
            self.to.head(Head(404, [(b"content-type", b"application/json")]))
            self.to.end(ERROR)
        elif reply == "whole":
            self.to.head(WHOLE)
            self.to.end(BODY)
        else:
            self.to.head(STREAM)
            self.to.frame(frame("Hel"))
        if reply == "dies":
            self.to.fail(UpstreamDisconnected("The model server's stream stopped before its end."))

    def ends(self, reply: str) -> None:
        if reply == "stream":
            self.to.frame(frame("lo"))
            self.to.end(DONE)


class House:
    """One worker's pipeline with one policy, and one exchange in it."""

    def __init__(self, folder: Path, threads: ThreadPoolExecutor, seats: int) -> None:
        self.folder = folder
        self.model, self.slow, self.lines, self.wire = Model(), Slow(), Lines(), RecordingWire()
        self.other = Slow("injection")
        self.faults = FaultList()
        clock = HandClock()
        self.journal = Journal(folder, "w0")
        self.afterwards = Afterwards("w0", self.journal, clock, self.lines, seats)
        self.pipeline = Pipeline([
            Account("w0", self.journal, clock), Read(100, KEYS),
            GuardPrompt(clock, self.lines, threads, self.afterwards, slow_seats=seats), Assign(),
            GuardReply(clock, self.faults, self.afterwards), self.model], self.faults)
        self.wire.settle = self.pipeline.settle
        self.exchange: Exchange = None  # type: ignore[assignment]

    def ask(self, text: str = "a slow one", stream: bool = True, shadow: Any = None,
            operation: str = "chat.completions", **policy: Any) -> None:
        catalogue = {"toxicity": lambda rule: self.slow, "injection": lambda rule: self.other,
                     "words": lambda rule: Words(rule.deny, (), True)}  # type: ignore[attr-defined]
        document = routing(policy="live", **({"shadow_policy": "shadow"} if shadow else {}))
        document["policies"] = {"live": policy, **({"shadow": shadow} if shadow else {})}
        snapshot = snapshot_of(document, endpoints_at(HandClock()), catalogue=catalogue)
        request = request_of({"model": "m", "stream": stream, "messages": [{"role": "user", "content": text}]},
                             operation)
        self.exchange = exchange_of(request, snapshot, wire=self.wire)
        self.pipeline.start(self.exchange)

    def entries(self) -> list[Entry]:
        return [journals.decode_entry(payload) for segment in journals.segments(self.folder)
                for payload, _ in journals.read_frames(segment)]

    @property
    def record(self) -> ExchangeRecord:
        (record,) = [one for one in self.entries() if isinstance(one, ExchangeRecord)]
        return record

    @property
    def signals(self) -> list[Signal]:
        return [one for one in self.entries() if isinstance(one, Signal)]


@pytest.fixture
def seats() -> int:
    return 4


@pytest_asyncio.fixture
async def house(tmp_path: Path, seats: int) -> AsyncIterator[House]:
    with ThreadPoolExecutor(2) as threads:
        built = House(tmp_path, threads, seats)
        yield built
        built.afterwards.close()
        built.journal.close()
        assert built.faults.faults == []


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def turns(count: int = 10) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def rule(when: str, action: str) -> dict[str, Any]:
    return {"prompt": {"toxicity": {"action": action, "when": when}}}


HEARD = {"stream": frame("Hel") + frame("lo") + DONE, "whole": BODY, "refuses": ERROR}
REPLIES = ["stream", "whole", "refuses", "dies"]


def assert_heard(house: House, reply: str) -> None:
    """The client got what the model said, as it said it."""
    record = house.record
    if reply == "dies":
        assert house.wire.body.startswith(frame("Hel"))
        assert b"upstream_disconnected" in house.wire.body
        assert record.outcome == "failed"
        return
    assert house.wire.body == HEARD[reply]
    assert house.wire.status == record.status == (404 if reply == "refuses" else 200)
    assert (record.outcome, record.blame) == (("refused", "caller") if reply == "refuses" else ("answered", ""))


def assert_refused(house: House, status: int, code: str) -> None:
    """The client got a refusal with its status, and not a byte of what the model said."""
    assert house.wire.status == status
    assert house.wire.error["code"] == code
    assert b"Hel" not in house.wire.sent
    record = house.record
    assert (record.outcome, record.blame, record.code, record.status) == ("refused", "policy", code, status)
    assert house.exchange.settled


async def judged(house: House, when: str, reply: str, going: Callable[[], object]) -> None:
    """The life of an exchange whose guard tells what it has to tell as late as the place allows."""
    assert house.model.asked == (when != "before"), "beside and after cost no turn before the model is asked"
    if when != "before":
        house.model.begins(reply)
    assert bool(house.wire.sent) == (when == "after"), "nothing leaves before the verdict"
    if when == "after":
        house.model.ends(reply)
    await until(lambda: house.slow.asked == 1)
    going()
    if when == "before":
        await until(lambda: house.model.asked or house.wire.sent)
        if house.model.asked:
            house.model.begins(reply)
    elif when == "beside":
        await until(lambda: house.wire.sent)
    else:
        await until(lambda: house.signals)
    if when != "after" and house.model.asked and not house.model.cancelled:
        house.model.ends(reply)


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("when", ["before", "beside", "after"])
async def test_a_guard_that_finds_nothing_changes_nothing(house: House, when: str, reply: str) -> None:
    house.ask("a fine one", reply != "whole", **rule(when, "flag"))
    await judged(house, when, reply, house.slow.going.set)
    assert_heard(house, reply)
    assert b"x-gatewright-guard" not in house.wire.sent
    assert house.record.guards == []
    told = house.signals[0].body if when == "after" else {"guard_seconds": house.record.guard_seconds}
    assert list(told["guard_seconds"]) == ["prompt:toxicity"]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("when", ["before", "beside", "after"])
async def test_a_flag_is_told_and_changes_nothing(house: House, when: str, reply: str) -> None:
    """To the client too, where the verdict is there before the first byte."""
    house.ask("a slow one", reply != "whole", **rule(when, "flag"))
    await judged(house, when, reply, house.slow.going.set)
    assert_heard(house, reply)
    if when != "after":
        assert house.wire.headers["x-gatewright-guard"] == "prompt=flagged"
        assert house.record.guards == ["prompt:toxicity:flag:1"]
        assert house.signals == []
        return
    assert b"x-gatewright-guard" not in house.wire.sent
    assert house.record.guards == []
    (signal,) = house.signals
    assert (signal.exchange_id, signal.kind, signal.name, signal.worker) == (
        house.exchange.id, "guard", "toxicity", "w0")
    assert signal.body["guards"] == ["prompt:toxicity:flag:1"]
    (finding,) = signal.body["findings"]
    assert (finding["label"], finding["start"], finding["end"], finding["place"]) == (
        "SLOW", 2, 6, "messages[0].content")
    assert ("info", "found_afterwards") in [(level, event) for level, event, _ in house.lines.said]


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("when", ["before", "beside"])
async def test_a_block_wins_over_whatever_the_model_says(house: House, when: str, reply: str) -> None:
    house.ask("a slow one", reply != "whole", **rule(when, "block"))
    await judged(house, when, reply, house.slow.going.set)
    assert_refused(house, 400, "content_blocked")
    assert house.wire.headers["x-gatewright-guard"] == "prompt=blocked"
    assert house.wire.error["param"] == "messages[0].content"
    assert house.model.cancelled == (when == "beside"), "the server is let go"
    assert house.record.guards == ["prompt:toxicity:block:1"]
    assert ("info", "content_blocked") in [(level, event) for level, event, _ in house.lines.said]


@pytest.mark.parametrize("reply", ["stream", "whole"])
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("on_error", ["block", "allow"])
@pytest.mark.parametrize("when", ["before", "beside", "after"])
async def test_a_guard_that_cannot_decide_means_what_the_policy_says(
        house: House, when: str, on_error: str, late: bool, reply: str) -> None:
    """It raises, or takes longer than the deadline. What nobody waits for declines nothing."""
    house.slow.failure = OSError("gone")
    house.ask("a slow one", reply != "whole", on_error=on_error, deadline_ms=20 if late else 5000, **rule(when, "flag"))
    await judged(house, when, reply, (lambda: None) if late else house.slow.going.set)
    mode = "allow" if when == "after" else on_error
    failures = [f"prompt:toxicity:{'timeout' if late else 'error'}:{mode}"]
    if mode == "block":
        assert_refused(house, 503, "guard_unavailable")
        assert house.model.cancelled == (when == "beside")
    else:
        assert_heard(house, reply)
        assert (house.wire.headers.get("x-gatewright-guard") == "prompt=unchecked") == (when != "after")
    assert (house.signals[0].body["guard_failures"] if when == "after" else house.record.guard_failures) == failures
    assert [event for _, event, _ in house.lines.said] == ["guard_failed"]


@pytest.mark.parametrize("when", ["before", "beside"])
async def test_a_client_that_leaves_ends_all_that_is_done_for_it(house: House, when: str) -> None:
    house.ask(**rule(when, "block"))
    await until(lambda: house.slow.asked == 1)
    if when == "beside":
        house.model.begins("stream")
    house.pipeline.abandon(house.exchange)
    await until(lambda: house.slow.cancelled == 1)
    assert house.model.cancelled == (when == "beside")
    house.slow.going.set()
    await turns()
    assert house.wire.sent == b""
    assert (house.record.outcome, house.record.guards) == ("abandoned", [])


async def test_what_is_judged_after_the_model_goes_on_when_the_client_has_left(house: House) -> None:
    house.ask(**rule("after", "flag"))
    await until(lambda: house.slow.asked == 1)
    house.pipeline.abandon(house.exchange)
    house.slow.going.set()
    await until(lambda: house.signals)
    assert house.record.outcome == "abandoned"
    assert house.signals[0].body["guards"] == ["prompt:toxicity:flag:1"]


# The gate


async def test_what_is_held_is_bounded_and_the_server_waits(house: House) -> None:
    """Back-pressure: beyond the bound the server is not read from, until all has left."""
    house.ask("a fine one", **rule("beside", "block"))
    house.model.to.head(STREAM)
    text, count = "x" * 1000, 0
    while not house.model.paused:
        house.model.to.frame(frame(text))
        count += 1
    assert HELD_BYTES < count * len(frame(text)) < HELD_BYTES + 2000
    house.exchange.reply.source.pause()  # type: ignore[union-attr]  # the client is slow for a moment
    house.exchange.reply.source.resume()  # type: ignore[union-attr]
    assert house.model.paused, "that the client can take more does not mean that the gate can"
    house.slow.going.set()
    await until(lambda: house.wire.sent)
    assert not house.model.paused
    house.model.to.end(DONE)
    assert house.wire.body == frame(text) * count + DONE


async def test_a_slow_client_is_waited_for_once_the_gate_is_open(house: House) -> None:
    house.ask("a fine one", **rule("beside", "block"))
    house.model.begins("stream")
    house.slow.going.set()
    await until(lambda: house.wire.sent)
    source = house.exchange.reply.source  # type: ignore[union-attr]
    source.pause()
    assert house.model.paused
    source.resume()
    assert not house.model.paused
    house.model.ends("stream")
    assert_heard(house, "stream")


@pytest.mark.parametrize("action", ["block", "flag"])
async def test_a_verdict_that_is_there_before_the_model_is_asked_is_not_waited_for(house: House, action: str) -> None:
    """As where a stage in between has to wait. Where it blocks, no server is asked; else the gate is not in the way."""
    house.ask("a slow one", **rule("beside", action))
    house.slow.going.set()
    judging, model, flow = house.exchange.beside, Model(), RecordingFlow()
    assert judging is not None
    await until(lambda: judging.over)
    Gate(house.exchange, model, judging, house.faults).begin(flow)
    assert model.flow is (flow if action == "flag" else None)
    assert flow.events == ([] if action == "flag" else [("fail", "content_blocked")])
    assert not model.cancelled


async def test_a_drain_does_not_wait_for_the_verdict(house: House) -> None:
    house.ask(**rule("beside", "block"))
    house.model.begins("stream")
    await until(lambda: house.slow.asked == 1)
    house.pipeline.cut_short(house.exchange, Draining("The gateway is shutting down."))
    assert house.wire.status == 503
    assert house.model.cancelled
    await until(lambda: house.slow.cancelled == 1)
    assert house.record.code == "shutting_down"


async def test_what_cannot_be_read_behind_the_gate_is_what_it_is_before_it(house: House) -> None:
    """The guards of the reply see the frames when the gate opens; what they make of them is no bug of the gate's."""
    house.ask("a fine one", reply={"words": {"action": "block", "deny": ["x"]}}, **rule("beside", "block"))
    house.model.to.head(STREAM)
    house.model.to.frame(b"data: {broken\n\n")
    house.slow.going.set()
    await until(lambda: house.wire.sent)
    assert (house.wire.status, house.wire.error["code"]) == (502, "upstream_malformed")
    assert house.model.cancelled


async def test_a_bug_behind_the_gate_ends_the_reply_and_is_told(house: House, monkeypatch: Any) -> None:
    house.ask("a fine one", **rule("beside", "block"))
    house.model.begins("stream")

    def broken(flow: object, frame: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.stages.account.Accounting.frame", broken)
    house.slow.going.set()
    await until(lambda: house.wire.sent)
    assert (house.wire.status, house.wire.error["code"]) == (500, "internal_error")
    assert house.exchange.settled
    assert house.faults.faults == [("reply_failed", "ZeroDivisionError")]
    house.faults.faults.clear()


async def test_a_reply_s_own_block_behind_the_gate_lets_the_server_go(house: House) -> None:
    house.ask("a fine one", reply={"words": {"action": "block", "deny": ["bad"]}}, **rule("beside", "block"))
    house.model.to.head(STREAM)
    for text in ("so ", "bad ", "and ", "more "):
        house.model.to.frame(frame(text))
    house.slow.going.set()
    await until(lambda: house.wire.sent)
    assert house.model.cancelled
    assert b"content_filter" in house.wire.body
    assert b"more" not in house.wire.body


@pytest.mark.parametrize("seats", [1])
async def test_a_guard_beside_that_finds_no_seat_lets_nothing_pass_in_silence(house: House) -> None:
    house.ask(**rule("beside", "block"))
    first, house.wire = house.exchange, RecordingWire()
    house.wire.settle = house.pipeline.settle
    house.ask(**rule("beside", "block"))
    house.model.begins("stream")
    await until(lambda: house.wire.sent)
    assert_refused(house, 503, "guard_unavailable")
    house.pipeline.abandon(first)


# Places together


async def test_guards_of_all_places_judge_one_request(house: House) -> None:
    house.ask("a slow one", prompt={"toxicity": {"action": "redact"}, "injection": "block"})
    await until(lambda: house.slow.asked == 1)
    assert (house.model.asked, house.other.asked) == (False, 0)
    house.slow.going.set()
    await until(lambda: house.model.asked)
    assert house.exchange.document["messages"][0]["content"] == "a [SLOW] one"
    house.model.begins("stream")
    assert house.wire.sent == b""
    house.other.going.set()
    await until(lambda: house.wire.sent)
    assert_refused(house, 400, "content_blocked")
    assert sorted(house.record.guard_seconds) == ["prompt:injection", "prompt:toxicity"]


async def test_the_policy_in_shadow_waits_where_it_would_wait_and_changes_nothing(house: House) -> None:
    house.ask("a slow one", shadow={"prompt": {"toxicity": "block"}}, prompt={})
    house.model.begins("whole")
    assert house.wire.sent == b""
    house.slow.going.set()
    await until(lambda: house.wire.sent)
    assert_heard(house, "whole")
    assert house.record.guard_differences == ["prompt toxicity:SLOW none->block"]


async def test_what_a_shadow_policy_finds_afterwards_is_a_difference(house: House) -> None:
    house.ask("a slow one", shadow=rule("after", "flag"), **rule("after", "shadow"))
    house.model.begins("whole")
    house.slow.going.set()
    await until(lambda: house.signals)
    (signal,) = house.signals
    assert signal.body["guards"] == ["prompt:toxicity:shadow:1"]
    assert signal.body["guard_differences"] == ["prompt toxicity:SLOW shadow->flag"]


# Afterwards


async def test_what_is_found_in_time_stands_in_the_record_and_in_no_header(house: House) -> None:
    house.ask("a slow one", **rule("after", "flag"))
    house.slow.going.set()
    await until(lambda: house.afterwards.running == 0)
    house.model.begins("whole")
    assert_heard(house, "whole")
    assert b"x-gatewright-guard" not in house.wire.sent
    assert house.record.guards == ["prompt:toxicity:flag:1"]
    assert list(house.record.guard_seconds) == ["prompt:toxicity"]
    assert house.signals == []


async def test_a_guard_that_is_still_running_at_the_end_is_cancelled_and_counted(house: House) -> None:
    after = {"action": "flag", "when": "after"}
    house.ask(prompt={"toxicity": after, "injection": after})
    house.model.begins("whole")
    await until(lambda: house.slow.asked == house.other.asked == 1)
    house.other.going.set()
    await turns()
    assert house.afterwards.running == 1
    house.afterwards.close()
    told = {signal.name: signal.body for signal in house.signals}
    assert told["toxicity"]["guard_failures"] == ["prompt:toxicity:cancelled:allow"]
    assert told["injection"]["guard_failures"] == []
    await until(lambda: house.slow.cancelled == 1)
    assert house.afterwards.running == 0


async def test_a_request_that_is_refused_is_not_judged_afterwards(house: House) -> None:
    house.ask("a bad slow one", prompt={"words": {"action": "block", "deny": ["bad"]},
                                        "toxicity": {"action": "flag", "when": "after"}})
    assert house.wire.error["code"] == "content_blocked"
    await turns()
    assert house.slow.asked == 0
