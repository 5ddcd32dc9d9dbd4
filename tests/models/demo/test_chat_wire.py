"""POST /v1/chat/completions: byte for byte what vLLM 0.32.0 sends, but for what the model says."""

import json
from typing import Any

import pytest

from tests.models.demo.conftest import FINGERPRINT, NOW, Serve
from tests.models.demo.scripted import counting

HEAD = f'"object":"chat.completion.chunk","created":{NOW},"model":"scripted","choices":'
MARK = f'"system_fingerprint":"{FINGERPRINT}"'


async def events(serve: Serve, say: str = "Hi", **wish: Any) -> list[str]:
    """The data of each event, without the part that all chunks share."""
    reply = await (await serve(say)).chat(stream=True, **wish)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert reply.text.endswith("\n\n")
    lines = reply.text.removesuffix("\n\n").split("\n\n")
    identity = f'data: {{"id":"{json.loads(lines[0][6:])["id"]}",{HEAD}'
    assert lines.pop() == "data: [DONE]"
    assert all(line.startswith(identity) for line in lines)
    return [line.removeprefix(identity) for line in lines]


async def test_a_whole_reply_has_every_field_also_those_that_are_null(serve: Serve) -> None:
    server = await serve("Hello")
    reply = await server.http.post(
        "/v1/chat/completions",
        headers={"x-request-id": "mine"},
        json={"messages": [{"role": "user", "content": "Hi"}]},
    )
    assert reply.headers["content-type"] == "application/json"
    assert reply.text == (
        f'{{"id":"chatcmpl-mine","object":"chat.completion","created":{NOW},"model":"scripted","choices":[{{"index":0,'
        '"message":{"role":"assistant","content":"Hello","refusal":null,"annotations":null,"audio":null,'
        '"function_call":null,"reasoning":null},"logprobs":null,"finish_reason":"stop","stop_reason":null,'
        f'"token_ids":null,"routed_experts":null}}],"service_tier":null,{MARK},"usage":{{"prompt_tokens":9,'
        '"total_tokens":15,"completion_tokens":6,"prompt_tokens_details":null,"completion_tokens_details":null},'
        '"prompt_logprobs":null,"prompt_token_ids":null,"prompt_text":null,"kv_transfer_params":null,'
        '"ec_transfer_params":null,"metrics":null}'
    )


async def test_a_stream_opens_with_the_role_and_ends_with_the_fingerprint(serve: Serve) -> None:
    assert await events(serve) == [
        '[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],'
        '"prompt_token_ids":null,"prompt_text":null}',
        '[{"index":0,"delta":{"content":"H"},"logprobs":null,"finish_reason":null,"token_ids":null}]}',
        '[{"index":0,"delta":{"content":"i"},"logprobs":null,"finish_reason":null,"token_ids":null}]}',
        '[{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null,'
        f'"token_ids":null}}],{MARK}}}',
    ]


async def test_usage_comes_in_a_last_chunk_which_then_has_the_fingerprint(serve: Serve) -> None:
    *_, last, usage = await events(serve, stream_options={"include_usage": True})
    assert last.endswith('"token_ids":null}]}')
    assert usage == f'[],"usage":{{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3}},{MARK}}}'


async def test_continuous_usage_is_in_every_chunk(serve: Serve) -> None:
    options = {"include_usage": True, "continuous_usage_stats": True}
    first, second, *_ = await events(serve, stream_options=options)
    usage = '"usage":{"prompt_tokens":9,"total_tokens":%d,"completion_tokens":%d,"completion_tokens_details":null}'
    assert first.endswith(f'],{usage % (9, 0)},"prompt_token_ids":null,"prompt_text":null}}')
    assert second.endswith(f"],{usage % (10, 1)}}}")


@pytest.mark.parametrize("options", [None, {}, {"continuous_usage_stats": True}, {"include_usage": False}])
async def test_without_include_usage_no_chunk_has_usage(serve: Serve, options: dict[str, bool] | None) -> None:
    assert not any("usage" in each for each in await events(serve, stream_options=options))


async def test_the_last_token_comes_with_a_finish_for_length(serve: Serve) -> None:
    *_, last = await events(serve, max_tokens=2)
    assert last.startswith('[{"index":0,"delta":{"content":"i"},"logprobs":null,"finish_reason":"length","stop_reason"')


async def test_a_stop_string_is_named_and_not_shown(serve: Serve) -> None:
    *others, last = await events(serve, "one two", stop=["two"])
    shown = "".join(json.loads(each.partition("]")[0] + "]")[0]["delta"]["content"] for each in others)
    assert shown == "one "
    assert '"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":"two"' in last


async def test_a_character_of_several_tokens_comes_with_the_last(serve: Serve) -> None:
    shown = [json.loads(each.partition("}]")[0] + "}]")[0]["delta"]["content"] for each in await events(serve, "é!")]
    assert shown == ["", "", "é", "!", ""]


async def test_several_choices_have_each_a_role_and_a_finish_and_share_one_usage(serve: Serve) -> None:
    chunks = await events(serve, n=2, stream_options={"include_usage": True})
    assert [chunk[10] for chunk in chunks[:2]] == ["0", "1"]
    assert sum('"finish_reason":"stop"' in chunk for chunk in chunks) == 2
    assert '"prompt_tokens":9,"total_tokens":15,"completion_tokens":6' in chunks[-1]


async def test_logprobs_tell_of_each_token_and_of_the_likeliest(serve: Serve) -> None:
    server = await serve("é")
    choice = (await server.chat(logprobs=True, top_logprobs=2, max_tokens=2)).json()["choices"][0]
    assert choice["logprobs"]["content"] == [
        {
            "token": "",
            "logprob": -0.5,
            "bytes": [],
            "top_logprobs": [{"token": "", "logprob": -0.5, "bytes": []}, {"token": "", "logprob": -1.5, "bytes": []}],
        },
        {
            "token": "é",
            "logprob": -0.5,
            "bytes": [195, 169],
            "top_logprobs": [
                {"token": "é", "logprob": -0.5, "bytes": [195, 169]},
                {"token": "ê", "logprob": -1.5, "bytes": [195, 170]},
            ],
        },
    ]


async def test_token_ids_and_the_prompts_text_come_if_asked_for(serve: Serve) -> None:
    first, second, *_ = await events(serve, return_token_ids=True, return_prompt_text=True)
    assert first.endswith('"prompt_token_ids":[117,115,101,114,58,72,105,10,2],"prompt_text":"user:Hi\\n\\u0002"}')
    assert second.endswith('"token_ids":[72]}]}')


async def test_echo_repeats_a_last_message_that_is_continued(serve: Serve) -> None:
    server = await serve(counting)
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "It is"}]
    wish = {"messages": messages, "echo": True, "add_generation_prompt": False, "max_tokens": 1}
    whole = (await server.chat(**wish)).json()
    assert whole["choices"][0]["message"]["content"][:-1] == "It is"
    assert whole["prompt_logprobs"][:2] == [None, {"115": {"logprob": -0.5, "rank": 1, "decoded_token": "s"}}]
    assert '"delta":{"content":"It is"}' in (await server.chat(stream=True, **wish)).text


async def test_parts_of_text_are_joined_by_line_feeds(serve: Serve) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    reply = await (await serve()).chat(messages=[{"role": "user", "content": parts}], return_prompt_text=True)
    assert reply.json()["prompt_text"] == "user:a\nb\n\x02"


async def test_tools_that_may_not_be_called_are_ignored(serve: Serve) -> None:
    tool = {"type": "function", "function": {"name": "f"}}
    reply = await (await serve("Hi")).chat(tools=[tool], tool_choice="none")
    assert reply.json()["choices"][0]["message"]["content"] == "Hi"


async def test_an_answer_carries_the_first_name_whatever_name_was_asked_for(serve: Serve) -> None:
    server = await serve()
    assert (await server.chat(model="alias")).json()["model"] == "scripted"


async def test_the_ids_are_the_callers_own_or_sixteen_digits(serve: Serve) -> None:
    server = await serve()
    assert (await server.chat(request_id="own")).json()["id"] == "chatcmpl-own"
    assert len((await server.chat()).json()["id"]) == len("chatcmpl-") + 16
