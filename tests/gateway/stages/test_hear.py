"""Feedback is in the journal before it is answered, of the caller's own tenant only, and without anybody's data."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway import journal
from gateway.config.settings import Key, Limits
from gateway.config.written import KeyHash
from gateway.feedback import FEEDBACK
from gateway.free_text import FreeText
from gateway.ids import ExchangeIds, IdMarks
from gateway.journal import Journal
from gateway.pipeline import Pipeline
from gateway.record import SAME_DIGITS, Signal
from gateway.stages.admit import Admit
from gateway.stages.standard import feedback_stages
from tests.gateway.exchanges import ID, KEYS, FaultList, HandClock, RecordingWire, exchange_of, request_of

TENANTS = {sha256(name.encode()).hexdigest(): Key(name, KeyHash(sha256(name.encode()).hexdigest()), name)
           for name in ("shop", "bank")}
FREE_TEXT = FreeText(ThreadPoolExecutor(1))
MINE = IdMarks(KEYS.mark).marked(ID, "shop")


class Hearing:
    """A worker's feedback pipeline on a journal of its own."""

    def __init__(self, folder: Path, admit: int = 10) -> None:
        self.folder = folder
        self.journal = Journal(folder, "w0")
        self._new_id = ExchangeIds(lambda: 1.0)
        self._clock = HandClock()
        self._pipeline = Pipeline(feedback_stages(
            worker="w0", journal=self.journal, keys=TENANTS, host_keys=KEYS, admit=Admit(admit), limits=Limits(),
            clock=self._clock, free_text=FREE_TEXT), FaultList())

    def say(self, value: Any = True, *, tenant: str = "shop", key: str = "", **fields: Any) -> RecordingWire:
        wire = RecordingWire()
        wire.settle = self._pipeline.settle
        body = {"exchange_id": MINE, "metric": "helpful", "value": value, **fields}
        headers = {"authorization": f"Bearer {tenant}", **({"idempotency-key": key} if key else {})}
        exchange = exchange_of(request_of(body, FEEDBACK, headers=headers), wire=wire, exchange_id=self._new_id())
        self._pipeline.start(exchange)
        return wire

    @property
    def signals(self) -> list[Signal]:
        found = [journal.decode_entry(payload) for segment in journal.segments(self.folder)
                 for payload, _ in journal.read_frames(segment)]
        assert all(isinstance(one, Signal) for one in found), "feedback is no exchange"
        return found  # type: ignore[return-value]


@pytest.fixture
def hearing(tmp_path: Path) -> Hearing:
    return Hearing(tmp_path)


def test_feedback_becomes_a_signal_about_the_exchange(hearing: Hearing) -> None:
    wire = hearing.say(4, comment="nearly")
    (signal,) = hearing.signals
    assert (signal.exchange_id, signal.kind, signal.name, signal.tenant, signal.worker, signal.value, signal.body) == (
        MINE, "feedback", "helpful", "shop", "w0", 4.0, {"value": 4, "comment": "nearly"})
    assert wire.status == 200
    assert json.loads(wire.body) == {
        "object": "feedback", "id": signal.id, "exchange_id": MINE, "metric": "helpful", "value": 4,
        "comment": "nearly", "created_at": int(signal.at)}


@pytest.mark.parametrize(("value", "number"), [(True, 1.0), (False, 0.0), (0.5, 0.5), ("too long", None)])
def test_true_and_false_count_as_one_and_zero_and_texts_as_nothing(
        hearing: Hearing, value: Any, number: float | None) -> None:
    hearing.say(value)
    assert [(one.value, one.body) for one in hearing.signals] == [(number, {"value": value})]


def test_it_is_in_the_journal_before_the_answer_leaves(hearing: Hearing) -> None:
    """Who was answered may rely on it, whatever is killed then."""
    wire = RecordingWire()
    seen: list[int] = []
    wire.on_write = lambda data: seen.append(len(hearing.signals))
    body = {"exchange_id": MINE, "metric": "helpful", "value": True}
    hearing._pipeline.start(exchange_of(request_of(body, FEEDBACK, headers={"x-api-key": "shop"}), wire=wire))
    assert seen == [1]


@pytest.mark.parametrize("exchange_id", [ID, "never was", IdMarks(KEYS.mark).marked(ID, "bank"), MINE[:-1] + "0"])
def test_another_tenants_exchange_is_as_unknown_as_one_that_never_was(hearing: Hearing, exchange_id: str) -> None:
    wire = hearing.say(exchange_id=exchange_id)
    assert (wire.status, wire.error["code"], wire.error["param"]) == (404, "exchange_not_found", "exchange_id")
    assert wire.error["message"] == f"There is no exchange '{exchange_id}'."
    assert hearing.signals == []
    assert hearing.say(tenant="bank").error["code"] == "exchange_not_found"


def test_a_key_is_asked_for_as_everywhere(hearing: Hearing) -> None:
    assert (hearing.say(tenant="wrong").status, hearing.signals) == (401, [])


def test_a_full_worker_takes_none(tmp_path: Path) -> None:
    assert Hearing(tmp_path, admit=0).say().error["code"] == "overloaded"


def test_what_is_wrong_with_it_is_told_and_nothing_kept(hearing: Hearing) -> None:
    assert (hearing.say(None).error["code"], hearing.say(user="ada").error["code"]) == (
        "missing_field", "unknown_field")
    assert hearing.signals == []


def test_what_was_written_by_hand_is_cleared_before_it_goes_anywhere(hearing: Hearing) -> None:
    wire = hearing.say("ask jo@example.org", comment="my mail is eve@example.org")
    assert [one.body for one in hearing.signals] == [
        {"value": "ask [EMAIL]", "comment": "my mail is [EMAIL]"}]
    assert json.loads(wire.body)["comment"] == "my mail is [EMAIL]", "the caller sees what is kept"
    assert not any(b"example.org" in segment.read_bytes() for segment in journal.segments(hearing.folder))


def test_each_saying_is_a_signal_of_its_own_unless_the_caller_calls_it_the_same(hearing: Hearing) -> None:
    for key in ("", "", "a", "a", "b"):
        hearing.say(key=key)
    hearing.say(False, key="a")
    hearing.say(key="a", metric="kind")
    ids = [one.id for one in hearing.signals]
    assert len(set(ids)) == 7, "each is a record of its own"
    same = [one[:SAME_DIGITS] for one in ids]
    assert same[2] == same[3]
    assert len(set(same)) == 6


def test_tenants_share_no_key(hearing: Hearing) -> None:
    hearing.say(key="a")
    hearing.say(key="a", tenant="bank", exchange_id=IdMarks(KEYS.mark).marked(ID, "bank"))
    assert len({one.id[:SAME_DIGITS] for one in hearing.signals}) == 2


def test_what_no_disk_took_is_not_said_to_be_kept(hearing: Hearing) -> None:
    hearing.journal.close()  # what is appended now is lost
    wire = hearing.say()
    assert (wire.status, wire.error["code"], wire.headers["retry-after"]) == (503, "feedback_not_kept", "1")
