"""Events come out whole, as the bytes that they came in, however the network cut them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.protocol.events import EventSplitter, EventTooLarge, payload_of, with_payload
from tests.models.protocol.recordings import recording

# What event streams are made of; drawn in any order, they also make blank lines in every form and place.
PIECES = st.sampled_from([b"data: {}", b"data:", b"event: x", b": ping", b"id: 1", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n",
                          b"\n\r\n", b"\r\n\n", "é😀".encode(), b" ", b"\\n"])  # fmt: skip
STREAMS = st.lists(PIECES, max_size=30).map(b"".join)


def cut(stream: bytes, places: list[int]) -> Iterator[bytes]:
    """The stream in pieces, cut at ``places`` modulo its length."""
    edges = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    for start, end in pairwise(edges):
        yield stream[start:end]


def split(pieces: Iterator[bytes]) -> tuple[list[bytes], bytes]:
    splitter = EventSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return events, splitter.rest()


@given(STREAMS, st.lists(st.integers(0, 10_000), max_size=40))
def test_any_cutting_of_any_stream_gives_the_same_events(stream: bytes, places: list[int]) -> None:
    events, rest = split(cut(stream, places))
    assert (events, rest) == split(iter([stream]))
    assert b"".join(events) + rest == stream, "no byte is lost, none is made"


@pytest.mark.parametrize("name", ["chat_stream", "unicode_stream", "resp_stream", "mess_stream", "tool_named_stream"])
def test_a_recorded_stream_byte_by_byte_gives_the_events_of_one_read(name: str) -> None:
    stream = recording(name)
    events, rest = split(stream[i : i + 1] for i in range(len(stream)))
    assert (events, rest) == split(iter([stream]))
    assert events == [event + b"\n\n" for event in stream.split(b"\n\n")[:-1]]
    assert rest == b""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_may_end_in_either_way(end: bytes) -> None:
    events, rest = split(iter([b"event: a" + end + b"data: 1" + end + end + b"data: 2" + end + end + b"data"]))
    assert [payload_of(event) for event in events] == [b"1", b"2"]
    assert rest == b"data"


def test_two_hundred_thousand_reads_of_one_byte_cost_no_more_than_their_bytes() -> None:
    """To search all that came before at every read would take minutes here, and hold every other exchange."""
    splitter = EventSplitter()
    for _ in range(200_000):
        assert splitter.feed(b"x") == []
    assert splitter.feed(b"\n\n") == [b"x" * 200_000 + b"\n\n"]


def test_a_hundred_thousand_events_in_one_read_cost_no_more_than_their_bytes() -> None:
    assert EventSplitter().feed(b"data: {}\n\n" * 100_000 + b"d") == [b"data: {}\n\n"] * 100_000


def test_an_event_that_does_not_end_is_given_up_at_its_limit() -> None:
    splitter = EventSplitter(limit_bytes=100)
    assert splitter.feed(b"data: 1\n\n" + b"x" * 100) == [b"data: 1\n\n"]
    with pytest.raises(EventTooLarge, match="more than 100 bytes"):
        splitter.feed(b"x")


def test_the_limit_is_for_one_event_and_not_for_a_read() -> None:
    assert len(EventSplitter(limit_bytes=20).feed(b"data: 1\n\n" * 1000)) == 1000


@pytest.mark.parametrize(("event", "payload"), [
    (b"data: {}\n\n", b"{}"),
    (b"data:{}\n\n", b"{}"),
    (b"data:  {}\n\n", b" {}"),
    (b"event: x\ndata: {}\nid: 7\n\n", b"{}"),
    (b'data: {"a":\r\ndata: 1}\r\n\r\n', b'{"a":\n1}'),
    (b"data:\n\n", b""),
    (b"data: [DONE]\n\n", b"[DONE]"),
    ("data: é\u2028😀\n\n".encode(), "é\u2028😀".encode()),
])  # fmt: skip
def test_the_payload_is_what_the_data_lines_say(event: bytes, payload: bytes) -> None:
    assert payload_of(event) == payload


@pytest.mark.parametrize("event", [b": ping\n\n", b"\n\n", b"event: x\n\n", b"retry: 5\n\n", b": data: x\n\n"])
def test_an_event_without_data_has_no_payload(event: bytes) -> None:
    assert payload_of(event) is None


def test_other_data_leaves_the_other_fields_where_they_were() -> None:
    assert with_payload(b"event: x\nid: 7\ndata: {}\n\n", b"[1]") == b"event: x\nid: 7\ndata: [1]\n\n"
    assert with_payload(b"event: x\r\ndata: {\r\ndata: }\r\n\r\n", b"[1]") == b"event: x\ndata: [1]\n\n"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n")).map(str.encode))
def test_what_is_put_in_is_what_is_read_out(payload: bytes) -> None:
    assert payload_of(with_payload(b"event: x\ndata: old\n\n", payload)) == payload
