"""Every exchange leaves one record, and it is in the journal before the client has the last byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import Exchange
from gateway.journal import Journal
from gateway.pipeline import Pipeline
from gateway.record import ExchangeRecord
from gateway.refusal import (
    CallerRefusal,
    GatewayRefusal,
    InvalidRequest,
    Refusal,
    UpstreamDisconnected,
    UpstreamRefusal,
)
from gateway.reply import Flow, Head, Reply
from gateway.stages.account import Account, record_once
from gateway.stages.stage import Step
from gateway.telemetry.buckets import TOKEN_GAP
from tests.gateway.exchanges import FaultList, HandClock, RecordingWire, exchange_of, journaled, request_of

WHOLE = Head(200, [(b"content-type", b"application/json")])
STREAM = Head(200, [(b"content-type", b"text/event-stream")])
DONE = b"data: [DONE]\n\n"


class Pushed:
    """A source whose frames the test pushes by hand."""

    cancelled = False

    def begin(self, flow: Flow) -> None:
        self.flow = flow

    def pause(self) -> None:
        """Nothing is on its way."""

    def resume(self) -> None:
        """Nothing is on its way."""

    def cancel(self) -> None:
        self.cancelled = True


class Answers(Step):
    def __init__(self, source: Pushed) -> None:
        self.source = source

    def enter(self, exchange: Exchange) -> Reply:
        return Reply(self.source)


class Refuses(Step):
    def enter(self, exchange: Exchange) -> None:
        raise InvalidRequest("No.", code="missing_model")


class Case:
    """One exchange behind Account; the wire notes what the journal held when each write was made."""

    def __init__(self, folder: Path, stage: Step | None = None, streamed: bool = True, strict: bool = False) -> None:
        self.folder, self.clock, self.source = folder, HandClock(), Pushed()
        self.journal = Journal(folder, "w0")
        self.account = Account("w0", self.journal, self.clock, strict=strict)
        self.pipeline = Pipeline([self.account, stage or Answers(self.source)], FaultList())
        self.wire = RecordingWire()
        self.wire.settle = self.pipeline.settle
        self.journaled_at_write: list[int] = []
        self.wire.on_write = lambda data: self.journaled_at_write.append(len(journaled(folder)))
        self.exchange = exchange_of(request_of({"model": "m"}), wire=self.wire, clock=self.clock)
        self.exchange.streamed = streamed
        self.pipeline.start(self.exchange)

    def next_exchange(self) -> RecordingWire:
        wire = RecordingWire()
        wire.settle = self.pipeline.settle
        self.pipeline.start(exchange_of(request_of({"model": "m"}), wire=wire, clock=self.clock))
        return wire

    @property
    def flow(self) -> Flow:
        return self.source.flow

    def stream(self, *frames: bytes, seconds: float = 0.0) -> None:
        """Pushes the head and then these frames, that many seconds apart."""
        self.flow.head(STREAM)
        for frame in frames:
            self.clock.now += seconds
            self.flow.frame(frame)

    def record(self) -> ExchangeRecord:
        """The one record of it."""
        (found,) = journaled(self.folder)
        return found


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    made = Case(tmp_path)
    yield made
    made.journal.close()


def ended(record: ExchangeRecord) -> tuple[str, str, str, int]:
    return record.outcome, record.blame, record.code, record.status


def test_a_stream_is_journaled_before_its_last_write_and_not_earlier(case: Case) -> None:
    case.stream(b"data: 1\n\n", b"data: 2\n\n")
    case.flow.end(DONE)
    assert case.journaled_at_write == [0, 0, 1]
    assert ended(case.record()) == ("answered", "", "", 200)
    assert case.record().worker == "w0"


def test_a_whole_reply_is_journaled_before_it_is_written(case: Case) -> None:
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    assert case.journaled_at_write == [1]
    assert ended(case.record()) == ("answered", "", "", 200)


def test_a_failure_in_mid_stream_is_journaled_before_its_error_event(case: Case) -> None:
    case.stream(b"data: 1\n\n")
    case.flow.fail(UpstreamDisconnected("Gone."))
    assert case.journaled_at_write == [0, 1]
    assert ended(case.record()) == ("failed", "upstream", "upstream_disconnected", 200), "200 is what the client saw"


def test_a_refusal_is_journaled_before_it_is_written(tmp_path: Path) -> None:
    case = Case(tmp_path, Refuses())
    assert case.journaled_at_write == [1]
    assert ended(case.record()) == ("refused", "caller", "missing_model", 400)
    case.journal.close()


def test_an_exchange_that_was_abandoned_is_journaled_all_the_same(case: Case) -> None:
    case.stream(b"data: 1\n\n")
    case.clock.now += 2
    case.pipeline.abandon(case.exchange)
    assert ended(case.record()) == ("abandoned", "caller", "", 200)
    assert case.record().total_seconds == 2
    assert case.source.cancelled


def test_an_exchange_is_journaled_once_whatever_comes_after_its_end(case: Case) -> None:
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    case.account.settle(case.exchange)
    case.pipeline.abandon(case.exchange)
    record_once(case.exchange, case.journal, case.clock.time())
    assert len(journaled(case.folder)) == 1


@pytest.mark.parametrize(("status", "outcome", "blame", "code"), [
    (200, "answered", "", ""), (201, "answered", "", ""), (400, "refused", "caller", "upstream_refused"),
    (404, "refused", "caller", "upstream_refused"), (422, "refused", "caller", "upstream_refused"),
    (500, "failed", "upstream", "upstream_error"), (503, "failed", "upstream", "upstream_error"),
])  # fmt: skip
def test_upstreams_own_status_tells_who_failed(case: Case, status: int, outcome: str, blame: str, code: str) -> None:
    case.flow.head(Head(status, []))
    case.flow.end(b"{}")
    assert ended(case.record()) == (outcome, blame, code, status)


def classes(of: type[Refusal]) -> Iterator[type[Refusal]]:
    for each in of.__subclasses__():
        yield each
        yield from classes(each)


@pytest.mark.parametrize("family", [CallerRefusal, GatewayRefusal, UpstreamRefusal])
def test_a_refusal_tells_who_failed(family: type[Refusal]) -> None:
    blames = {CallerRefusal: "caller", GatewayRefusal: "gateway", UpstreamRefusal: "upstream"}
    for each in classes(family):
        assert (each.blame, each.outcome in ("refused", "failed")) == (blames[family], True), each.__name__


# Times and sizes


def test_what_was_read_and_written_is_counted_as_the_client_sees_it(case: Case) -> None:
    case.stream(b"data: 1\n\n", b"data: 2\n\n")
    case.flow.end(DONE)
    record = case.record()
    assert (record.bytes_in, record.bytes_out) == (len(b'{"model": "m"}'), 9 + 9 + len(DONE))
    assert record.bytes_out == len(case.wire.body)


def test_an_exchange_has_three_times_its_own_the_first_tokens_and_the_whole(case: Case) -> None:
    """Our own time: until the request was written upstream, and from upstream's last byte to the end."""
    began = case.clock.now
    case.exchange.sent_upstream_at = began + 0.25
    case.clock.now = began + 2
    case.stream(b"data: 1\n\n")
    case.exchange.upstream_done_at = began + 4
    case.clock.now = began + 4.5
    case.flow.end(DONE)
    record = case.record()
    assert (record.first_token_seconds, record.total_seconds) == (2, 4.5)
    assert record.overhead_seconds == 0.25 + 0.5
    assert record.started_at == case.clock.wall() - 4.5


def test_an_exchange_that_never_went_upstream_is_all_ours(tmp_path: Path) -> None:
    case = Case(tmp_path, Refuses())
    assert (case.record().overhead_seconds, case.record().total_seconds) == (0, 0)
    case.journal.close()


def test_a_whole_reply_has_no_first_token(tmp_path: Path) -> None:
    case = Case(tmp_path, streamed=False)
    case.clock.now += 3
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    assert (case.record().first_token_seconds, case.record().total_seconds) == (0, 3)
    case.journal.close()


@given(st.lists(st.sampled_from([*TOKEN_GAP, 0.0, 0.03, 0.6, 81.0, 500.0]), max_size=20))
def test_each_gap_between_frames_falls_into_the_bucket_that_prometheus_would_choose(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float]
) -> None:
    """A bucket holds what is at most its bound; the last one has none."""
    case = Case(tmp_path_factory.mktemp("gaps"))
    case.clock.now = 1.0
    case.stream(b"data: first\n\n")
    seen = []
    for gap in gaps:
        before = case.clock.now
        case.clock.now += gap
        seen.append(case.clock.now - before)
        case.flow.frame(b"data: x\n\n")
    case.flow.end(DONE)
    case.journal.close()
    record = case.record()
    counts = record.token_gap_counts + [0] * (len(TOKEN_GAP) + 1 - len(record.token_gap_counts))
    for index, bound in enumerate(TOKEN_GAP):
        assert sum(counts[: index + 1]) == sum(gap <= bound for gap in seen)
    assert sum(counts) == len(gaps)
    assert record.token_gap_seconds == pytest.approx(sum(seen))
    assert not record.token_gap_counts or record.token_gap_counts[-1], "trailing zeros are cut"


def test_two_exchanges_do_not_share_their_counts(tmp_path: Path) -> None:
    """The record's lists have defaults; a default that were shared would mix all exchanges of a worker."""
    first, second = Case(tmp_path / "a"), Case(tmp_path / "b")
    first.stream(b"1", b"2", b"3", seconds=0.5)
    second.stream(b"1")
    assert [sum(case.exchange.record.token_gap_counts) for case in (first, second)] == [2, 0]
    for case in (first, second):
        case.journal.close()


def test_a_journal_that_will_not_take_it_costs_the_client_nothing(case: Case) -> None:
    case.journal.close()
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    assert (case.wire.status, case.wire.body, case.journal.lost) == (200, b"{}", 1)


def test_where_records_must_be_kept_no_reply_is_complete_without_one(tmp_path: Path) -> None:
    case = Case(tmp_path, strict=True)
    case.journal.close()
    case.flow.head(WHOLE)
    case.flow.end(b"{}")
    assert (case.wire.status, case.wire.error["code"]) == (503, "journal_unavailable")


def test_where_records_must_be_kept_nothing_is_begun_while_they_cannot_be(tmp_path: Path) -> None:
    """The refusals are the first records that will be taken again."""
    full = Case(tmp_path / "full", strict=True)
    full.journal.full = True
    refused = full.next_exchange()
    assert (refused.status, refused.error["code"]) == (503, "journal_unavailable")
    assert [one.code for one in journaled(full.folder)] == ["journal_unavailable"]
    assert full.next_exchange().sent == b"", "it has begun"
    full.journal.close()


def test_what_passes_is_not_changed(case: Case) -> None:
    frames: list[Any] = [b"data: 1\n\n", b"data: 2\n\n"]
    case.stream(*frames)
    case.flow.end(DONE)
    assert case.wire.body == b"".join(frames) + DONE
