"""Chat and completions: what the gateway gives is, byte for byte, what the server gives."""

from collections.abc import Callable

import pytest

from tests.vllm.comparison import assert_same, by_choice
from tests.vllm.conftest import MODEL, Gateway
from tests.vllm.processes import Server
from tests.vllm.wire import Answer, ask

pytestmark = pytest.mark.vllm

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
QUESTION = {"model": MODEL, "messages": [{"role": "user", "content": "Count from one to five."}],
            "max_tokens": 12, "temperature": 0, "seed": 1}
PROMPT = {"model": MODEL, "prompt": "One two three", "max_tokens": 12, "temperature": 0, "seed": 1}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 12}}, "required": ["city"]}}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "digit", "schema": {
    "type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}}}

PARAMETERS: dict[str, dict[str, object]] = {
    "greedy": {},
    "seeded sampling": {"temperature": 0.9, "seed": 7},
    "ends by itself": {"messages": [{"role": "user", "content": "Say only: yes"}], "max_tokens": 60},
    "stop string": {"stop": ["2"], "max_tokens": 40},
    "stop string left in": {"stop": ["2"], "include_stop_str_in_output": True, "max_tokens": 40},
    "logprobs": {"logprobs": True, "top_logprobs": 2},
    "JSON schema": {"response_format": SCHEMA, "max_tokens": 60},
    "JSON object": {"response_format": {"type": "json_object"}, "max_tokens": 30},
    "tools offered": {"tools": [WEATHER]},
    "tool named": {"tools": [WEATHER], "max_tokens": 80,
                   "tool_choice": {"type": "function", "function": {"name": "get_weather"}}},
    "tool required": {"tools": [WEATHER], "max_tokens": 80, "tool_choice": "required"},
    "token ids": {"return_token_ids": True},
    "many bytes a character": {"messages": [{"role": "user", "content": "Repeat exactly: 😀 é 日本"}]},
    "a field nobody knows": {"gatewright_test": {"nested": [1, None, "é"]}, "user": "u-1"},
}
COMPLETION_PARAMETERS: dict[str, dict[str, object]] = {
    "greedy": {},
    "seeded sampling": {"temperature": 0.9, "seed": 7},
    "stop string": {"stop": ["1"]},
    "logprobs": {"logprobs": 2},
    "echo": {"echo": True},
    "prompt as tokens": {"prompt": [2705, 827, 1296]},
    "a field nobody knows": {"gatewright_test": {"nested": [1, None, "é"]}},
}
USAGE: dict[str, dict[str, object]] = {
    "usage not asked": {},
    "usage refused": {"stream_options": {"include_usage": False}},
    "usage asked": {"stream_options": {"include_usage": True}},
    "usage all along": {"stream_options": {"include_usage": True, "continuous_usage_stats": True}},
    "usage all along but not asked": {"stream_options": {"continuous_usage_stats": True}},
    "usage null": {"stream_options": None},
}

Pair = tuple[Callable[[], Answer], Callable[[], Answer]]


def both(vllm: Server, gateway: Gateway, path: str, body: object) -> Pair:
    return (lambda: ask(vllm.url, path, body)), (lambda: ask(gateway.url, path, body))


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_whole_chat_reply_is_the_servers(vllm: Server, gateway: Gateway, name: str) -> None:
    answer = assert_same(*both(vllm, gateway, CHAT, QUESTION | PARAMETERS[name]))
    assert answer.status == 200
    assert answer.json["usage"]["completion_tokens"] > 0


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_streamed_chat_reply_is_the_servers_though_the_gateway_asks_for_usage(
        vllm: Server, gateway: Gateway, name: str) -> None:
    answer = assert_same(*both(vllm, gateway, CHAT, QUESTION | PARAMETERS[name] | {"stream": True}))
    assert answer.status == 200
    assert answer.events[-1] == b"data: [DONE]\n\n"
    assert b'"usage"' not in answer.body


@pytest.mark.parametrize("name", USAGE)
@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_usage_is_streamed_as_it_was_asked_for(vllm: Server, gateway: Gateway, path: str, name: str) -> None:
    body = (QUESTION if path == CHAT else PROMPT) | USAGE[name] | {"stream": True}
    answer = assert_same(*both(vllm, gateway, path, body))
    assert (b'"choices":[],"usage":{' in answer.body) == (name in ("usage asked", "usage all along"))
    assert answer.body.count(b'"system_fingerprint"') == 1


@pytest.mark.parametrize("name", COMPLETION_PARAMETERS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_completion_is_the_servers(vllm: Server, gateway: Gateway, name: str, stream: bool) -> None:
    body = PROMPT | COMPLETION_PARAMETERS[name] | {"stream": stream}
    assert assert_same(*both(vllm, gateway, COMPLETIONS, body)).status == 200


@pytest.mark.parametrize("usage", USAGE)
@pytest.mark.parametrize("path", [CHAT, COMPLETIONS])
def test_two_choices_are_streamed_as_the_server_streams_them(
        vllm: Server, gateway: Gateway, path: str, usage: str) -> None:
    """Each choice ends with its own fingerprint, at a time of its own, while the other goes on."""
    body = (QUESTION if path == CHAT else PROMPT) | {"n": 2, "temperature": 1.2, "stop": ["."], "max_tokens": 24}
    assert_same(*both(vllm, gateway, path, body | USAGE[usage] | {"stream": True}), order=by_choice)


def test_two_prompts_are_streamed_as_the_server_streams_them(vllm: Server, gateway: Gateway) -> None:
    body = PROMPT | {"prompt": ["One two", "Three four"], "stream": True}
    assert_same(*both(vllm, gateway, COMPLETIONS, body), order=by_choice)


def test_two_choices_whole_are_the_servers(vllm: Server, gateway: Gateway) -> None:
    answer = assert_same(*both(vllm, gateway, CHAT, QUESTION | {"n": 2, "temperature": 1.2}))
    assert len(answer.json["choices"]) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_under_another_name_only_the_name_differs(vllm: Server, gateway: Gateway, stream: bool) -> None:
    """An application that asks for `assistant` reads `assistant`, at each place where the server writes its own."""
    def renamed() -> Answer:
        direct = ask(vllm.url, CHAT, QUESTION | {"stream": stream})
        body = direct.body.replace(b'"model":"smollm2-135m"', b'"model":"assistant"')
        return Answer(direct.status, direct.headers, body)

    assert_same(renamed, lambda: ask(gateway.url, CHAT, QUESTION | {"stream": stream, "model": "assistant"}))


@pytest.mark.parametrize(("path", "body"), [
    ("/tokenize", {"model": MODEL, "prompt": "Hello world"}),
    ("/tokenize", {"model": MODEL, "messages": QUESTION["messages"], "return_token_strs": True}),
    ("/detokenize", {"model": MODEL, "tokens": [19556, 905]}),
])
def test_text_and_tokens_are_turned_into_each_other_as_the_server_does(
        vllm: Server, gateway: Gateway, path: str, body: object) -> None:
    assert assert_same(*both(vllm, gateway, path, body)).status == 200
