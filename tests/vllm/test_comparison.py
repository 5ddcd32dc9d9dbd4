"""The comparer lets pass what must differ between two requests, and nothing else."""

import pytest

from tests.vllm.comparison import assert_same, by_choice, difference
from tests.vllm.wire import Answer

CHUNK = b'data: {"id":"chatcmpl-1","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
DONE = b"data: [DONE]\n\n"


def stream(*events: bytes) -> Answer:
    return Answer(200, {"content-type": "text/event-stream; charset=utf-8", "date": "now"}, b"".join(events))


def test_ids_and_times_may_differ() -> None:
    other = CHUNK.replace(b"chatcmpl-1", b"chatcmpl-zz").replace(b'"created":1', b'"created":99')
    assert difference(stream(CHUNK, DONE), stream(other, DONE)) == ""


@pytest.mark.parametrize(("before", "after"), [
    (b'"model":"m"', b'"model":"n"'),
    (b'"created":1,"model":"m"', b'"model":"m","created":1'),
    (b'"index":0', b'"index": 0'),
    (b'"content":"a"', b'"content":"\\u0061"'),
    (b"chatcmpl-1", b"other-1"),
    (b"\n\n", b"\n\n: a comment\n\n"),
])
def test_nothing_else_may_differ(before: bytes, after: bytes) -> None:
    assert CHUNK.count(before) == 1
    assert difference(stream(CHUNK, DONE), stream(CHUNK.replace(before, after), DONE))


def test_a_lost_frame_another_status_and_another_form_are_seen() -> None:
    whole = stream(CHUNK, DONE)
    assert "-data: [DONE]" in difference(whole, stream(CHUNK))
    assert "+status 500" in difference(whole, Answer(500, whole.headers, whole.body))
    assert difference(whole, Answer(200, {"content-type": "application/json"}, whole.body))


def test_the_order_between_choices_is_free_and_within_a_choice_is_not() -> None:
    first, second = CHUNK, CHUNK.replace(b'"index":0', b'"index":1')
    later = second.replace(b'"a"', b'"b"')
    assert difference(stream(first, second, later, DONE), stream(second, first, later, DONE), by_choice) == ""
    assert difference(stream(second, later, DONE), stream(later, second, DONE), by_choice)


def test_a_difference_that_comes_every_time_fails_and_one_that_does_not_is_the_servers() -> None:
    cut = iter([stream(CHUNK, DONE), stream(CHUNK, CHUNK, DONE)])
    assert assert_same(lambda: stream(CHUNK, CHUNK, DONE), lambda: next(cut)).events == [CHUNK, CHUNK, DONE]
    with pytest.raises(AssertionError, match="through the gateway"):
        assert_same(lambda: stream(CHUNK, DONE), lambda: stream(DONE))
