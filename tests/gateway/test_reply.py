"""Frames pass the flows from the innermost out, in the order in which stages were left."""

from __future__ import annotations

from gateway.refusal import Overloaded, Refusal
from gateway.reply import SPENT, Flow, Head, RefusedSource, Reply
from tests.gateway.exchanges import RecordingFlow


class Named(Flow):
    def __init__(self, name: bytes) -> None:
        self.name = name

    def frame(self, frame: bytes) -> None:
        self.next.frame(frame + self.name)

    def end(self, last: bytes) -> None:
        self.next.end(last + self.name)


class Source(RefusedSource):
    def __init__(self) -> None:
        self.flow: Flow = SPENT

    def begin(self, flow: Flow) -> None:
        self.flow = flow


def test_a_flow_that_changes_nothing_hands_everything_on() -> None:
    edge, flow = RecordingFlow(), Flow()
    flow.next = edge
    flow.head(Head(200, []))
    flow.frame(b"1")
    flow.end(b"2")
    flow.fail(Overloaded("Full."))
    assert edge.events == [("head", 200), ("frame", b"1"), ("end", b"2"), ("fail", "overloaded")]


def test_the_flow_that_was_added_first_is_the_innermost() -> None:
    edge, source = RecordingFlow(), Source()
    Reply(source).through(Named(b"a")).through(Named(b"b")).begin(edge)
    source.flow.frame(b"1")
    source.flow.end(b"2")
    assert edge.events == [("frame", b"1ab"), ("end", b"2ab")]


def test_a_reply_without_flows_goes_straight_to_the_edge() -> None:
    edge, source = RecordingFlow(), Source()
    Reply(source).begin(edge)
    assert source.flow is edge


def test_a_reply_that_is_failed_from_outside_passes_all_its_flows() -> None:
    seen: list[str] = []

    class Seeing(Flow):
        def fail(self, refusal: Refusal) -> None:
            seen.append(refusal.code)
            self.next.fail(refusal)

    edge, source = RecordingFlow(), Source()
    reply = Reply(source).through(Seeing())
    reply.fail(Overloaded("Too early: it has not begun."))
    reply.begin(edge)
    reply.fail(Overloaded("Full."))
    assert (seen, edge.events) == (["overloaded"], [("fail", "overloaded")])


def test_a_refusals_source_fails_at_once_and_holds_nothing_back() -> None:
    edge = RecordingFlow()
    source = RefusedSource(Overloaded("Full."))
    source.begin(edge)
    for verb in (source.pause, source.resume, source.cancel):
        verb()
    assert edge.events == [("fail", "overloaded")]


def test_what_is_spent_takes_everything_and_does_nothing() -> None:
    SPENT.head(Head(200, []))
    SPENT.frame(b"1")
    SPENT.end(b"2")
    SPENT.fail(Overloaded("Full."))
