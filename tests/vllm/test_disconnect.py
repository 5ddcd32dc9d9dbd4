"""A client that goes away stops the model, at once."""

import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.vllm.conftest import MODEL, Gateway
from tests.vllm.processes import Server, wait_until
from tests.vllm.wire import ask, metric, opened

pytestmark = pytest.mark.vllm

# Left alone, this takes the model the best part of a minute.
LONG = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me a story."}], "max_tokens": 1900,
        "ignore_eos": True, "temperature": 0}


def running(server: Server) -> float:
    return metric(server.url, "vllm:num_requests_running") + metric(server.url, "vllm:num_requests_waiting")


def generated(server: Server) -> float:
    return metric(server.url, "vllm:generation_tokens_total")


def assert_stopped(server: Server, before: float) -> None:
    wait_until(lambda: running(server) == 0, 10, "the abandoned request left the engine")
    stopped_at = generated(server)
    assert stopped_at - before < LONG["max_tokens"] / 2
    # The next token that the engine makes is the one asked for here: none was made for the client that left.
    ask(server.url, "/v1/completions", {"model": MODEL, "prompt": "One", "max_tokens": 1})
    assert generated(server) == stopped_at + 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_leaving_a_stream_stops_the_model(vllm: Server, gateway: Gateway, path: str) -> None:
    before = generated(vllm)
    with opened(gateway.url, "POST", path, LONG | {"stream": True}) as response:
        lines = [response.readline() for _ in range(12)]
        assert any(b"data: " in line for line in lines)
        assert running(vllm) == 1
    assert_stopped(vllm, before)


def test_leaving_before_a_whole_reply_stops_the_model(vllm: Server, gateway: Gateway) -> None:
    before = generated(vllm)
    place, body = urlsplit(gateway.url), json.dumps(LONG).encode()
    with socket.create_connection((str(place.hostname), place.port)) as connection:
        connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
                           b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        wait_until(lambda: running(vllm) == 1, 30, "the request reached the engine")
    assert_stopped(vllm, before)


def test_an_abandoned_exchange_is_counted_as_abandoned(vllm: Server, gateway: Gateway) -> None:
    def abandoned() -> float:
        return metric(gateway.admin, "gatewright_requests_total", outcome="abandoned", model=MODEL)

    before = abandoned()
    with opened(gateway.url, "POST", "/v1/chat/completions", LONG | {"stream": True}) as response:
        response.readline()
    wait_until(lambda: abandoned() == before + 1, 10, "the exchange was settled as abandoned")
    wait_until(lambda: running(vllm) == 0, 10, "the abandoned request left the engine")
