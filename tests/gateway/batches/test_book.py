"""The result of a line is written before its record, and both or neither in one turn."""

from __future__ import annotations

from gateway.batches.book import LineBook
from gateway.batches.line_call import LineCall
from gateway.exchange import Exchange
from gateway.pipeline import Pipeline
from gateway.record import ExchangeRecord
from gateway.refusal import ContentBlocked, InternalError, Overloaded, Refusal
from gateway.reply import Head, Reply
from gateway.stages.account import Account
from gateway.stages.gather import Gather
from gateway.stages.stage import Step
from tests.gateway.exchanges import FaultList, HandClock, exchange_of, request_of


class Diary:
    """Journal and results in one list: the order in which they were written."""

    full = False

    def __init__(self) -> None:
        self.written: list[tuple[str, str, str]] = []
        self.disk_is_full = False

    def append(self, entry: object) -> bool:
        assert isinstance(entry, ExchangeRecord)
        self.written.append(("record", entry.outcome, entry.code))
        return True

    def append_again(self, entry: object) -> bool:
        return self.append(entry)

    def keep(self, call: LineCall, record: ExchangeRecord) -> None:
        if self.disk_is_full:
            raise OSError("full")
        self.written.append(("result", str(call.status), b"".join(call.parts).decode()[:20]))


class Answers(Step):
    """A model."""

    def __init__(self, *frames: bytes, status: int = 200, refusal: Refusal | None = None) -> None:
        self._frames, self._status, self._refusal = frames, status, refusal

    def enter(self, exchange: Exchange) -> Reply:
        return Reply(self)  # type: ignore[arg-type]

    def begin(self, flow: object) -> None:
        if self._refusal is not None:
            flow.fail(self._refusal)  # type: ignore[attr-defined]
            return
        flow.head(Head(self._status, []))  # type: ignore[attr-defined]
        flow.end(b"".join(self._frames))  # type: ignore[attr-defined]


class Owner:
    def __init__(self) -> None:
        self.ended_with: list[LineCall] = []

    def at_work(self, call: LineCall) -> None: ...
    def yielded(self, call: LineCall) -> None: ...
    def ended(self, call: LineCall) -> None:
        self.ended_with.append(call)


def asked(diary: Diary, model: Step, tries: int = 1) -> LineCall:
    book, owner, clock = LineBook(diary), Owner(), HandClock()
    pipeline = Pipeline((Account("w0", book, clock), Gather(), model), FaultList())
    call = LineCall(0, "q0", tries, 0, 0.0, owner)
    call.exchange = exchange_of(request_of({}), edge=call, clock=clock)
    book.open(call, diary.keep)
    pipeline.start(call.exchange)
    book.close(call)
    assert owner.ended_with == [call]
    return call


def test_an_answer_is_kept_and_then_told() -> None:
    diary = Diary()
    call = asked(diary, Answers(b'{"n":1}'))
    assert diary.written == [("result", "200", '{"n":1}'), ("record", "answered", "")]
    assert call.result(call.exchange.record).body == b'{"n":1}'


def test_what_the_line_is_at_fault_for_is_kept_too() -> None:
    diary = Diary()
    asked(diary, Answers(refusal=ContentBlocked("No.")))
    assert [entry[:2] for entry in diary.written] == [("result", "400"), ("record", "refused")]


def test_what_will_be_asked_again_has_a_record_and_no_result() -> None:
    for model in (Answers(refusal=Overloaded("Full.")), Answers(refusal=InternalError("A bug.")),
                  Answers(b"{}", status=503)):
        diary = Diary()
        call = asked(diary, model)
        assert [entry[0] for entry in diary.written] == ["record"]
        assert call.ruling is not None
        assert not call.ruling.final


def test_after_the_last_try_the_failure_is_the_result() -> None:
    diary = Diary()
    asked(diary, Answers(b'{"error":1}', status=500), tries=4)
    assert diary.written == [("result", "500", '{"error":1}'), ("record", "failed", "upstream_error")]


def test_an_answer_that_the_disk_does_not_take_is_no_answer() -> None:
    diary = Diary()
    diary.disk_is_full = True
    call = asked(diary, Answers(b'{"n":1}'))
    assert diary.written == [("record", "failed", "result_not_stored")]
    assert call.unstored


def test_a_stage_that_breaks_ends_the_line_all_the_same() -> None:
    class Broken(Step):
        def enter(self, exchange: Exchange) -> Reply:
            raise ValueError

    diary = Diary()
    call = asked(diary, Broken())
    assert (call.status, call.code) == (500, "internal_error")
    assert [entry[0] for entry in diary.written] == ["record"]
