"""What a model answers passes its guards: streamed and whole give a client the same text, and nothing that was
found."""

from __future__ import annotations

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config.routing_document import Sticky, Timeouts
from gateway.exchange import Exchange
from gateway.guarded_reply import GuardedReply
from gateway.refusal import UpstreamDisconnected
from gateway.reply import Head, Reply
from gateway.snapshot import Route
from guardrails.guard import guard_of
from guardrails.inspection import Guards, Inspector
from guardrails.patterns.pattern import Pattern
from guardrails.policy import Rule
from guardrails.redaction import Pseudonyms
from guardrails.verdict import Verdict
from models.protocol.events import EventSplitter, payload_of
from models.protocol.streams import MalformedEvent
from tests.gateway.exchanges import RecordingFlow, exchange_of, request_of

STREAM = Head(200, [(b"content-type", b"text/event-stream; charset=utf-8")])
WHOLE = Head(200, [(b"content-type", b"application/json")])


class Mail:
    name = "mail"
    patterns = (Pattern("EMAIL", r"\b[a-z]{1,8}@[a-z]{1,8}\.com\b"), Pattern("KEY", r"k-[a-z]{2}", tail="[a-z]"))


class Bad:
    name = "bad"
    patterns = (Pattern("BAD", r"\bbad{1,3}\b"), Pattern("QUOTE", '"é"'))


class Broken:
    name = "broken"
    patterns = (Pattern("ANY", "[a-z]", check=lambda candidate: 1 / 0),)


class Client(RecordingFlow):
    """The end of the way: what a client gets."""

    @property
    def frames(self) -> list[bytes]:
        return [event[1] for event in self.events if event[0] == "frame"]

    @property
    def body(self) -> bytes:
        return b"".join(event[1] for event in self.events if event[0] in ("frame", "end"))

    @property
    def failures(self) -> list[str]:
        return [event[1] for event in self.events if event[0] == "fail"]


class Source:
    """Where frames come from: notes that it was let go."""

    def __init__(self) -> None:
        self.cancelled = False

    def begin(self, flow: Any) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...

    def cancel(self) -> None:
        self.cancelled = True


def inspector(**actions: str) -> Inspector:
    detectors = {"mail": Mail(), "bad": Bad(), "broken": Broken()}
    return Inspector("reply", [
        (guard_of(name, Rule(action=action)), detectors[name]) for name, action in actions.items()],  # type: ignore[arg-type]
        None, restored=["PERSON"])


class Case:
    """A guarded reply between a source and a client."""

    def __init__(self, guards: Inspector, operation: str = "chat.completions", *, on_error: str = "block",
                 shadow: Inspector | None = None, pseudonyms: Pseudonyms | None = None, **body: Any) -> None:
        self.exchange: Exchange = exchange_of(request_of({"model": "m", "stream": True, **body}, operation))
        self.exchange.document = {"stream": True, **body}
        self.exchange.pseudonyms = pseudonyms
        self.exchange.route = Route("m", {}, None, Sticky("user"), Timeouts(), guards=Guards(  # type: ignore[arg-type]
            "p", Inspector("prompt", [], None), guards, on_error == "block", 1.0))
        self.source = Source()
        self.exchange.reply = Reply(self.source)
        self.verdict, self.shadow_verdict = Verdict(), Verdict()
        self.flow = GuardedReply(self.exchange, guards, self.verdict,
                                 (shadow, self.shadow_verdict) if shadow is not None else None)
        self.client = Client()
        self.flow.next = self.client

    def stream(self, frames: list[bytes]) -> bytes:
        self.flow.head(STREAM)
        for frame in frames[:-1]:
            if not self.source.cancelled:
                self.flow.frame(frame)
        if not self.source.cancelled:
            self.flow.end(frames[-1])
        return self.client.body

    def whole(self, document: Any) -> Any:
        self.exchange.record.status = 200
        self.flow.head(WHOLE)
        self.flow.end(json.dumps(document).encode())
        return json.loads(self.client.body)


def event(document: Any, name: str = "", ascii_only: bool = False) -> bytes:
    data = json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":")).encode()
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + data + b"\n\n"


def chunk(delta: Any, index: int = 0, finish: str | None = None, ascii_only: bool = False, **more: Any) -> bytes:
    return event({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [
        {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish, "token_ids": None, **more}]},
        ascii_only=ascii_only)


DONE = b"data: [DONE]\n\n"


def chat(pieces: list[tuple[int, str, str]], ascii_only: bool, answers: int) -> list[bytes]:
    """vLLM's stream of these pieces: answer, channel, text."""
    frames = [chunk({"role": "assistant", "content": ""}, index) for index in range(answers)]
    for index, channel, text in pieces:
        if channel == "arguments":
            delta: Any = {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}
        else:
            delta = {channel: text}
        frames.append(chunk(delta, index, ascii_only=ascii_only))
    frames += [chunk({"content": ""}, index, "stop") for index in range(answers)]
    return [*frames[:-1], frames[-1] + DONE]


def heard(body: bytes) -> dict[tuple[int, str], str]:
    """The texts that a client puts together, and how each answer ended."""
    texts: dict[tuple[int, str], str] = {}
    for part in body.split(b"\n\n"):
        payload = payload_of(part + b"\n\n") if part else None
        if payload is None or payload == b"[DONE]":
            continue
        for choice in json.loads(payload)["choices"]:
            number, delta = choice["index"], choice.get("delta", {})
            for channel in ("content", "reasoning"):
                texts[number, channel] = texts.get((number, channel), "") + (delta.get(channel) or "")
            for call in delta.get("tool_calls", []):
                texts[number, "arguments"] = texts.get((number, "arguments"), "") + call["function"]["arguments"]
            if choice["finish_reason"]:
                assert (number, "finish") not in texts
                texts[number, "finish"] = choice["finish_reason"]
    return {key: text for key, text in texts.items() if text}


def told(document: Any) -> dict[tuple[int, str], str]:
    """The same of a whole reply."""
    texts = {}
    for choice in document["choices"]:
        message = choice["message"]
        for channel in ("reasoning", "content"):
            texts[choice["index"], channel] = message.get(channel) or ""
        for call in message.get("tool_calls", []):
            texts[choice["index"], "arguments"] = call["function"]["arguments"]
        texts[choice["index"], "finish"] = choice["finish_reason"]
    return {key: text for key, text in texts.items() if text}


WORDS = ["a@b.com", "ann@", "bob.com", "k-ab", "cd", " ", "bad", "x", "é", '"é"', '"', "\\", "\n", "😀", "<PERSON_1>",
         "PERSON_", "1 ", "a longer piece of text, of more than sixty-four characters, with a@b.com and bad in it"]
PIECES = st.lists(st.tuples(st.integers(0, 1), st.sampled_from(["reasoning", "content", "arguments"]),
                            st.lists(st.sampled_from(WORDS), max_size=3).map("".join)), max_size=14)
ORDER = {"reasoning": 0, "content": 1, "arguments": 2}


@pytest.mark.parametrize("actions", [
    {"mail": "redact"}, {"mail": "redact", "bad": "block"}, {"mail": "flag", "bad": "redact"}, {"mail": "block"}, {},
], ids=str)
@settings(max_examples=150, deadline=None)
@given(pieces=PIECES, ascii_only=st.booleans(), restoring=st.booleans(), answers=st.integers(1, 2))
def test_a_stream_gives_the_texts_of_the_whole(
        actions: dict[str, str], pieces: list[tuple[int, str, str]], ascii_only: bool, restoring: bool,
        answers: int) -> None:
    pieces = sorted([piece for piece in pieces if piece[0] < answers], key=lambda piece: ORDER[piece[1]])
    joined: dict[tuple[int, str], str] = {}
    for index, channel, text in pieces:
        joined[index, channel] = joined.get((index, channel), "") + text
    pseudonyms = Pseudonyms()
    if restoring:
        pseudonyms.stand_in("PERSON", 'Ann "Bo"')
    document = {"id": "c", "choices": [{"index": index, "finish_reason": "stop", "message": {
        "role": "assistant", "reasoning": joined.get((index, "reasoning")), "content": joined.get((index, "content")),
        **({"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": joined[index, "arguments"]}}]}
           if (index, "arguments") in joined else {})}} for index in range(answers)]}
    guards = inspector(**actions)
    whole = Case(guards, pseudonyms=pseudonyms, n=answers)
    expected = told(whole.whole(document))
    streamed = Case(guards, pseudonyms=pseudonyms, n=answers)
    assert heard(streamed.stream(chat(pieces, ascii_only, answers))) == expected
    assert sorted(streamed.verdict.decisions, key=str) == sorted(whole.verdict.decisions, key=str)
    assert streamed.exchange.record.outcome == whole.exchange.record.outcome


def test_untouched_frames_pass_as_the_bytes_they_were() -> None:
    words = ("Hello", " there,", " you", " 😀", ' "quoted"\n', " end.")
    frames = chat([(0, "content", word) for word in words], True, 1)
    assert Case(inspector(mail="redact", bad="block")).stream(frames) == b"".join(frames)


def test_in_shadow_not_a_byte_differs_and_the_finding_is_told() -> None:
    frames = chat([(0, "content", word) for word in ("mail ", "ann@", "b.com", " bad", " end")], False, 1)
    case = Case(inspector(mail="shadow", bad="shadow"))
    assert case.stream(frames) == b"".join(frames)
    assert [(decision.finding.label, decision.action) for decision in case.verdict.decisions] == [
        ("EMAIL", "shadow"), ("BAD", "shadow")]


def test_a_second_policy_in_shadow_judges_beside_and_changes_nothing() -> None:
    frames = chat([(0, "content", word) for word in ("mail ", "ann@", "b.com", " end")], False, 1)
    case = Case(inspector(), shadow=inspector(mail="block"))
    assert case.stream(frames) == b"".join(frames)
    assert case.verdict.decisions == []
    assert [decision.action for decision in case.shadow_verdict.decisions] == ["block"]


def test_ordinary_text_is_at_most_one_word_behind() -> None:
    case = Case(inspector(mail="redact"))
    case.flow.head(STREAM)
    words = ["the", " quick", " brown", " fox"]
    for place, word in enumerate(words):
        case.flow.frame(chunk({"content": word}))
        assert len(case.client.frames) == place


def test_a_large_frame_does_not_wait_for_its_last_word() -> None:
    case = Case(inspector(mail="redact"))
    case.flow.head(STREAM)
    text = "word " * 40 + "open"
    case.flow.frame(chunk({"content": text}))
    assert heard(b"".join(case.client.frames)) == {(0, "content"): "word " * 39 + "word"}
    case.flow.end(chunk({"content": ""}, finish="stop") + DONE)
    assert heard(case.client.body)[0, "content"] == text


def test_a_block_ends_the_stream_well_formed_and_lets_the_server_go() -> None:
    case = Case(inspector(bad="block"), stream_options={"include_usage": True})
    case.exchange.record.prompt_tokens, case.exchange.record.completion_tokens = 5, 2
    body = case.stream(chat([(0, "content", word) for word in ("so ", "ba", "d ", "more", " text")], False, 1))
    assert case.source.cancelled
    assert heard(body) == {(0, "content"): "so ", (0, "finish"): "content_filter"}
    assert body.endswith(DONE)
    assert b'"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}' in body
    record = case.exchange.record
    assert (record.outcome, record.blame, record.code) == ("refused", "policy", "content_blocked")


def test_of_several_answers_only_the_bad_one_ends() -> None:
    case = Case(inspector(bad="block"), n=2)
    body = case.stream(chat([(0, "content", "so "), (1, "content", "fine "), (0, "content", "bad "),
                             (1, "content", "and on"), (0, "content", "more")], False, 2))
    assert heard(body) == {(0, "content"): "so ", (0, "finish"): "content_filter", (1, "content"): "fine and on",
                           (1, "finish"): "stop"}
    assert not case.source.cancelled
    assert body.endswith(DONE)


def test_what_would_tell_a_redacted_text_goes_with_it() -> None:
    case = Case(inspector(mail="redact"))
    probabilities = {"content": [{"token": "ann@b.com", "logprob": -1.0, "bytes": [97], "top_logprobs": []}]}
    body = case.stream([chunk({"content": "to ann@b.com. "}, logprobs=probabilities, token_ids=[1, 2]),
                        chunk({"content": ""}, finish="stop") + DONE])
    assert b"ann" not in body
    assert b"token_ids\":[" not in body
    document = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": "to ann@b.com."},
                             "logprobs": probabilities, "token_ids": [1]}]}
    whole = Case(inspector(mail="redact")).whole(document)
    assert "ann" not in json.dumps(whole)
    assert whole["choices"][0]["token_ids"] is None


def test_a_guard_that_fails_ends_the_reply_or_is_passed_over_as_the_policy_says() -> None:
    frames = chat([(0, "content", word) for word in ("hello ", "you ", "there")], False, 1)
    closed = Case(inspector(broken="flag"))
    closed.stream(frames)
    assert closed.source.cancelled
    assert closed.client.failures == ["guard_unavailable"]
    opened = Case(inspector(broken="flag"), on_error="allow")
    assert opened.stream(frames) == b"".join(frames)
    assert [failure.reason for failure in opened.verdict.failures] == ["error"]


def test_what_was_held_back_goes_out_before_an_error() -> None:
    case = Case(inspector(mail="redact"))
    case.flow.head(STREAM)
    case.flow.frame(chunk({"content": "to ann@b.com"}))
    case.flow.fail(UpstreamDisconnected("gone"))
    assert heard(b"".join(case.client.frames)) == {(0, "content"): "to [EMAIL]"}
    assert case.client.failures == ["upstream_disconnected"]


# The other forms, and what a real server sent

RECORDINGS = Path(__file__).parents[1] / "models" / "protocol" / "recordings"
OPERATIONS = {"comp": "completions", "mess": "messages", "resp": "responses"}
STREAMS = sorted(path.name for path in RECORDINGS.glob("*.sse"))


def recorded(name: str) -> tuple[str, list[bytes]]:
    return OPERATIONS.get(name[:4], "chat.completions"), EventSplitter().feed((RECORDINGS / name).read_bytes())


@pytest.mark.parametrize("name", STREAMS)
def test_what_a_real_server_streamed_passes_as_it_came(name: str) -> None:
    operation, frames = recorded(name)
    case = Case(inspector(mail="redact", bad="block"), operation, n=2 if "n2" in name else 1)
    assert case.stream(frames) == b"".join(frames)


class Digits:
    name = "mail"
    patterns = (Pattern("ONE", r"1\. 1"), Pattern("WORD", "Paris|-digit|sorry|tailed|Yes|🌍|1"))


def digits(action: str) -> Inspector:
    return Inspector("reply", [(guard_of("mail", Rule(action=action)), Digits())], None)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", STREAMS)
def test_what_is_redacted_stands_nowhere_in_what_a_real_server_streamed(name: str) -> None:
    operation, frames = recorded(name)
    body = Case(digits("redact"), operation, n=2 if "n2" in name else 1).stream(frames)
    texts = b"".join(re.findall(rb'"(?:content|text|delta|arguments|token)":("(?:[^"\\]|\\.)*")', body))
    assert re.search(rb"\[(?:ONE|WORD)\]", body.replace(b'""', b""))
    assert not re.search(rb"1\. 1|Paris|-digit|sorry|tailed|Yes|\xf0\x9f\x8c\x8d", texts.replace(b'""', b""))


@pytest.mark.parametrize("name", [name for name in STREAMS if name[:4] in ("mess", "resp")])
def test_a_block_ends_the_other_forms_well_formed(name: str) -> None:
    operation, frames = recorded(name)
    case = Case(digits("block"), operation)
    body = case.stream(frames)
    events = [json.loads(payload_of(event) or b"") for event in EventSplitter().feed(body)]
    kinds = [event["type"] for event in events]
    if operation == "messages":
        assert kinds == ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"]
        assert events[-2]["delta"]["stop_reason"] == "refusal"
    else:
        assert kinds[-1] == "response.incomplete"
        assert events[-1]["response"]["incomplete_details"] == {"reason": "content_filter"}
        assert events[-1]["response"]["id"] == events[0]["response"]["id"]
    assert case.source.cancelled


@pytest.mark.parametrize(("operation", "document", "expected"), [
    ("messages", {"content": [{"type": "thinking", "thinking": "ann@b.com"}, {"type": "text", "text": "to ann@b.com"},
                              {"type": "tool_use", "name": "f", "input": {"to": ["ann@b.com"]}}]}, 3),
    ("responses", {"output": [{"type": "reasoning", "content": [{"type": "reasoning_text", "text": "ann@b.com"}]},
                              {"type": "message", "content": [{"type": "output_text", "text": "to ann@b.com"}]},
                              {"type": "function_call", "name": "f", "arguments": '{"to": "ann@b.com"}'}]}, 3),
    ("completions", {"choices": [{"index": 0, "text": "to ann@b.com", "finish_reason": "stop"}]}, 1),
    ("chat.completions", {"choices": [{"index": 0, "finish_reason": "stop", "message": {
        "content": [{"type": "text", "text": "ann@b.com"}], "unheard_of": {"x": ["ann@b.com"]}}}]}, 2),
    ("audio.transcriptions", {"text": "to ann@b.com", "segments": [{"text": "to ann@b.com"}]}, 2),
])
def test_every_text_of_a_whole_reply_is_judged(operation: str, document: Any, expected: int) -> None:
    told = json.dumps(Case(inspector(mail="redact"), operation).whole(document))
    assert told.count("[EMAIL]") == expected
    assert "ann" not in told


def test_a_blocked_message_is_cut_and_what_would_have_followed_is_gone() -> None:
    document = {"content": [{"type": "text", "text": "so bad it is"}, {"type": "text", "text": "more"}],
                "stop_reason": "end_turn"}
    told = Case(inspector(bad="block"), "messages").whole(document)
    assert told == {"content": [{"type": "text", "text": "so "}], "stop_reason": "refusal"}


def test_an_event_that_is_no_json_is_never_passed_on() -> None:
    case = Case(inspector(mail="redact"))
    case.flow.head(STREAM)
    with pytest.raises(MalformedEvent):
        case.flow.frame(b"data: {not json\n\n")


async def test_a_long_reply_is_judged_beside_the_event_loop() -> None:
    case = Case(inspector(mail="redact"))
    case.exchange.record.status = 200
    case.flow.head(WHOLE)
    text = "ann@b.com " * 100_000
    document = {"choices": [{"index": 0, "finish_reason": "stop", "message": {"content": text}}]}
    case.flow.end(json.dumps(document).encode())
    assert case.client.body == b""  # others have their turn first
    while not case.client.body:
        await asyncio.sleep(0.001)
    assert json.loads(case.client.body)["choices"][0]["message"]["content"] == "[EMAIL] " * 100_000


async def test_a_client_that_leaves_a_long_reply_gets_nothing_more() -> None:
    case = Case(inspector(mail="redact"))
    case.exchange.record.status = 200
    case.flow.head(WHOLE)
    text = "word " * 20_000
    case.flow.end(json.dumps({"choices": [{"index": 0, "message": {"content": text}}]}).encode())
    case.exchange.settled = True
    await asyncio.to_thread(time.sleep, 0.05)
    assert case.client.body == b""
