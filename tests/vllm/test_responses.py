"""The Responses API: the same events, and a conversation goes back to the server that remembers it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.vllm.comparison import assert_same
from tests.vllm.conftest import MODEL, Gateway
from tests.vllm.processes import Server
from tests.vllm.test_replies import both
from tests.vllm.wire import ask, metric

pytestmark = pytest.mark.vllm

RESPONSES = "/v1/responses"
QUESTION = {"model": MODEL, "input": "Count from one to five.", "max_output_tokens": 12, "temperature": 0}


@pytest.mark.parametrize("body", [
    QUESTION,
    QUESTION | {"instructions": "Be brief.", "store": False},
    QUESTION | {"input": [{"role": "user", "content": "Say only: yes"}], "max_output_tokens": 60},
    QUESTION | {"metadata": {"k": "é"}, "user": "u-1", "top_p": 0.9, "a field nobody knows": 1},
])
@pytest.mark.parametrize("stream", [False, True])
def test_a_response_is_the_servers(vllm: Server, gateway: Gateway, body: dict[str, object], stream: bool) -> None:
    answer = assert_same(*both(vllm, gateway, RESPONSES, body | {"stream": stream}))
    assert answer.status == 200
    assert answer.is_stream == stream


@pytest.mark.parametrize("body", [
    QUESTION | {"temperature": "hot"},
    QUESTION | {"max_output_tokens": 100_000},
    QUESTION | {"input": "word " * 3000},
])
def test_a_refused_response_is_the_servers(vllm: Server, gateway: Gateway, body: dict[str, object]) -> None:
    assert assert_same(*both(vllm, gateway, RESPONSES, body)).status == 400


def test_a_response_that_never_was_is_not_found(vllm: Server, gateway: Gateway) -> None:
    body = QUESTION | {"previous_response_id": "resp_0123456789abcdef"}
    direct, through = ask(vllm.url, RESPONSES, body), ask(gateway.url, RESPONSES, body)
    assert through.status == direct.status == 404
    assert through.json["error"].keys() == direct.json["error"].keys()


def answered(server: Server) -> float:
    return metric(server.url, "vllm:request_success_total")


def test_a_conversation_goes_on_where_it_is_remembered(
        fleet: Gateway, vllm: Server, vllm_with_adapter: Server) -> None:
    """Two servers, each remembering only its own: every next turn finds the turn before it."""
    before = answered(vllm), answered(vllm_with_adapter)
    first = QUESTION | {"input": "Remember the number 4.", "max_output_tokens": 8, "store": True}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: ask(fleet.url, RESPONSES, first), range(8)))
    assert [answer.status for answer in answers] == [200] * 8
    assert answered(vllm) > before[0], "all went to one server: nothing is shown"
    assert answered(vllm_with_adapter) > before[1], "all went to one server: nothing is shown"
    for answer in answers:
        turn = QUESTION | {"input": "Which number?", "previous_response_id": answer.json["id"]}
        followed = ask(fleet.url, RESPONSES, turn)
        assert followed.status == 200, followed.body
        assert followed.json["previous_response_id"] == answer.json["id"]
        assert followed.json["usage"]["input_tokens"] > answer.json["usage"]["input_tokens"]


def test_a_streamed_conversation_goes_on_where_it_is_remembered(fleet: Gateway) -> None:
    for _ in range(4):
        streamed = ask(fleet.url, RESPONSES, QUESTION | {"stream": True, "max_output_tokens": 4})
        created = streamed.events[0].split(b'"id":"')[1].split(b'"')[0].decode()
        turn = QUESTION | {"input": "And then?", "previous_response_id": created, "max_output_tokens": 4}
        assert ask(fleet.url, RESPONSES, turn).status == 200
