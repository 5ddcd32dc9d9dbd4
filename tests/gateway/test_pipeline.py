"""An exchange enters the stages in order, comes back through them in reverse, and settles every one that it entered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.pipeline import Pipeline
from gateway.refusal import InvalidRequest, Overloaded
from gateway.reply import Flow, Head, Reply
from gateway.stages.stage import Step
from tests.gateway.exchanges import FaultList, RecordingWire, exchange_of, request_of

OK = Head(200, [(b"content-type", b"application/json")])
STREAM = Head(200, [(b"content-type", b"text/event-stream")])


class Whole:
    """A source that answers at once."""

    def __init__(self, story: list[str]) -> None:
        self.story = story

    def begin(self, flow: Flow) -> None:
        self.story.append("begin")
        flow.head(OK)
        flow.end(b"{}")

    def pause(self) -> None:
        self.story.append("pause")

    def resume(self) -> None:
        self.story.append("resume")

    def cancel(self) -> None:
        self.story.append("cancel")


class Streaming(Whole):
    """A source that has pushed one frame and goes on when the test says so."""

    def begin(self, flow: Flow) -> None:
        self.flow = flow
        flow.head(STREAM)
        flow.frame(b"data: 1\n\n")


class Silent(Whole):
    """A source that has not pushed anything yet."""

    def begin(self, flow: Flow) -> None:
        self.flow = flow


class Told(Step):
    """A stage that tells what is done with it. `enter` decides what it does on the way in."""

    def __init__(self, story: list[str], name: str, enter: Callable[[Exchange], Any] = lambda exchange: None) -> None:
        self.story, self.name, self.does = story, name, enter

    def enter(self, exchange: Exchange) -> Reply | Awaitable[Reply | None] | None:
        self.story.append(f"enter {self.name}")
        answer: Reply | None = self.does(exchange)
        return answer

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        self.story.append(f"leave {self.name}")
        return reply.through(Passing(self.story, self.name))

    def settle(self, exchange: Exchange) -> None:
        self.story.append(f"settle {self.name} {exchange.record.outcome}".strip())


class Passing(Flow):
    def __init__(self, story: list[str], name: str) -> None:
        self.story, self.name = story, name

    def frame(self, frame: bytes) -> None:
        self.story.append(f"frame {self.name}")
        self.next.frame(frame)

    def end(self, last: bytes) -> None:
        self.story.append(f"end {self.name}")
        self.next.end(last)

    def fail(self, refusal: Any) -> None:
        self.story.append(f"fail {self.name} {refusal.code}")
        self.next.fail(refusal)


class Concluding(Step):
    """The first stage, as Account is: concludes by what passes."""

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        return reply.through(Conclusion(exchange))


class Conclusion(Flow):
    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def end(self, last: bytes) -> None:
        self.exchange.conclude("answered")
        self.next.end(last)

    def fail(self, refusal: Any) -> None:
        self.exchange.conclude(refusal.outcome, refusal.blame, refusal.code)
        self.next.fail(refusal)


class Case:
    """One exchange and the pipeline that it runs through: stages a, b, ... as given, each doing what is given."""

    def __init__(self, *does: Callable[[Exchange], Any], stages: list[Step] | None = None) -> None:
        self.story: list[str] = []
        self.log, self.wire = FaultList(), RecordingWire()
        told = [Told(self.story, name, enter) for name, enter in zip("abcdef", does, strict=False)]
        self.pipeline = Pipeline([Concluding(), *(stages or told)], self.log)
        self.wire.settle = self.pipeline.settle
        self.exchange = exchange_of(request_of({}), wire=self.wire)

    def run(self) -> Case:
        self.pipeline.start(self.exchange)
        return self

    @property
    def outcome(self) -> tuple[str, str, str]:
        record = self.exchange.record
        return record.outcome, record.blame, record.code


def goes_on(exchange: Exchange) -> None:
    return None


def refuses(exchange: Exchange) -> None:
    raise Overloaded("Full.")


def breaks(exchange: Exchange) -> None:
    raise KeyError("a bug")


def test_stages_are_entered_in_order_left_in_reverse_and_settled_in_reverse() -> None:
    case = Case(goes_on, goes_on, lambda exchange: Reply(Whole(case.story)))
    case.run()
    assert case.story == ["enter a", "enter b", "enter c", "leave c", "leave b", "leave a", "begin", "end c", "end b",
                          "end a", "settle c answered", "settle b answered", "settle a answered"]  # fmt: skip
    assert case.wire.status == 200
    assert case.outcome == ("answered", "", "")


def test_a_stage_that_answers_early_keeps_the_later_ones_out() -> None:
    case = Case(goes_on, lambda exchange: Reply(Whole(case.story)), goes_on)
    case.run()
    assert "enter c" not in case.story
    assert [step for step in case.story if step.startswith("settle")] == ["settle b answered", "settle a answered"]
    assert case.wire.body == b"{}"


def test_a_refusal_passes_back_through_the_stages_entered_and_no_others() -> None:
    case = Case(goes_on, refuses, goes_on).run()
    assert case.story == ["enter a", "enter b", "leave b", "leave a", "fail b overloaded", "fail a overloaded",
                          "settle b refused", "settle a refused"]  # fmt: skip
    assert (case.wire.status, case.wire.error["code"]) == (503, "overloaded")
    assert case.outcome == ("refused", "gateway", "overloaded")
    assert case.log.faults == []


def test_a_bug_in_a_stage_is_a_500_for_the_client_and_a_fault_in_the_log() -> None:
    case = Case(goes_on, breaks).run()
    assert (case.wire.status, case.wire.error["code"]) == (500, "internal_error")
    assert "a bug" not in case.wire.body.decode()
    assert case.log.faults == [("stage_failed", "KeyError")]
    assert case.story[-2:] == ["settle b failed", "settle a failed"]
    assert case.outcome == ("failed", "gateway", "internal_error")


def test_where_no_stage_answers_the_client_is_not_left_waiting() -> None:
    case = Case(goes_on)
    case.run()
    assert (case.wire.status, case.outcome) == (500, ("failed", "gateway", "internal_error"))


class Broken(Told):
    """A stage that breaks at the verb that it is told to break at."""

    def __init__(self, story: list[str], name: str, verb: str) -> None:
        super().__init__(story, name)
        self.verb = verb

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        if self.verb == "leave":
            raise KeyError("a bug")
        return reply.through(BrokenFlow(self.verb))

    def settle(self, exchange: Exchange) -> None:
        if self.verb == "settle":
            raise KeyError("a bug")
        super().settle(exchange)


class BrokenFlow(Flow):
    def __init__(self, verb: str) -> None:
        self.verb = verb

    def head(self, head: Head) -> None:
        if self.verb == "head":
            raise KeyError("a bug")
        self.next.head(head)

    def end(self, last: bytes) -> None:
        if self.verb in ("end", "end and fail"):
            raise KeyError("a bug")
        self.next.end(last)

    def fail(self, refusal: Any) -> None:
        if self.verb == "end and fail":
            raise KeyError("another bug")
        self.next.fail(refusal)


@pytest.mark.parametrize("verb", ["leave", "head", "end", "end and fail"])
def test_a_bug_on_the_way_back_still_answers_the_client_and_settles_every_stage(verb: str) -> None:
    case = Case()
    last = Told(case.story, "c", lambda exchange: Reply(Whole(case.story)))
    stages = [Concluding(), Told(case.story, "a"), Broken(case.story, "b", verb), last]
    case.pipeline = Pipeline(stages, case.log)
    case.wire.settle = case.pipeline.settle
    case.run()
    assert (case.wire.status, len(case.wire.finished_exchanges)) == (500, 1)
    assert case.story[-3:] == ["settle c failed", "settle b failed", "settle a failed"]
    assert case.outcome == ("failed", "gateway", "internal_error")
    assert set(case.log.faults) == {("stage_failed", "KeyError")}


def test_a_bug_in_settling_keeps_no_other_stage_from_settling() -> None:
    case = Case()
    answers = Told(case.story, "c", lambda exchange: Reply(Whole(case.story)))
    case.pipeline = Pipeline([Told(case.story, "a"), Broken(case.story, "b", "settle"), answers], case.log)
    case.wire.settle = case.pipeline.settle
    case.run()
    assert [step for step in case.story if "settle" in step] == ["settle c", "settle a"]
    assert case.log.faults == [("settle_failed", "KeyError")]


# Stages that wait


async def test_a_stage_that_waits_holds_the_exchange_and_then_lets_it_go_on() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    case = Case(goes_on, lambda exchange: gate, lambda exchange: Reply(Whole(case.story)))
    case.run()
    assert case.story == ["enter a", "enter b"]
    gate.set_result(None)
    await until(lambda: case.exchange.settled)
    assert case.story[2:5] == ["enter c", "leave c", "leave b"]
    assert case.outcome == ("answered", "", "")


async def test_two_stages_may_wait_one_after_the_other() -> None:
    async def waits() -> None:
        await asyncio.sleep(0)

    case = Case(lambda exchange: waits(), lambda exchange: waits(), lambda exchange: Reply(Whole(case.story)))
    case.run()
    await until(lambda: case.exchange.settled)
    assert case.wire.status == 200


async def later(what: Any) -> Any:
    await asyncio.sleep(0)
    if isinstance(what, BaseException):
        raise what
    return what


async def test_a_stage_may_answer_after_it_has_waited() -> None:
    case = Case(lambda exchange: later(Reply(Whole(case.story))), goes_on)
    case.run()
    await until(lambda: case.exchange.settled)
    assert (case.wire.body, "enter b" in case.story) == (b"{}", False)


@pytest.mark.parametrize(("error", "status", "code"), [
    (InvalidRequest("No.", code="injection"), 400, "injection"), (KeyError("a bug"), 500, "internal_error"),
    (asyncio.CancelledError(), 500, "internal_error"),
])  # fmt: skip
async def test_a_stage_may_refuse_or_break_after_it_has_waited(error: BaseException, status: int, code: str) -> None:
    """A cancellation that nobody here asked for is a bug of the stage: the client must not wait for ever."""
    case = Case(lambda exchange: later(error))
    case.run()
    await until(lambda: case.exchange.settled)
    assert (case.wire.status, case.wire.error["code"]) == (status, code)
    assert case.story[-1].startswith("settle a")


async def test_who_leaves_while_a_stage_waits_ends_the_waiting_and_settles() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    case = Case(goes_on, lambda exchange: gate, goes_on)
    case.run()
    await asyncio.sleep(0)
    case.pipeline.abandon(case.exchange)
    assert case.story == ["enter a", "enter b", "settle b abandoned", "settle a abandoned"]
    await until(gate.cancelled)
    assert case.outcome == ("abandoned", "caller", "")
    assert case.wire.sent == b""


async def test_who_leaves_before_the_waiting_began_leaves_nothing_behind() -> None:
    """The stage's coroutine has not run yet: it must be closed, not forgotten (a warning, and here an error)."""
    case = Case(lambda exchange: later(None))
    case.run()
    case.pipeline.abandon(case.exchange)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert case.story == ["enter a", "settle a abandoned"]


async def test_a_stage_that_will_not_be_cancelled_cannot_bring_an_exchange_back() -> None:
    async def stubborn() -> Reply:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return Reply(Whole(case.story))

    for end in ("abandon", "cut_short"):
        case = Case(lambda exchange: stubborn())
        case.run()
        await asyncio.sleep(0)
        if end == "abandon":
            case.pipeline.abandon(case.exchange)
        else:
            case.pipeline.cut_short(case.exchange, Overloaded("Out of time."))
        for _ in range(5):
            await asyncio.sleep(0)
        assert "begin" not in case.story
        assert case.story.count("settle a abandoned") + case.story.count("settle a refused") == 1


# Ends from outside


def streaming(source: Callable[[list[str]], Whole] = Streaming) -> tuple[Case, Any]:
    case = Case(goes_on, lambda exchange: Reply(made[0]))
    made = [source(case.story)]
    case.run()
    case.story.clear()
    return case, made[0]


def test_who_leaves_in_mid_stream_has_the_source_cancelled_and_everything_settled() -> None:
    case, _ = streaming()
    case.pipeline.abandon(case.exchange)
    assert case.story == ["cancel", "settle b abandoned", "settle a abandoned"]
    case.pipeline.abandon(case.exchange)
    case.pipeline.cut_short(case.exchange, Overloaded("Late."))
    assert len(case.story) == 3, "an exchange ends once"
    assert case.outcome == ("abandoned", "caller", "")


def test_a_stream_that_is_cut_short_ends_with_an_error_event() -> None:
    case, _ = streaming()
    case.pipeline.cut_short(case.exchange, Overloaded("Out of time."))
    assert case.story == ["cancel", "fail b overloaded", "fail a overloaded", "settle b refused", "settle a refused"]
    assert case.wire.body.startswith(b'data: 1\n\ndata: {"error":{"message":"Out of time.')
    assert case.outcome == ("refused", "gateway", "overloaded")


def test_an_exchange_that_is_cut_short_before_its_first_byte_has_a_status() -> None:
    case, _ = streaming(Silent)
    case.pipeline.cut_short(case.exchange, Overloaded("Out of time."))
    assert (case.wire.status, case.story[0]) == (503, "cancel")


async def test_an_exchange_whose_stage_waits_can_be_cut_short() -> None:
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    case = Case(lambda exchange: gate, goes_on)
    case.run()
    await asyncio.sleep(0)
    case.pipeline.cut_short(case.exchange, Overloaded("Out of time."))
    assert case.wire.status == 503
    await until(gate.cancelled)
    assert [step for step in case.story if "settle" in step] == ["settle a refused"]


def test_the_first_outcome_stays() -> None:
    case, source = streaming()
    source.flow.end(b"data: [DONE]\n\n")
    assert case.outcome == ("answered", "", "")
    case.pipeline.abandon(case.exchange)
    case.pipeline.settle(case.exchange)
    assert case.outcome == ("answered", "", "")
    assert [step for step in case.story if "settle" in step] == ["settle b answered", "settle a answered"]


def test_a_settled_exchange_holds_neither_reply_nor_wire() -> None:
    """They hold the exchange in turn: freed at once, not when the collector comes."""
    case, source = streaming()
    source.flow.end(b"data: [DONE]\n\n")
    assert case.exchange.reply is None
    sent = case.wire.sent
    case.exchange.edge.head(OK)
    case.exchange.edge.end(b"late")
    assert case.wire.sent == sent


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)
