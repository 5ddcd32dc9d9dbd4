"""A whole reply is read for what it cost and how it ended, and but for the model's name passes byte for byte."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol.replies import Malformed, WholeReply, read_whole
from models.protocol.usage import Usage
from tests.models.protocol.recordings import recording

MODEL = "smollm2-135m"
WHOLE = ["chat_whole", "chat_whole_n2", "chat_whole_logprobs", "comp_whole", "resp_whole", "mess_whole",
         "tool_named_whole"]  # fmt: skip


@pytest.mark.parametrize(("name", "usage", "finish"), [
    ("chat_whole", Usage(36, 6), "length"), ("chat_whole_n2", Usage(36, 12), "length"),
    ("chat_whole_logprobs", Usage(36, 6), "length"), ("comp_whole", Usage(3, 6), "length"),
    ("resp_whole", Usage(36, 6), "incomplete"), ("mess_whole", Usage(36, 6), "max_tokens"),
    ("tool_named_whole", Usage(37, 48), "stop"), ("tokenize", None, ""), ("error_stream_model", None, ""),
])  # fmt: skip
def test_each_apis_reply_tells_what_it_cost_and_how_it_ended(name: str, usage: Usage | None, finish: str) -> None:
    assert read_whole(recording(name), MODEL) == WholeReply(recording(name), usage, finish)


@pytest.mark.parametrize("name", WHOLE)
def test_another_name_is_the_only_byte_that_changes(name: str) -> None:
    before, after = b'"model":"smollm2-135m"', rb'"model":"my \"best\" one"'
    assert recording(name).count(before) == 1
    assert read_whole(recording(name), 'my "best" one').body == recording(name).replace(before, after)


def test_a_name_that_the_model_itself_wrote_stays() -> None:
    text = '"model":"smollm2-135m"'
    body = msgspec.json.encode({"choices": [{"message": {"content": text}}], "model": MODEL})
    assert read_whole(body, "a").body == msgspec.json.encode(
        {"choices": [{"message": {"content": text}}], "model": "a"})


def test_a_name_inside_another_field_stays() -> None:
    body = b'{"metadata":{"model":"smollm2-135m"},"model":"smollm2-135m","x": [1.50, "\\u00e9"]}'
    assert json.loads(read_whole(body, "a").body) == {**json.loads(body), "model": "a"}
    assert b'"x":[1.50, "\\u00e9"]' in read_whole(body, "a").body, "what is not the name stays as it was written"


def test_a_reply_written_with_spaces_keeps_its_meaning() -> None:
    body = json.dumps(json.loads(recording("chat_whole")), indent=2).encode()
    whole = read_whole(body, "a")
    assert json.loads(whole.body) == {**json.loads(body), "model": "a"}
    assert whole.usage == Usage(36, 6)
    assert read_whole(body, MODEL).body == body


@pytest.mark.parametrize("body", [
    b"", b"[]", b"null", b'"text"', b"<html></html>", b'{"id": "x", "choices": [', b'{"a":1}{"b":2}', b'{"id":"\xff"}',
    b'{"choices":[{"message":{"content":"\xed\xa0\x80"}}]}', b'{"usage":{"a":"\xff"}}', b'{"choices":' + b"[" * 9000,
    b'{"choices":null}', b'{"choices":"x"}', b'{"choices":[null]}',
])  # fmt: skip
def test_what_is_no_reply_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_whole(body, MODEL)


@pytest.mark.parametrize("body", [
    b'{"choices":[]}', b'{"choices":[{}]}', b'{"choices":[{"finish_reason":1}]}', b'{"stop_reason":null}',
    b'{"status":5}', b'{"usage":null}', b'{"usage":"none"}', b'{"usage":{"prompt_tokens":-1}}',
    b'{"model":null,"choices":[]}', b"{}",
])  # fmt: skip
def test_a_field_of_another_kind_is_the_clients_to_judge(body: bytes) -> None:
    """A proxy that refuses what it does not need breaks with each thing that it has not heard of."""
    whole = read_whole(body, MODEL)
    assert whole.finish_reason == ""
    assert json.loads(whole.body).keys() == json.loads(body).keys()


@given(st.sampled_from(WHOLE), st.data())
def test_no_reply_however_damaged_can_do_worse_than_be_malformed(name: str, data: st.DataObject) -> None:
    body = bytearray(recording(name))
    for place in data.draw(st.lists(st.integers(0, len(body) - 1), min_size=1, max_size=5)):
        pieces: list[Any] = [b"", b"{", b"}", b'"', b"]", b",", b"\xff", b"\\", b"null", b"1e999"]
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.sampled_from(pieces))
    with contextlib.suppress(Malformed):
        json.loads(read_whole(bytes(body), "a").body)
