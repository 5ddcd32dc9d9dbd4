"""A client sees the stream that it would have seen without the gateway; the gateway reads on the way what it counts.

The streams are a real vLLM's. The gateway asks every stream for usage, so what it reads is the recording with usage,
and what it lets through must be the recording of what the client asked for.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol.events import EventSplitter, payload_of
from models.protocol.streams import ChatStream, EventStream, MalformedEvent, StreamReader
from models.protocol.usage import Usage
from tests.models.protocol.recordings import recording, without_time

MODEL = "smollm2-135m"
DONE = b"data: [DONE]\n\n"
FINGERPRINT = "vllm-0.32.0-142a6583"


def chat_stream(model: str = MODEL, usage: bool = False, continuous: bool = False, **more: Any) -> ChatStream:
    return ChatStream(model, keep_usage=usage, keep_continuous=continuous, **more)


def through(reader: StreamReader, stream: bytes) -> bytes:
    """What the client gets."""
    return b"".join(reader.read(event) for event in EventSplitter().feed(stream))


def chunk(**fields: Any) -> bytes:
    """A chunk as vLLM writes it: compact."""
    return b"data: " + msgspec.json.encode({"id": "x", "model": MODEL, **fields}) + b"\n\n"


def choice(text: str = "a", finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}


# What was asked of the gateway; what it read; what the client must get.
NOTHING_ASKED = [
    ("chat_stream_usage", "chat_stream"), ("chat_stream_continuous", "chat_stream"),
    ("chat_stream_n2_usage", "chat_stream_n2"), ("chat_stream_n2_continuous", "chat_stream_n2"),
    ("chat_stream_logprobs_usage", "chat_stream_logprobs"), ("chat_stream_stop_usage", "chat_stream_stop"),
    ("comp_stream_usage", "comp_stream"), ("comp_stream_continuous", "comp_stream"),
    ("comp_stream_n2_usage", "comp_stream_n2"), ("tool_auto_stream_usage", "tool_auto_stream"),
    ("tool_named_stream_usage", "tool_named_stream"), ("tool_required_stream_usage", "tool_required_stream"),
]  # fmt: skip
USAGE_ASKED = [
    ("chat_stream_continuous", "chat_stream_usage"), ("chat_stream_n2_continuous", "chat_stream_n2_usage"),
    ("comp_stream_continuous", "comp_stream_usage"), ("chat_stream_usage", "chat_stream_usage"),
    ("comp_stream_two_prompts_usage", "comp_stream_two_prompts_usage"),
]  # fmt: skip


def choices_of(name: str) -> int:
    return 2 if "n2" in name or "two_prompts" in name else 1


@pytest.mark.parametrize("fingerprint", [None, FINGERPRINT], ids=["first-contact", "known-server"])
@pytest.mark.parametrize(("read", "wanted"), NOTHING_ASKED)
def test_a_client_that_asked_for_no_usage_gets_the_stream_without_it(
    read: str, wanted: str, fingerprint: str | None
) -> None:
    reader = chat_stream(choices=choices_of(read), fingerprint=fingerprint)
    assert without_time(through(reader, recording(read))) == without_time(recording(wanted))


@pytest.mark.parametrize(("read", "wanted"), USAGE_ASKED)
def test_a_client_that_asked_for_usage_gets_it_at_the_end_alone(read: str, wanted: str) -> None:
    reader = chat_stream(usage=True, choices=choices_of(read))
    assert without_time(through(reader, recording(read))) == without_time(recording(wanted))


@pytest.mark.parametrize("name", ["chat_stream_continuous", "chat_stream_n2_continuous", "comp_stream_continuous"])
def test_a_client_that_asked_for_usage_on_every_chunk_gets_every_byte(name: str) -> None:
    assert through(chat_stream(usage=True, continuous=True), recording(name)) == recording(name)


@pytest.mark.parametrize("name", ["unicode_stream", "schema_stream_usage", "chat_stream_return_token_ids",
                                  "chat_stream_stopstring", "comp_stream_logprobs"])  # fmt: skip
def test_whatever_a_model_says_passes_as_it_came(name: str) -> None:
    assert through(chat_stream(usage=True), recording(name)) == recording(name)


@pytest.mark.parametrize(("name", "usage", "finish"), [
    ("chat_stream_continuous", Usage(36, 6), "length"), ("chat_stream_usage", Usage(36, 6), "length"),
    ("chat_stream_n2_continuous", Usage(36, 12), "length"), ("comp_stream_n2_usage", Usage(3, 12), "length"),
    ("chat_stream_stop_usage", Usage(34, 3), "stop"), ("tool_named_stream_usage", Usage(37, 48), "stop"),
    ("tool_required_stream_usage", Usage(37, 48), "tool_calls"),
])  # fmt: skip
def test_what_a_stream_cost_and_how_it_ended_is_read_on_the_way(name: str, usage: Usage, finish: str) -> None:
    reader = chat_stream(choices=choices_of(name))
    through(reader, recording(name))
    assert (reader.usage(), reader.finish_reason, reader.fingerprint) == (usage, finish, FINGERPRINT)
    assert reader.ended
    assert not reader.failure


@pytest.mark.parametrize(("name", "counts"), [
    ("chat_stream_continuous", [None, *((36, n) for n in range(7)), (36, 6), (36, 6)]),
    ("chat_stream_n2_continuous", [None, (36, 0), *((36, n) for n in range(13)), (36, 12), (36, 12)]),
])  # fmt: skip
def test_a_stream_that_is_left_halfway_is_counted_as_far_as_it_went(name: str, counts: list[Any]) -> None:
    """With several choices each chunk counts its own alone; what was generated is their sum."""
    reader, seen = chat_stream(choices=choices_of(name)), []
    for event in [b": ping\n\n", *EventSplitter().feed(recording(name))]:
        reader.read(event)
        usage = reader.usage()
        seen.append(usage and (usage.prompt_tokens, usage.completion_tokens))
    assert seen == counts


def test_every_chunk_of_two_choices_leaves_at_once_where_the_server_is_known() -> None:
    """To hold a finished choice back until its usage comes would hold all others behind it."""
    events = EventSplitter().feed(recording("chat_stream_n2_usage"))
    reader = chat_stream(choices=2, fingerprint=FINGERPRINT)
    assert [bool(reader.read(event)) for event in events] == [True] * (len(events) - 2) + [False, True]


def test_two_choices_of_a_server_met_for_the_first_time_wait_in_their_order() -> None:
    events = EventSplitter().feed(recording("chat_stream_n2_usage"))
    reader = chat_stream(choices=2)
    assert [bool(reader.read(event)) for event in events] == [True] * (len(events) - 4) + [False, False, True, True]


def test_every_chunk_leaves_at_once_where_the_server_is_known_to_stamp_nothing() -> None:
    """vLLM with --fingerprint-mode none: the first stream with two choices tells, the next ones need not wait."""
    stream = recording("chat_stream_n2_usage").replace(b',"system_fingerprint":"%b"' % FINGERPRINT.encode(), b"")
    first = chat_stream(choices=2)
    through(first, stream)
    assert first.fingerprint == ""
    events = EventSplitter().feed(stream)
    reader = chat_stream(choices=2, fingerprint=first.fingerprint)
    assert [bool(reader.read(event)) for event in events] == [True] * (len(events) - 2) + [False, True]


@pytest.mark.parametrize("name", ["chat_stream_continuous", "comp_stream_n2_usage", "tool_named_stream_usage"])
def test_the_model_has_the_name_that_the_client_asked_for(name: str) -> None:
    reader = chat_stream('assist"ant@v1', usage=True, continuous=True)
    renamed = recording(name).replace(b'"model":"smollm2-135m"', rb'"model":"assist\"ant@v1"')
    assert through(reader, recording(name)) == renamed


def test_a_model_that_talks_of_its_wire_is_not_edited() -> None:
    text = '"model":"smollm2-135m"],"usage":{"a":1},"choices":[],"finish_reason":"stop","error"data: [DONE]\n\n\\'
    stream = chunk(choices=[choice()]) + chunk(choices=[choice(text)], usage={"completion_tokens": 2})
    stream += chunk(choices=[choice("", "stop")])
    reader = chat_stream("assistant")
    out = EventSplitter().feed(through(reader, stream + DONE))
    assert json.loads(out[1][6:])["choices"][0]["delta"]["content"] == text
    assert b"usage" not in out[1].replace(text.encode(), b"").replace(rb'\"usage\"', b"")
    assert json.loads(out[1][6:])["model"] == "assistant"
    assert reader.finish_reason == "stop"


@pytest.mark.parametrize("own", [{"completion_tokens": 2}, None], ids=["with-usage", "without-usage"])
def test_a_usage_inside_a_choice_is_the_models_own(own: Any) -> None:
    """Only what stands behind the choices was asked for by the gateway."""
    inside = choice(tool_calls=[{"function": {"name": "f"}}], usage={"q": {"r": 1}})
    wanted = chunk(choices=[choice()]) + chunk(choices=[inside])
    stream = chunk(choices=[choice()]) + chunk(choices=[inside], **({"usage": own} if own else {}))
    reader = chat_stream()
    assert through(reader, stream) == wanted
    assert reader.usage() == (Usage(0, 2) if own else None)


def test_a_usage_with_objects_inside_is_cut_out_whole() -> None:
    """vLLM with --enable-prompt-tokens-details."""
    usage = {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 8}, "completion_tokens": 1}
    reader = chat_stream()
    stream = chunk(choices=[choice()], usage=usage, prompt_token_ids=[1, 2])
    assert through(reader, stream) == chunk(choices=[choice()], prompt_token_ids=[1, 2])
    assert reader.usage() == Usage(9, 1, 8)


def test_metrics_behind_the_usage_chunk_go_with_it() -> None:
    """vLLM with --enable-per-request-metrics writes them in that chunk alone."""
    stream = chunk(choices=[choice("a", "stop")])
    stream += chunk(choices=[], usage={"completion_tokens": 1}, system_fingerprint="f", metrics={"t": 1})
    assert through(chat_stream(), stream) == chunk(choices=[choice("a", "stop")], system_fingerprint="f")
    assert through(chat_stream(usage=True), stream) == stream


def test_a_server_without_fingerprints_gets_none_ascribed() -> None:
    """vLLM with --fingerprint-mode none."""
    stream = chunk(choices=[choice("a", "stop")]) + chunk(choices=[], usage={"completion_tokens": 1})
    assert through(chat_stream(), stream + DONE) == chunk(choices=[choice("a", "stop")]) + DONE


def test_a_server_that_stamps_each_chunk_keeps_its_own_stamps() -> None:
    chunks = (chunk(choices=[each], system_fingerprint="f") for each in (choice(), choice("", "stop")))
    stream = b"".join([*chunks, DONE])
    assert through(chat_stream(fingerprint="other"), stream) == stream


def test_a_finished_choice_leaves_even_where_no_usage_follows() -> None:
    finish = chunk(choices=[choice("a", "stop")])
    assert through(chat_stream(), finish) == b"", "the usage chunk may bring the fingerprint that belongs here"
    for end in (DONE, b'data: {"error": {"message": "died"}}\n\n'):
        assert through(chat_stream(), finish + end) == finish + end


# Another server than vLLM, or a vLLM that spells otherwise


def loose(stream: bytes) -> bytes:
    """The stream as json.dumps writes: with spaces."""
    events = [event[6:-2] for event in EventSplitter().feed(stream)]
    spaced = [event if event == b"[DONE]" else json.dumps(json.loads(event)).encode() for event in events]
    return b"".join(b"data: " + event + b"\n\n" for event in spaced)


def meanings(stream: bytes) -> list[Any]:
    """The payloads, without the fingerprint: where it stands is vLLM's habit and nobody else's."""
    events = [event[6:-2] for event in EventSplitter().feed(stream)]
    decoded = [{} if event == b"[DONE]" else json.loads(event) for event in events]
    return [{key: value for key, value in chunk.items() if key != "system_fingerprint"} for chunk in decoded]


@pytest.mark.parametrize(("read", "wanted"), NOTHING_ASKED)
def test_loose_json_without_usage_means_the_same(read: str, wanted: str) -> None:
    reader = chat_stream(choices=choices_of(read))
    passed = through(reader, loose(recording(read)))
    assert meanings(without_time(passed)) == meanings(without_time(recording(wanted)))
    assert reader.usage() is not None
    assert reader.ended


@pytest.mark.parametrize(("read", "wanted"), USAGE_ASKED)
def test_loose_json_with_usage_means_the_same(read: str, wanted: str) -> None:
    passed = through(chat_stream(usage=True, choices=choices_of(read)), loose(recording(read)))
    assert meanings(without_time(passed)) == meanings(without_time(recording(wanted)))


def test_loose_json_is_left_alone_where_nothing_is_to_be_changed() -> None:
    stream = loose(recording("chat_stream_usage"))
    assert through(chat_stream(usage=True), stream) == stream


def test_loose_json_gets_the_name_that_the_client_asked_for() -> None:
    for event in EventSplitter().feed(through(chat_stream("a"), loose(recording("chat_stream"))))[:-1]:
        assert json.loads(event[6:])["model"] == "a"


@pytest.mark.parametrize("write", [bytes, loose], ids=["compact", "loose"])
def test_a_usage_of_null_on_each_chunk_is_for_those_who_asked_for_usage(write: Any) -> None:
    """OpenAI writes it so, for clients that ask for usage and for no others."""
    plain = chunk(choices=[choice()]) + chunk(choices=[choice("", "stop")])
    nulls = chunk(choices=[choice()], usage=None) + chunk(choices=[choice("", "stop")], usage=None)
    last = chunk(choices=[], usage={"completion_tokens": 1})
    stream = write(nulls + last + DONE)
    assert meanings(through(chat_stream(), stream)) == meanings(plain + DONE)
    assert through(chat_stream(usage=True), stream) == stream


@pytest.mark.parametrize("write", [
    pytest.param(lambda stream: stream.replace(b"\n", b"\r\n"), id="crlf"),
    pytest.param(lambda stream: stream.replace(b"data: ", b"data:"), id="no-space"),
    pytest.param(lambda stream: stream.replace(b"data: ", b": ping\n\ndata: "), id="comments"),
    pytest.param(lambda stream: stream.replace(b"data: ", b"event: x\nid: 1\ndata: "), id="more-fields"),
])  # fmt: skip
def test_events_written_in_another_way_mean_the_same(write: Any) -> None:
    reader = chat_stream(choices=1)
    passed = through(reader, write(recording("chat_stream_continuous")))
    data = [event for event in map(payload_of, EventSplitter().feed(passed)) if event]
    passed = b"".join(b"data: " + event + b"\n\n" for event in data)
    assert meanings(without_time(passed)) == meanings(without_time(recording("chat_stream")))
    assert reader.usage() == Usage(36, 6)


# Failures


@pytest.mark.parametrize("error", [
    b'{"error": {"message": "EngineCore died.", "type": "InternalServerError", "param": null, "code": 500}}',
    b'{"error":{"message":"EngineCore died."}}', b'{"error":"EngineCore died."}',
])  # fmt: skip
@pytest.mark.parametrize("before", [b"", recording("chat_stream_continuous")[:-14]], ids=["first", "in-mid-stream"])
def test_an_error_event_is_a_failure_and_goes_on_as_it_came(before: bytes, error: bytes) -> None:
    reader = chat_stream()
    event = b"data: " + error + b"\n\n"
    assert through(reader, before + event).endswith(event)
    assert (reader.failure, reader.ended) == ("EngineCore died.", False)


def test_the_words_of_a_failure_are_few_and_never_none() -> None:
    for error, words in (({"message": "x" * 900}, "x" * 500), ({}, "upstream failed"), (None, "upstream failed")):
        reader = chat_stream()
        reader.read(b"data: " + msgspec.json.encode({"error": error}) + b"\n\n")
        assert reader.failure == words


@pytest.mark.parametrize("event", [b"data: {not json}\n\n", b"data: []\n\n", b"data: 1\n\n", b"data:\n\n",
                                   b'data: {"usage":"\xff"}\n\n', b"data: " + b"[" * 5000 + b"\n\n"])  # fmt: skip
@pytest.mark.parametrize("make", [chat_stream, lambda: EventStream(MODEL)], ids=["chat", "events"])
def test_a_first_event_that_is_no_json_object_is_malformed(make: Callable[[], StreamReader], event: bytes) -> None:
    with pytest.raises(MalformedEvent):
        make().read(event)


STARTS = ["chat_stream_continuous", "chat_stream_n2_continuous", "comp_stream_n2_usage", "resp_stream", "mess_stream"]


@given(st.sampled_from(STARTS), st.data())
def test_no_stream_however_damaged_can_do_worse_than_be_malformed(name: str, data: st.DataObject) -> None:
    """A fault of ours would cost the client its error event, and the ledger its counts."""
    stream = bytearray(recording(name))
    for place in data.draw(st.lists(st.integers(0, len(stream) - 1), min_size=1, max_size=8)):
        stream[place : place + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from(
            [b"", b"{", b"}", b'"', b"[", b"]", b",", b"\xff", b"\\", b"null", b"1", b"-", b"\r", b':{"usage":{']))
    reader = EventStream(MODEL) if name in ("resp_stream", "mess_stream") else chat_stream(choices=choices_of(name))
    with contextlib.suppress(MalformedEvent):
        through(reader, bytes(stream))
    assert reader.usage() is None or isinstance(reader.usage(), Usage)


# Responses and Messages


@pytest.mark.parametrize("name", ["resp_stream", "resp_stream_request_id_body", "mess_stream"])
def test_events_of_the_other_apis_pass_byte_for_byte_under_their_own_name(name: str) -> None:
    reader = EventStream(MODEL)
    assert through(reader, recording(name)) == recording(name)
    assert reader.ended
    assert not reader.failure
    assert (reader.usage(), reader.tokens) == (Usage(36, 6), 6)


@pytest.mark.parametrize(("name", "finish", "response_id"), [
    ("resp_stream_request_id_body", "incomplete", "resp_mine-4"),
    ("mess_stream", "max_tokens", "chatcmpl-trace-77"),
])  # fmt: skip
def test_how_they_ended_and_their_id_is_read_on_the_way(name: str, finish: str, response_id: str) -> None:
    reader = EventStream(MODEL)
    through(reader, recording(name))
    assert (reader.finish_reason, reader.response_id) == (finish, response_id)


@pytest.mark.parametrize(("name", "times"), [("resp_stream", 3), ("mess_stream", 1)])
def test_the_name_is_changed_in_each_event_that_tells_it(name: str, times: int) -> None:
    renamed = recording(name).replace(b'"model":"smollm2-135m"', b'"model":"assistant"')
    assert renamed.count(b'"model":"assistant"') == times
    assert through(EventStream("assistant"), recording(name)) == renamed


def test_a_message_that_is_left_halfway_has_the_prompt_counted() -> None:
    reader = EventStream(MODEL)
    for event in EventSplitter().feed(recording("mess_stream"))[:4]:
        reader.read(event)
    assert (reader.usage(), reader.tokens) == (Usage(36, 0), 2)


def test_a_model_that_talks_of_events_ends_nothing() -> None:
    text = '"model":"x","usage":{"output_tokens":9}} event: message_stop data: [DONE] {"error":1} response.completed'
    event = b"event: content_block_delta\ndata: " + msgspec.json.encode(
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}, "index": 0}) + b"\n\n"
    reader = EventStream("assistant")
    assert reader.read(event) == event
    assert (reader.ended, reader.failure, reader.usage()) == (False, "", None)


@pytest.mark.parametrize("event", [
    b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"full"}}\n\n',
    b'event: error\ndata: {"type":"error","code":"server_error","message":"full","param":null}\n\n',
    b'event: response.failed\ndata: {"type":"response.failed","response":{"id":"r","error":{"message":"full"}}}\n\n',
    b'data: {"error": {"message": "full"}}\n\n',
])  # fmt: skip
def test_every_form_of_an_error_event_is_a_failure(event: bytes) -> None:
    reader = EventStream(MODEL)
    assert reader.read(event) == event
    assert (reader.failure, reader.ended) == ("full", False)


@pytest.mark.parametrize("kind", ["response.completed", "response.incomplete", "message_stop"])
def test_each_apis_last_event_ends_its_stream(kind: str) -> None:
    reader = EventStream(MODEL)
    reader.read(b"event: %b\ndata: {\"type\":\"%b\"}\n\n" % (kind.encode(), kind.encode()))
    assert reader.ended
