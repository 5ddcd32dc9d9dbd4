"""The Messages API: the same message, the same events, the same refusals."""

import pytest

from tests.vllm.comparison import assert_same
from tests.vllm.conftest import MODEL, Gateway
from tests.vllm.processes import Server
from tests.vllm.test_replies import both

pytestmark = pytest.mark.vllm

MESSAGES = "/v1/messages"
QUESTION = {"model": MODEL, "messages": [{"role": "user", "content": "Count from one to five."}], "max_tokens": 12,
            "temperature": 0}


@pytest.mark.parametrize("body", [
    QUESTION,
    QUESTION | {"system": "Be brief.", "stop_sequences": ["2"]},
    QUESTION | {"messages": [{"role": "user", "content": [{"type": "text", "text": "Say only: yes"}]}],
                "max_tokens": 60},
    QUESTION | {"metadata": {"user_id": "u-1"}, "a field nobody knows": 1},
])
@pytest.mark.parametrize("stream", [False, True])
def test_a_message_is_the_servers(vllm: Server, gateway: Gateway, body: dict[str, object], stream: bool) -> None:
    answer = assert_same(*both(vllm, gateway, MESSAGES, body | {"stream": stream}))
    assert answer.status == 200
    assert answer.is_stream == stream


@pytest.mark.parametrize("body", [
    {"model": MODEL, "messages": QUESTION["messages"]},
    {"model": MODEL, "max_tokens": 4},
    QUESTION | {"temperature": "hot"},
    QUESTION | {"max_tokens": 100_000},
])
@pytest.mark.parametrize("stream", [False, True])
def test_a_refused_message_is_the_servers(
        vllm: Server, gateway: Gateway, body: dict[str, object], stream: bool) -> None:
    assert assert_same(*both(vllm, gateway, MESSAGES, body | {"stream": stream})).status == 400
