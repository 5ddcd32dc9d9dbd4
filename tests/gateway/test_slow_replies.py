"""Replies that slow guards judge, stretch by stretch or once they have ended. Everything is real but the model and the
judges, which do what a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.guarded_reply import HELD_BYTES
from gateway.refusal import Draining, UpstreamDisconnected
from gateway.reply import Head
from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.slow_stretches import AT_ONCE, TOGETHER
from tests.gateway.test_guarded_reply import DONE, chunk, event, heard, told
from tests.gateway.test_places import STREAM, WHOLE, House, house, seats, turns, until
from tests.guardrails.pieces import cut

__all__ = ["house", "seats"]
FINE = "It is a sentence of some words, and quite harmless. "
VILE = "You are a very vile person, I have to tell you this. "


class Judge:
    """A slow judge that tells when it is told to. ``calls`` are the texts that it was asked about, each with its
    answer to be."""

    def __init__(self, name: str = "toxicity") -> None:
        self.name = name
        self.calls: list[tuple[list[str], asyncio.Future[None]]] = []
        self.cancelled = 0

    async def read_all(self, passages: Sequence[Passage]) -> list[list[Finding]]:
        answer = asyncio.get_running_loop().create_future()
        self.calls.append(([passage.text for passage in passages], answer))
        try:
            await answer
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return [[Finding(self.name, "VILE", at, at + 4, 0.9)] if (at := passage.text.rfind("vile")) >= 0 else []
                for passage in passages]

    async def tell(self, number: int) -> None:
        await until(lambda: len(self.calls) > number)
        self.calls[number][1].set_result(None)
        await turns()

    async def tell_all(self) -> None:
        """Until nothing more is asked."""
        await turns()
        while waiting := [answer for _, answer in self.calls if not answer.done()]:
            for answer in waiting:
                answer.set_result(None)
            await turns()


def rule(action: str, **more: Any) -> dict[str, Any]:
    return {"reply": {"toxicity": {"action": action, "tier": "transformer", **more}}}


@pytest.fixture
def judge(house: House) -> Judge:
    house.slow = Judge()  # type: ignore[assignment]
    return house.slow  # type: ignore[return-value]


def says(house: House, *texts: str) -> None:
    house.model.to.head(STREAM)
    for text in texts:
        house.model.to.frame(chunk({"content": text}))


def ends(house: House) -> None:
    house.model.to.frame(chunk({}, finish="stop"))
    house.model.to.end(DONE)


def whole(*texts: str) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "".join(texts)},
                                    "finish_reason": "stop"}]}).encode()


def numbered(count: int) -> list[str]:
    """Sentences of which no two are the same: what was judged is known."""
    return [f"It is sentence {number} of some, and quite harmless. " for number in range(count)]


def said(house: House) -> str:
    """The text that has reached the client, also while more comes."""
    return "".join(json.loads(part.partition(b"data: ")[2].split(b"\n")[0])["choices"][0]["delta"].get("content", "")
                   for part in house.wire.sent.split(b"\n\n") if b'data: {"id"' in part)


async def test_a_stretch_leaves_when_its_verdict_is_there_and_as_the_bytes_that_came(
        house: House, judge: Judge) -> None:
    house.ask(**rule("block"))
    says(house, "It is a sentence of some words,", " and quite harmless.", " And")
    await until(lambda: judge.calls)
    assert judge.calls[0][0] == [FINE]
    assert house.wire.sent == b""
    await judge.tell(0)
    assert said(house) == "It is a sentence of some words, and quite harmless.", "the next word's frame waits"
    ends(house)
    assert b"[DONE]" not in house.wire.sent
    await judge.tell(1)
    assert judge.calls[1][0] == [FINE + "And"], "behind what came before it"
    assert house.wire.body == b"".join([chunk({"content": text}) for text in (
        "It is a sentence of some words,", " and quite harmless.", " And")]) + chunk({}, finish="stop") + DONE
    assert list(house.record.guard_seconds) == ["reply:patterns", "reply:toxicity"]


async def test_several_are_judged_at_once_and_leave_in_order(house: House, judge: Judge) -> None:
    house.ask(**rule("block"))
    says(house, FINE)
    await until(lambda: len(judge.calls) == 1)
    house.model.to.frame(chunk({"content": FINE}))
    await until(lambda: len(judge.calls) == 2)
    await judge.tell(1)
    assert said(house) == ""
    await judge.tell(0)
    assert said(house) == FINE + FINE
    ends(house)
    await judge.tell_all()
    assert house.record.outcome == "answered"


async def test_what_is_asked_together_is_read_together_and_so_much_at_once(house: House, judge: Judge) -> None:
    house.ask(**rule("block"), stream=False)
    house.model.to.head(WHOLE)
    house.model.to.end(whole(*numbered(TOGETHER * AT_ONCE + 3)))
    await turns()
    assert [len(texts) for texts, _ in judge.calls] == [TOGETHER] * AT_ONCE
    await judge.tell(0)
    assert [len(texts) for texts, _ in judge.calls[AT_ONCE:]] == [3]
    await judge.tell_all()
    assert house.record.outcome == "answered"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_block_ends_the_answer_before_the_stretch(house: House, judge: Judge, stream: bool) -> None:
    house.ask(**rule("block"), stream=stream)
    if stream:
        says(house, FINE, VILE, FINE)
        ends(house)
    else:
        house.model.to.head(WHOLE)
        house.model.to.end(whole(FINE, VILE, FINE))
    await judge.tell_all()
    texts = heard(house.wire.body) if stream else told(json.loads(house.wire.body))
    assert texts == {(0, "content"): FINE, (0, "finish"): "content_filter"}
    assert house.model.cancelled == stream
    record = house.record
    assert (record.status, record.outcome, record.blame, record.code) == (200, "refused", "policy", "content_blocked")
    (finding,) = record.findings
    assert (finding.label, finding.start, finding.end) == ("VILE", len(FINE) + 15, len(FINE) + 19)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("on_error", ["block", "allow"])
async def test_a_judge_that_cannot_decide_means_what_the_policy_says(
        house: House, judge: Judge, on_error: str, late: bool, stream: bool) -> None:
    """Where it fails at the second stretch, what was judged before has left."""
    house.ask(**rule("block"), on_error=on_error, deadline_ms=20 if late else 5000, stream=stream)
    begun = stream and not late
    if begun:
        says(house, FINE)
        await judge.tell(0)
        house.model.to.frame(chunk({"content": FINE}))
    elif stream:
        says(house, FINE)
    else:
        house.model.to.head(WHOLE)
        house.model.to.end(whole(FINE))
    await until(lambda: len(judge.calls) == 1 + begun)
    if not late:
        judge.calls[-1][1].set_exception(OSError("gone"))
    await until(lambda: len(said(house)) > len(FINE) * begun or house.exchange.recorded)
    if on_error == "allow":
        if stream:
            ends(house)
        assert house.record.outcome == "answered"
    else:
        assert b"guard_unavailable" in house.wire.body
        assert (house.wire.status, house.wire.body.count(b"harmless")) == ((200, 1) if begun else (503, 0))
        assert b"[DONE]" not in house.wire.sent
        assert house.record.outcome == "refused"
    assert house.record.guard_failures == [f"reply:toxicity:{'timeout' if late else 'error'}:{on_error}"]


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_ends_all_that_is_done_for_it(house: House, judge: Judge, stream: bool) -> None:
    house.ask(**rule("block"), stream=stream)
    if stream:
        says(house, FINE)
    else:
        house.model.to.head(WHOLE)
        house.model.to.end(whole(FINE))
    await until(lambda: judge.calls)
    house.pipeline.abandon(house.exchange)
    await until(lambda: judge.cancelled == 1)
    assert house.model.cancelled
    assert house.wire.sent == b""
    assert house.record.outcome == "abandoned"


@pytest.mark.parametrize(("last", "outcome", "code"), [
    (FINE, "failed", "upstream_disconnected"), (VILE, "refused", "content_blocked")])
async def test_what_was_held_when_the_server_died_is_judged_and_goes_out_before_the_error(
        house: House, judge: Judge, last: str, outcome: str, code: str) -> None:
    house.ask(**rule("block"))
    says(house, FINE, last)
    house.model.to.fail(UpstreamDisconnected("The model server's stream stopped before its end."))
    assert house.wire.sent == b""
    await judge.tell_all()
    assert b"vile" not in house.wire.body
    assert (b"upstream_disconnected" in house.wire.body) == (outcome == "failed")
    assert (house.record.outcome, house.record.code) == (outcome, code)


async def test_a_drain_waits_for_no_judge(house: House, judge: Judge) -> None:
    house.ask(**rule("block"))
    says(house, FINE, FINE)
    await judge.tell(0)
    house.pipeline.cut_short(house.exchange, Draining("The gateway is shutting down."))
    assert b"shutting_down" in house.wire.body
    assert house.record.code == "shutting_down"
    await until(lambda: judge.cancelled == len(judge.calls) - 1)


async def test_the_server_waits_while_too_much_is_held(house: House, judge: Judge) -> None:
    house.ask(**rule("block"))
    house.model.to.head(STREAM)
    text, count = "x" * 1000 + " ", 0
    while not house.model.paused:
        house.model.to.frame(chunk({"content": text}))
        count += 1
    assert count * 1200 > HELD_BYTES
    assert count * 1000 < HELD_BYTES + 2000
    await judge.tell_all()
    assert not house.model.paused
    ends(house)
    await judge.tell_all()
    assert heard(house.wire.body)[0, "content"] == text * count


async def test_who_only_flags_holds_back_nothing_but_the_end(house: House, judge: Judge) -> None:
    """So that what he found stands in the record."""
    house.ask(**rule("flag", when="before"))
    says(house, VILE, "And so on")
    assert said(house) == VILE + "And so on"
    ends(house)
    assert not house.exchange.recorded
    await judge.tell_all()
    assert house.record.guards == ["reply:toxicity:flag:1"]
    assert house.wire.body.endswith(DONE)


async def test_a_shadow_policy_s_judge_changes_nothing_and_is_told(house: House, judge: Judge) -> None:
    house.ask(shadow=rule("block"), reply={"injection": "flag"})
    says(house, FINE, VILE)
    assert said(house) == FINE + VILE
    ends(house)
    await judge.tell_all()
    assert house.record.outcome == "answered"
    assert house.record.guard_differences == ["reply toxicity:VILE none->block"]


async def test_texts_that_the_responses_api_repeats_are_edited_as_they_were_streamed(
        house: House, judge: Judge) -> None:
    house.ask(**rule("redact"), operation="responses")
    house.model.to.head(STREAM)
    for text in (FINE, VILE, "The end"):
        house.model.to.frame(event({"type": "response.output_text.delta", "output_index": 0, "content_index": 0,
                                    "delta": text}, "response.output_text.delta"))
    house.model.to.frame(event({"type": "response.output_text.done", "text": FINE + VILE + "The end"},
                               "response.output_text.done"))
    house.model.to.end(event({"type": "response.completed", "response": {"output": [{"type": "message", "content": [
        {"type": "output_text", "text": FINE + VILE + "The end"}]}]}}, "response.completed"))
    assert b"done" not in house.wire.sent
    await judge.tell_all()
    assert b"vile" not in house.wire.body
    assert house.wire.body.count((FINE + "[VILE] The end").encode()) == 2
    assert len([text for texts, _ in judge.calls for text in texts]) == 3, "each stretch is judged once"
    assert house.record.guards == ["reply:toxicity:redact:1"]


@pytest.mark.parametrize("action", ["redact", "block"])
async def test_a_long_whole_reply_is_judged_beside_the_event_loop_too(
        house: House, judge: Judge, action: str) -> None:
    house.ask(**rule(action), stream=False)
    house.model.to.head(WHOLE)
    house.model.to.end(whole(FINE * 1500 + VILE + FINE))
    for _ in range(60):
        await judge.tell_all()
        await asyncio.sleep(0.01)
        if house.exchange.recorded:
            break
    text = told(json.loads(house.wire.body))[0, "content"]
    assert text == FINE * 1500 + ("[VILE] " + FINE if action == "redact" else "")


async def test_a_reply_without_end_is_not_waited_for(house: House, judge: Judge) -> None:
    """Beyond a number of stretches a judge has no room."""
    house.ask(**rule("block"), stream=False)
    house.model.to.head(WHOLE)
    house.model.to.end(whole(*numbered(2100)))
    for _ in range(200):
        await judge.tell_all()
        await asyncio.sleep(0.01)
        if house.exchange.recorded:
            break
    assert house.wire.error["code"] == "guard_unavailable"
    assert house.record.guard_failures == ["reply:toxicity:overloaded:block"]


# Afterwards


@pytest.mark.parametrize("end", ["stream", "whole", "dies", "blocked"])
async def test_what_is_judged_once_a_reply_has_ended_holds_nothing_and_is_a_signal(
        house: House, judge: Judge, end: str) -> None:
    words = {"words": {"action": "block", "deny": ["stop"]}} if end == "blocked" else {}
    house.ask(reply={**rule("flag")["reply"], **words}, stream=end != "whole")
    if end == "whole":
        house.model.to.head(WHOLE)
        house.model.to.end(whole(VILE))
    else:
        says(house, VILE[:20], VILE[20:])
        assert said(house)
        if end == "dies":
            house.model.to.fail(UpstreamDisconnected("The model server's stream stopped before its end."))
        elif end == "blocked":
            house.model.to.frame(chunk({"content": "now stop and more vile things "}))
        else:
            ends(house)
    record = house.record
    assert record.guards == ([] if end != "blocked" else ["reply:words:block:1"])
    await judge.tell_all()
    assert judge.calls[0][0] == [VILE + ("now " if end == "blocked" else "")], "what was not said is not judged"
    (signal,) = house.signals
    assert (signal.id, signal.name) == (f"{record.id}:reply:toxicity", "toxicity")
    assert signal.body["guards"] == ["reply:toxicity:flag:1"]
    assert list(signal.body["guard_seconds"]) == ["reply:toxicity"]


# However it is cut


class Quick(Judge):
    """Tells by itself, in an order that is its own."""

    def __init__(self, order: list[int]) -> None:
        super().__init__()
        self.order = order

    async def read_all(self, passages: Sequence[Passage]) -> list[list[Finding]]:
        for _ in range(self.order.pop() if self.order else 0):
            await asyncio.sleep(0)
        return [[Finding(self.name, "VILE", at, at + 4, 0.9)] if (at := passage.text.find("vile")) >= 0 else []
                for passage in passages]


TEXTS = st.lists(st.sampled_from([
    FINE, VILE, "vile ", "bad ", "é😀 ", "\n", "word " * 12, 'say "vile\\n" ', "x" * 310]), max_size=8).map("".join)
PIECES = st.tuples(TEXTS, st.lists(st.integers(0, 600), max_size=8), TEXTS)


@pytest.mark.parametrize("action", ["block", "redact", "flag"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES, order=st.lists(st.integers(0, 6), max_size=10))
def test_a_client_reads_the_same_streamed_and_whole(
        tmp_path: Path, action: str, pieces: tuple[str, list[int], str], order: list[int]) -> None:
    reasoning, cuts, content = pieces
    policy = {"reply": {**rule(action, when="before")["reply"], "words": {"action": "redact", "deny": ["bad"]}}}

    async def lives(stream: bool) -> Any:
        with ThreadPoolExecutor(1) as threads:
            house = House(tmp_path, threads, 64)
            house.slow = Quick(list(order))  # type: ignore[assignment]
            house.ask(stream=stream, **policy)
            house.model.to.head(STREAM if stream else Head(200, [(b"content-type", b"application/json")]))
            if stream:
                for channel, text in (("reasoning", reasoning), ("content", content)):
                    for piece in cut(text, cuts):
                        if not house.model.cancelled:
                            house.model.to.frame(chunk({channel: piece}))
                            await turns(1)
                if not house.model.cancelled:
                    house.model.to.frame(chunk({}, finish="stop"))
                if not house.model.cancelled:
                    house.model.to.end(DONE)
            else:
                house.model.to.end(json.dumps({"choices": [{"index": 0, "message": {
                    "reasoning": reasoning, "content": content}, "finish_reason": "stop"}]}).encode())
            await until(lambda: house.exchange.recorded)
            house.journal.close()
            assert house.faults.faults == []
            return heard(house.wire.body) if stream else told(json.loads(house.wire.body))

    assert asyncio.run(lives(True)) == asyncio.run(lives(False))
