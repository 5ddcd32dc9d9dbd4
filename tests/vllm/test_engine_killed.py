"""An engine that dies in the middle of a reply: the client learns of it, and never reads that all went well.

vLLM's own stream does end with [DONE] then, after its error. The gateway's must not.
"""

import os
import signal
from collections.abc import Iterator

import msgspec
import pytest

from models.engine import Engine
from tests.vllm.conftest import MODEL, Gateway, Start, StartGateway, version
from tests.vllm.processes import Server, wait_until
from tests.vllm.test_disconnect import LONG, running
from tests.vllm.wire import ask, metric, opened

pytestmark = pytest.mark.vllm

KEY_VARIABLE, KEY = "GATEWRIGHT_TEST_UPSTREAM_KEY", "only-the-gateway-knows"


@pytest.fixture(scope="module")
def mortal(start_vllm: Start, engine: Engine) -> Iterator[Server]:
    """A server to be killed. It wants a key, which the gateway has and no application, and takes one request."""
    os.environ[KEY_VARIABLE] = KEY
    server = start_vllm(msgspec.structs.replace(engine, api_key_env=KEY_VARIABLE, max_in_flight=1), "mortal")
    server.ready()
    yield server
    del os.environ[KEY_VARIABLE]


@pytest.fixture(scope="module")
def before_it(start_gateway: StartGateway, mortal: Server) -> Gateway:
    keyed = version(mortal) | {"api_key_env": KEY_VARIABLE}
    return start_gateway({"versions": {"mortal-1": keyed}, "models": {MODEL: {"split": {"mortal-1": 1}}}})


def test_a_server_that_wants_a_key_gets_the_gateways(mortal: Server, before_it: Gateway) -> None:
    body = LONG | {"max_tokens": 2}
    assert ask(mortal.url, "/v1/chat/completions", body).status == 401
    assert ask(before_it.url, "/v1/chat/completions", body).status == 200
    theirs = {"Authorization": "Bearer the-applications-own"}
    assert ask(before_it.url, "/v1/chat/completions", body, headers=theirs).status == 200


def test_a_full_server_says_so_through_the_gateway(mortal: Server, before_it: Gateway) -> None:
    keyed = {"Authorization": f"Bearer {KEY}"}
    with opened(before_it.url, "POST", "/v1/chat/completions", LONG | {"stream": True}) as response:
        response.readline()
        direct = ask(mortal.url, "/v1/chat/completions", LONG, headers=keyed)
        through = ask(before_it.url, "/v1/chat/completions", LONG)
    assert (through.status, through.body) == (direct.status, direct.body)
    assert through.status == 503
    wait_until(lambda: running(mortal) == 0, 10, "the abandoned request left the engine")


def test_an_engine_killed_in_mid_stream_ends_the_stream_with_an_error_and_no_done(
        mortal: Server, before_it: Gateway) -> None:
    with opened(before_it.url, "POST", "/v1/chat/completions", LONG | {"stream": True}) as response:
        assert response.status == 200
        begun = b"".join(response.readline() for _ in range(8))
        os.kill(mortal.child_named("EngineCor"), signal.SIGKILL)
        rest = response.read()
    events = [event for event in (begun + rest).split(b"\n\n") if event]
    assert b"[DONE]" not in begun + rest
    error = msgspec.json.decode(events[-1].removeprefix(b"data: "))["error"]
    assert error.keys() >= {"message", "type", "param", "code"}
    assert sum(b'"error"' in event for event in events) == 1


def test_the_exchange_is_counted_as_failed(before_it: Gateway) -> None:
    wait_until(lambda: metric(before_it.admin, "gatewright_requests_total", outcome="failed", model=MODEL) == 1, 10,
               "the exchange was settled as failed")


def test_what_comes_after_is_refused_as_unavailable(mortal: Server, before_it: Gateway) -> None:
    """The server ends itself soon after; nobody waits for it for long, and the error has the gateway's shape."""
    mortal.process.wait(30)
    answer = ask(before_it.url, "/v1/chat/completions", LONG | {"max_tokens": 2})
    assert answer.status in (502, 503)
    assert answer.json["error"].keys() >= {"message", "type", "param", "code"}
