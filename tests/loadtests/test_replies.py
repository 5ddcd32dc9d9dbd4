"""A reply passes only if it ended as it must; and the time of its tokens is noted also when it did not."""

import itertools
import json
from collections.abc import Mapping

import pytest

from loadtests.replies import StreamTimes, Wrong, check_headers, check_whole, follow_stream

DONE = b"data: [DONE]\n\n"


def chunk(content: str | None = None, finish_reason: str | None = None) -> bytes:
    """An event with a delta."""
    choice = {"index": 0, "delta": {} if content is None else {"content": content}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


ROLE, TOKEN, LAST = chunk(""), chunk("word"), chunk("", "stop")
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'


def follow(*events: bytes) -> StreamTimes:
    """Follows a stream whose events come at seconds 1, 2, 3 and so on, asked for at half a second."""
    times, seconds = StreamTimes(), itertools.count(1)
    follow_stream(events, sent_at=0.5, clock=lambda: float(next(seconds)), times=times)
    return times


def test_the_first_token_is_the_first_with_text() -> None:
    """Not the chunk that names the role; and the gaps are between tokens."""
    times = follow(ROLE, TOKEN, TOKEN, LAST, USAGE, DONE)
    assert times.first == 1.5
    assert times.gaps == [1]
    assert times.received_bytes == sum(map(len, (ROLE, TOKEN, TOKEN, LAST, USAGE, DONE)))


def test_a_call_to_a_tool_is_a_token_too() -> None:
    """It has no text and is waited for all the same."""
    call = b'data: {"choices":[{"delta":{"tool_calls":[{"index":0}]},"finish_reason":null}]}\n\n'
    assert follow(ROLE, call, LAST, DONE).first == 1.5


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        ((ROLE, TOKEN, LAST), r"no \[DONE\]"),
        ((ROLE, TOKEN, DONE), "no finish_reason"),
        ((ROLE, LAST, DONE, TOKEN), r"an event after \[DONE\]"),
        ((ROLE, b'data: {"error":{"code":500}}\n\n', DONE), "error in the stream: 500"),
        ((ROLE, b"data: {\n\n", DONE), "not JSON"),
        ((ROLE, b"data: []\n\n", DONE), "not an object"),
        ((), r"no \[DONE\]"),
    ],
)
def test_a_stream_that_is_not_whole_is_wrong(events: tuple[bytes, ...], wrong: str) -> None:
    """Each with its own words."""
    with pytest.raises(Wrong, match=wrong):
        follow(*events)


def test_tokens_before_the_fault_are_noted() -> None:
    """The person saw them."""
    times = StreamTimes()
    with pytest.raises(Wrong):
        follow_stream([ROLE, TOKEN], sent_at=0, clock=lambda: 2.0, times=times)
    assert times.first == 2


@pytest.mark.parametrize(
    ("body", "wrong"),
    [(b"<html>", "not JSON"), (b"{}", "no choices"), (b'{"choices":[{"finish_reason":null}]}', "no finish_reason")],
)
def test_a_whole_reply_needs_a_choice_that_ended(body: bytes, wrong: str) -> None:
    """And has to be JSON."""
    with pytest.raises(Wrong, match=wrong):
        check_whole(body)
    check_whole(b'{"choices":[{"finish_reason":"stop"}]}')


@pytest.mark.parametrize(
    ("status", "headers", "body", "wrong"),
    [
        (503, {}, b'{"error":{"code":"overloaded"}}', "503 overloaded"),
        (502, {}, b"<html>", "502"),
        (200, {}, b"", "no x-request-id"),
    ],
)
def test_refusals_are_told_apart_by_status_and_code(
    status: int, headers: Mapping[str, str], body: bytes, wrong: str
) -> None:
    """So that a report groups them."""
    with pytest.raises(Wrong, match=f"^{wrong}$"):
        check_headers(status, headers, lambda: body, bare=False)


def test_a_bare_server_needs_no_request_id() -> None:
    """vLLM itself sends none."""
    check_headers(200, {}, bytes, bare=True)
    check_headers(200, {"x-request-id": "x"}, bytes, bare=False)
