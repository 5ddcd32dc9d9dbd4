"""The scripted upstream is vLLM to the letter: what it sends has the form of recordings of a real server."""

import json
import re
import socket
from pathlib import Path

import pytest

from benchmarks.payloads import chat
from tests.benchmarks.conftest import ask

RECORDINGS = Path(__file__).parent / "recordings"
ANY = [
    (rb"date: [^\r]+", b"date: D"),
    (rb"content-length: \d+", b"content-length: N"),
    (rb'"id":"[^"]+"', b'"id":"I"'),
    (rb'"created":\d+', b'"created":0'),
    (rb'"content":"[^"]*"', b'"content":"C"'),
    (rb'_tokens":\d+', b'_tokens":0'),
    (rb"\r\n[0-9a-f]+\r\ndata", b"\r\nN\r\ndata"),
]


def form(sent: bytes) -> bytes:
    """What is left when everything that may differ from one exchange to the next is made equal."""
    for pattern, equal in ANY:
        sent = re.sub(pattern, equal, sent)
    return sent


def exchange(port: int, body: bytes) -> bytes:
    """The raw bytes of one exchange."""
    head = (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        wire.sendall(head % len(body) + body)
        received = b""
        while not received.endswith((b"0\r\n\r\n", b"null}")):
            received += wire.recv(65536)
    return received


def recorded(name: str) -> bytes:
    """A recording, made with `Connection: close`; what is compared was not."""
    return (RECORDINGS / f"{name}.txt").read_bytes().replace(b"connection: close\r\n", b"")


def request(**more: object) -> bytes:
    """A request like the recorded ones: cut short by `max_tokens`."""
    messages = [{"role": "user", "content": "Count from one to five."}]
    return json.dumps({"model": "smollm2-135m", "messages": messages, "max_tokens": 3, **more}).encode()


def events(raw: bytes) -> list[bytes]:
    """The chunks of a stream with equal neighbours merged: how many tokens there are does not matter."""
    chunks = form(raw).split(b"\r\n\r\n", 1)[1].split(b"\r\nN\r\n")
    return [chunk for place, chunk in enumerate(chunks) if place == 0 or chunk != chunks[place - 1]]


def test_a_whole_reply_has_the_form_of_a_recorded_one(upstream: tuple[int, int]) -> None:
    """Headers, keys and their order."""
    assert form(exchange(upstream[0], request())) == form(recorded("chat_whole"))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("chat_stream", None),
        ("chat_stream", {"include_usage": False, "continuous_usage_stats": True}),
        ("chat_stream_usage", {"include_usage": True}),
        ("chat_stream_continuous", {"include_usage": True, "continuous_usage_stats": True}),
    ],
)
def test_a_stream_has_the_form_of_a_recorded_one(upstream: tuple[int, int], name: str, options: object) -> None:
    """Headers, each kind of chunk, where usage and fingerprint stand."""
    sent = exchange(upstream[0], request(stream=True, stream_options=options))
    assert form(sent).split(b"\r\n\r\n")[0] == form(recorded(name)).split(b"\r\n\r\n")[0]
    assert events(sent) == events(recorded(name))


def test_usage_counts_what_was_sent(upstream: tuple[int, int]) -> None:
    """The last chunk's usage is the number of tokens, and each chunk's in a continuous stream is the running one."""
    options = {"include_usage": True, "continuous_usage_stats": True}
    _, body = ask(upstream[0], "POST", "/v1/chat/completions", request(stream=True, stream_options=options))
    chunks = [json.loads(line[6:]) for line in body.decode().split("\n\n") if line.startswith("data: {")]
    assert [chunk["usage"]["completion_tokens"] for chunk in chunks] == [0, 1, 2, 3, 3]


def test_a_stream_that_is_not_cut_short_stops(upstream: tuple[int, int]) -> None:
    """Its finish reason is stop, and the stop token has no text."""
    _, body = ask(upstream[0], "POST", "/v1/chat/completions", request(stream=True, max_tokens=None))
    last = json.loads(body.decode().split("\n\n")[-3][6:])
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["choices"][0]["delta"] == {"content": ""}


def test_the_benchmarks_exchange_has_its_sizes(upstream: tuple[int, int]) -> None:
    """905 bytes go, 1,377 come."""
    _, body = ask(upstream[0], "POST", "/v1/chat/completions", chat(stream=False))
    assert (len(chat(stream=False)), len(body)) == (905, 1377)


def test_it_answers_what_a_gateway_asks_a_vllm_server(upstream: tuple[int, int]) -> None:
    """Health with no body, the models, the metrics; anything else is not found as vLLM says it."""
    port = upstream[0]
    assert [ask(port, "GET", path)[0].status for path in ("/health", "/v1/models", "/metrics")] == [200, 200, 200]
    assert json.loads(ask(port, "GET", "/v1/models")[1])["data"][0]["id"] == "smollm2-135m"
    assert b"vllm:num_requests_running{" in ask(port, "GET", "/metrics")[1]
    assert ask(port, "GET", "/nope")[1] == b'{"detail":"Not Found"}'


def test_requests_sent_together_are_answered_in_order(upstream: tuple[int, int]) -> None:
    """A second request on the connection waits until the stream before it has ended."""
    first, second = request(stream=True), request()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", upstream[0]), timeout=10) as wire:
        wire.sendall(head % len(first) + first + head % len(second) + second)
        received = b""
        while not received.endswith(b'"metrics":null}'):
            received += wire.recv(65536)
    assert received.index(b"[DONE]") < received.index(b'"object":"chat.completion"')
