"""What is kept is what left, cut where it is long, sealed before its record is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.config.routing_document import ContentDocument
from gateway.config.written import Duration
from gateway.content.item import MOST_BYTES, Body, Item, commitment_to
from gateway.content.segments import ContentSegments, sealed_segments
from gateway.exchange import Exchange
from gateway.pipeline import Pipeline
from gateway.refusal import ContentBlocked, InvalidRequest, UpstreamDisconnected
from gateway.reply import Flow, Head, Reply
from gateway.snapshot import Route
from gateway.stages.keep import Keep
from gateway.stages.stage import Step
from guardrails.redaction import Pseudonyms
from operations.content.opening import Opener, SealedSegment
from operations.secrets.master import MasterKey
from routing.assignment import Assigner
from routing.split import Split
from tests.gateway.exchanges import FaultList, HandClock, RecordingFlow, exchange_of, request_of
from tests.gateway.stages.test_account import Pushed

MASTER = MasterKey(b"k" * 32, is_given=True)
STREAM = Head(200, [(b"content-type", b"text/event-stream")])
DOCUMENT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


class Answers(Step):
    """Has the route that Read finds, and answers."""

    def __init__(self, source: Pushed, content: ContentDocument | None, pseudonyms: Pseudonyms | None) -> None:
        self.source, self.content, self.pseudonyms = source, content, pseudonyms

    def enter(self, exchange: Exchange) -> Reply:
        exchange.route = Route("m", {}, Assigner(Split({"v1": 1}), "m"), "user", None, content=self.content)  # type: ignore
        exchange.pseudonyms = self.pseudonyms
        return Reply(self.source)


class Refuses(Step):
    def enter(self, exchange: Exchange) -> None:
        raise InvalidRequest("No.", code="missing_model")


class Case:
    """One exchange behind Keep, whose frames the test pushes."""

    def __init__(self, folder: Path, content: ContentDocument | None = ContentDocument(Duration(60)),  # noqa: B008
                 document: dict[str, Any] = DOCUMENT, stage: Step | None = None,
                 pseudonyms: Pseudonyms | None = None) -> None:
        self.folder, self.source = folder, Pushed()
        self.segments = ContentSegments(folder, "w0", MASTER.host_keys().sealing, HandClock().time, free_bytes=0)
        self.pipeline = Pipeline([Keep(self.segments), stage or Answers(self.source, content, pseudonyms)], FaultList())
        self.edge = RecordingFlow()
        self.exchange = exchange_of(request_of(document), edge=self.edge)
        self.exchange.document = document
        self.exchange.record.tenant, self.exchange.record.subject = "shop", "s" * 32
        self.pipeline.start(self.exchange)

    @property
    def flow(self) -> Flow:
        return self.source.flow

    def stream(self, *frames: bytes) -> None:
        self.flow.head(STREAM)
        for frame in frames:
            self.flow.frame(frame)

    def items(self) -> list[Item]:
        return [one for path in sealed_segments(self.folder)
                for one in SealedSegment(path, Opener(MASTER)).read(1 << 30)]

    def body(self) -> Body:
        (item,) = self.items()
        return msgspec.msgpack.decode(item.body, type=Body)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    yield made
    made.segments.close()


def test_a_stream_is_kept_as_it_left_and_before_its_end(case: Case) -> None:
    case.stream(b"data: 1\n\n", b"data: 2\n\n")
    assert case.items() == []
    case.edge.end = lambda last: case.edge.events.append(len(case.items()))  # type: ignore[method-assign]
    case.flow.end(b"data: [DONE]\n\n")
    assert case.edge.events[-1] == 1
    body = case.body()
    assert body.reply == b"data: 1\n\ndata: 2\n\ndata: [DONE]\n\n"
    assert msgspec.json.decode(body.prompt) == DOCUMENT
    assert (body.media, body.prompt_cut, body.reply_cut, body.withheld) == ("text/event-stream", False, False, "")


def test_the_record_vouches_for_what_was_kept(case: Case) -> None:
    case.flow.head(Head(200, []))
    case.flow.end(b"{}")
    (item,) = case.items()
    record = case.exchange.record
    assert record.content == commitment_to(item.body)
    assert (item.id, item.exchange, item.tenant, item.subject) == (record.id, record.id, "shop", "s" * 32)
    assert item.until == record.started_at + 60


def test_two_that_say_the_same_have_nothing_in_common(tmp_path: Path) -> None:
    """A digest of what was said would tell who said it again."""
    contents = set()
    for name in ("a", "b"):
        case = Case(tmp_path / name)
        case.flow.head(Head(200, []))
        case.flow.end(b"{}")
        contents.add(case.exchange.record.content)
        case.segments.close()
    assert len(contents) == 2


@pytest.mark.parametrize("content", [None, ContentDocument(Duration(60))], ids=["no rule", "store: false"])
def test_nothing_is_kept_unasked(tmp_path: Path, content: ContentDocument | None) -> None:
    case = Case(tmp_path, content, {**DOCUMENT, "store": False})
    case.flow.head(Head(200, []))
    case.flow.end(b"{}")
    assert (case.items(), case.exchange.record.content) == ([], "")


def test_nothing_is_kept_of_what_was_refused(tmp_path: Path) -> None:
    case = Case(tmp_path, stage=Refuses())
    assert case.edge.events == [("fail", "missing_model")]
    case.pipeline.settle(case.exchange)
    assert case.items() == []


@pytest.mark.parametrize("begun", [False, True])
def test_nothing_is_kept_of_what_a_guard_declined(case: Case, begun: bool) -> None:
    if begun:
        case.stream(b"data: 1\n\n")
    case.flow.fail(ContentBlocked("No."))
    case.pipeline.settle(case.exchange)
    assert (case.items(), case.exchange.record.content) == ([], "")


def test_nothing_is_kept_of_an_error_of_the_server(case: Case) -> None:
    case.flow.head(Head(400, []))
    case.flow.end(b'{"error": {"message": "your prompt"}}')
    assert case.items() == []


def test_nothing_is_kept_of_what_ended_before_anything_left(case: Case) -> None:
    case.flow.head(STREAM)
    case.flow.fail(UpstreamDisconnected("Gone."))
    assert case.items() == []


def test_of_what_broke_off_the_part_that_left_is_kept(case: Case) -> None:
    case.stream(b"data: 1\n\n")
    case.flow.fail(UpstreamDisconnected("Gone."))
    assert case.body().reply == b"data: 1\n\n"


def test_of_what_was_abandoned_the_part_that_left_is_kept_once(case: Case) -> None:
    case.stream(b"data: 1\n\n")
    case.pipeline.abandon(case.exchange)
    case.pipeline.settle(case.exchange)
    assert case.body().reply == b"data: 1\n\n"
    assert case.exchange.record.content
    assert case.exchange.keeping is None


def test_either_side_is_cut_where_it_is_long_and_passes_whole(tmp_path: Path) -> None:
    case = Case(tmp_path, document={**DOCUMENT, "long": "x" * MOST_BYTES})
    frames = [b"y" * (MOST_BYTES // 2)] * 3
    case.stream(*frames)
    case.flow.end(b"z")
    body = case.body()
    assert (len(body.prompt), body.prompt_cut) == (MOST_BYTES, True)
    assert (body.reply, body.reply_cut) == (b"y" * MOST_BYTES, True)
    assert sum(len(event[1]) for event in case.edge.events[1:]) == 3 * (MOST_BYTES // 2) + 1
    case.segments.close()


@pytest.mark.parametrize(("keep", "has"), [(["prompt"], (True, False)), (["reply"], (False, True))])
def test_one_side_may_be_enough(tmp_path: Path, keep: list[Any], has: tuple[bool, bool]) -> None:
    case = Case(tmp_path, ContentDocument(Duration(60), keep))
    case.flow.head(Head(200, []))
    case.flow.end(b"{}")
    body = case.body()
    assert (bool(body.prompt), bool(body.reply)) == has
    assert body.withheld == ""
    case.segments.close()


def test_a_reply_that_got_personal_data_back_is_not_kept(tmp_path: Path) -> None:
    pseudonyms = Pseudonyms()
    pseudonyms.stand_in("EMAIL", "jo@example.org")
    case = Case(tmp_path, pseudonyms=pseudonyms)
    case.stream(b"data: jo@example.org\n\n")
    case.flow.end(b"data: [DONE]\n\n")
    body = case.body()
    assert (body.reply, bool(body.prompt)) == (b"", True)
    assert "pseudonyms" in body.withheld
    case.segments.close()


def test_a_disk_that_takes_nothing_costs_the_content_and_not_the_reply(case: Case) -> None:
    case.segments._free_bytes = 1 << 60
    case.flow.head(Head(200, []))
    case.flow.end(b"{}")
    assert case.exchange.record.content == ""
    assert case.edge.events[-1] == ("end", b"{}")
