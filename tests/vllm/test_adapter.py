"""A LoRA adapter is a version like any other: pinned, it answers, and under the model's name."""

import pytest

from tests.vllm.comparison import assert_same
from tests.vllm.conftest import ADAPTER, Gateway
from tests.vllm.processes import Server
from tests.vllm.test_replies import CHAT, QUESTION
from tests.vllm.wire import Answer, ask

pytestmark = pytest.mark.vllm


@pytest.mark.parametrize("stream", [False, True])
def test_a_pinned_adapter_answers_as_the_server_does(
        fleet: Gateway, vllm_with_adapter: Server, stream: bool) -> None:
    def direct() -> Answer:
        answer = ask(vllm_with_adapter.url, CHAT, QUESTION | {"model": ADAPTER, "stream": stream})
        named = answer.body.replace(b'"model":"terse"', b'"model":"assistant@adapter"')
        return Answer(answer.status, answer.headers, named)

    def through() -> Answer:
        return ask(fleet.url, CHAT, QUESTION | {"model": "assistant@adapter", "stream": stream})

    answer = assert_same(direct, through)
    assert answer.status == 200
    assert answer.headers["x-gatewright-version"] == "assistant@adapter"


def test_the_adapter_says_something_else_than_its_base(fleet: Gateway) -> None:
    said = [ask(fleet.url, CHAT, QUESTION | {"model": f"assistant@{version}"}).json["choices"][0]["message"]["content"]
            for version in ("smol-1", "adapter")]
    assert said[0] != said[1]


def test_a_pin_on_a_version_that_is_not_there_is_not_found(fleet: Gateway) -> None:
    assert ask(fleet.url, CHAT, QUESTION | {"model": "assistant@nope"}).status == 404
