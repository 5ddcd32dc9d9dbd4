"""What the server refuses is refused through the gateway with the same status and the same words."""

import json

import pytest

from tests.vllm.comparison import assert_same
from tests.vllm.conftest import Gateway
from tests.vllm.processes import Server
from tests.vllm.test_replies import CHAT, COMPLETIONS, PROMPT, QUESTION, both
from tests.vllm.wire import ask

pytestmark = pytest.mark.vllm

REFUSED_BY_THE_SERVER: dict[str, tuple[str, dict[str, object]]] = {
    "more tokens than fit": (CHAT, QUESTION | {"max_tokens": 100_000}),
    "no tokens": (CHAT, QUESTION | {"max_tokens": 0}),
    "fewer than no tokens": (CHAT, QUESTION | {"max_tokens": -1}),
    "too long a prompt": (CHAT, QUESTION | {"messages": [{"role": "user", "content": "word " * 3000}]}),
    "too long a completion prompt": (COMPLETIONS, PROMPT | {"prompt": "word " * 3000}),
    "a temperature that is no number": (CHAT, QUESTION | {"temperature": "hot"}),
    "a temperature out of range": (CHAT, QUESTION | {"temperature": -1}),
    "no messages": (CHAT, QUESTION | {"messages": []}),
    "a message without a role": (CHAT, QUESTION | {"messages": [{"content": "x"}]}),
    "a tool choice without tools": (CHAT, QUESTION | {"tool_choice": "required"}),
    "tokens that are none": ("/detokenize", {"model": QUESTION["model"], "tokens": ["x"]}),
}


REFUSED_BY_THE_ENGINE: dict[str, dict[str, object]] = {
    "a schema that is none": QUESTION | {"response_format": {"type": "json_schema", "json_schema": {
        "name": "x", "schema": {"type": "nothing"}}}},
    "too many logprobs": QUESTION | {"logprobs": True, "top_logprobs": 1000},
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", REFUSED_BY_THE_SERVER)
def test_a_refusal_is_the_servers(vllm: Server, gateway: Gateway, name: str, stream: bool) -> None:
    """Also of a stream: the status is the refusal's, and the body is JSON, no event."""
    path, body = REFUSED_BY_THE_SERVER[name]
    answer = assert_same(*both(vllm, gateway, path, body | ({"stream": True} if stream else {})))
    assert 400 <= answer.status < 500
    assert not answer.is_stream


@pytest.mark.parametrize("name", REFUSED_BY_THE_ENGINE)
def test_a_stream_that_begins_with_a_refusal_has_its_status(vllm: Server, gateway: Gateway, name: str) -> None:
    """vLLM has said 200 by then, and ends such a stream with [DONE]. Through the gateway it is refused like a whole."""
    body = REFUSED_BY_THE_ENGINE[name]
    whole = assert_same(*both(vllm, gateway, CHAT, body))
    assert whole.status == 400
    assert ask(vllm.url, CHAT, body | {"stream": True}).status == 200
    streamed = ask(gateway.url, CHAT, body | {"stream": True})
    assert (streamed.status, streamed.json) == (whole.status, whole.json)


def test_stream_options_without_a_stream_are_refused_by_the_server(vllm: Server, gateway: Gateway) -> None:
    body = QUESTION | {"stream_options": {"include_usage": True}}
    assert assert_same(*both(vllm, gateway, CHAT, body)).status == 400


def test_what_the_gateway_refuses_itself_has_the_servers_status_and_shape(vllm: Server, gateway: Gateway) -> None:
    for path, body in [
        (CHAT, QUESTION | {"model": "nope"}),
        (CHAT, QUESTION | {"model": "nope", "stream": True}),
        (COMPLETIONS, PROMPT | {"model": "nope"}),
        ("/v1/responses", {"model": "nope", "input": "x"}),
        (CHAT, b'{"model": "smollm2-135m", '),
        (CHAT, b"[]"),
    ]:
        direct, through = ask(vllm.url, path, body), ask(gateway.url, path, body)
        assert through.status == direct.status, (path, body)
        assert through.json["error"].keys() == direct.json["error"].keys(), (path, body)


def test_an_unknown_model_is_named_as_the_parameter_at_fault(gateway: Gateway) -> None:
    error = ask(gateway.url, CHAT, QUESTION | {"model": "nope"}).json["error"]
    assert error["param"] == "model"
    assert "nope" in error["message"]


def test_a_wrong_method_is_refused_with_the_ones_that_are_allowed(vllm: Server, gateway: Gateway) -> None:
    direct, through = (ask(server.url, CHAT, method="GET") for server in (vllm, gateway))
    assert (through.status, through.headers["allow"]) == (direct.status, direct.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/nothing"])
def test_what_the_server_does_not_serve_is_not_found(vllm: Server, gateway: Gateway, path: str) -> None:
    body = {"model": QUESTION["model"], "input": "x"}
    assert ask(vllm.url, path, body).status == ask(gateway.url, path, body).status == 404


@pytest.mark.parametrize("path", [
    "/v1/load_lora_adapter", "/v1/unload_lora_adapter", "/sleep", "/wake_up", "/pause", "/abort_requests",
    "/reset_prefix_cache", "/collective_rpc", "/server_info", "/inference/v1/generate", "/invocations", "/metrics",
    "/load", "/version", "/v1/chat/completions/render", "/v1/chat/completions/", "//v1/chat/completions",
    "/v1/../metrics", "/openapi.json", "/docs",
])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_servers_own_control_paths_cannot_be_reached(gateway: Gateway, path: str, method: str) -> None:
    answer = ask(gateway.url, path, QUESTION if method == "POST" else None, method=method)
    assert answer.status == 404
    assert json.loads(answer.body)["error"]["code"]
