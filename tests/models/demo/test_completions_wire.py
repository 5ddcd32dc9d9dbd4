"""POST /v1/completions: byte for byte what vLLM 0.32.0 sends, but for what the model says."""

import json
from typing import Any

from tests.models.demo.conftest import FINGERPRINT, NOW, Serve

HEAD = f'"object":"text_completion","created":{NOW},"model":"scripted","choices":['
MARK = f'"system_fingerprint":"{FINGERPRINT}"'
PATH = "/v1/completions"
PROMPT = "ab\x02"


async def events(serve: Serve, **wish: Any) -> list[str]:
    reply = await (await serve("Hi")).post(PATH, **{"prompt": PROMPT, "stream": True} | wish)
    lines = reply.text.removesuffix("\n\n").split("\n\n")
    identity = f'data: {{"id":"{json.loads(lines[0][6:])["id"]}",{HEAD}'
    assert lines.pop() == "data: [DONE]"
    return [line.removeprefix(identity) for line in lines]


async def test_a_whole_reply_has_every_field_also_those_that_are_null(serve: Serve) -> None:
    server = await serve("Hi")
    reply = await server.http.post(PATH, json={"prompt": PROMPT}, headers={"x-request-id": "mine"})
    assert reply.text == (
        f'{{"id":"cmpl-mine",{HEAD}{{"index":0,"text":"Hi","logprobs":null,"finish_reason":"stop","stop_reason":null,'
        '"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null,"routed_experts":null}],"service_tier":null,'
        f'{MARK},"usage":{{"prompt_tokens":3,"total_tokens":6,"completion_tokens":3,"prompt_tokens_details":null,'
        '"completion_tokens_details":null},"kv_transfer_params":null,"ec_transfer_params":null,"metrics":null}'
    )


async def test_a_stream_has_no_opening_and_every_field_in_every_chunk(serve: Serve) -> None:
    rest = '"prompt_token_ids":null,"token_ids":null}]'
    assert await events(serve) == [
        f'{{"index":0,"text":"H","logprobs":null,"finish_reason":null,"stop_reason":null,{rest}}}',
        f'{{"index":0,"text":"i","logprobs":null,"finish_reason":null,"stop_reason":null,{rest}}}',
        f'{{"index":0,"text":"","logprobs":null,"finish_reason":"stop","stop_reason":null,{rest},{MARK}}}',
    ]


async def test_usage_comes_last_and_in_every_chunk_if_it_is_continuous(serve: Serve) -> None:
    options = {"include_usage": True, "continuous_usage_stats": True}
    first, *_, last = await events(serve, stream_options=options)
    assert first.endswith('"usage":{"prompt_tokens":3,"total_tokens":4,"completion_tokens":1}}')
    assert last == f'],"usage":{{"prompt_tokens":3,"total_tokens":6,"completion_tokens":3}},{MARK}}}'


async def test_sixteen_tokens_are_the_default(serve: Serve) -> None:
    reply = await (await serve("x" * 50)).post(PATH, prompt=PROMPT, max_tokens=None)
    assert reply.json()["usage"]["completion_tokens"] == 16


async def test_several_prompts_and_copies_are_numbered_prompt_by_prompt(serve: Serve) -> None:
    reply = (await (await serve("Hi")).post(PATH, prompt=["a\x02", [98, 2]], n=2, max_tokens=1)).json()
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2, 3]
    assert reply["usage"]["prompt_tokens"] == 4


async def test_echo_puts_the_prompt_before_the_first_text_and_its_tokens_before_the_logprobs(serve: Serve) -> None:
    (only,) = await events(serve, echo=True, logprobs=1, max_tokens=1)
    chunk = json.loads(f'{{"c":[{only}')["c"][0]
    assert chunk["text"] == PROMPT + "H"
    assert chunk["prompt_token_ids"] == [97, 98, 2]
    assert chunk["logprobs"] == {
        "text_offset": [0, 1, 2, 3],
        "token_logprobs": [None, -0.5, -0.5, -0.5],
        "tokens": ["a", "b", "\x02", "H"],
        "top_logprobs": [None, {"b": -0.5}, {"\x02": -0.5}, {"H": -0.5}],
    }


async def test_offsets_go_on_from_chunk_to_chunk(serve: Serve) -> None:
    chunks = [json.loads(f'{{"c":[{each}')["c"][0] for each in await events(serve, logprobs=0)]
    assert [chunk["logprobs"]["text_offset"] for chunk in chunks] == [[0], [1], [2]]
    assert chunks[-1]["logprobs"]["tokens"] == ["<end>"]


async def test_an_echo_of_nothing_more_than_the_prompt_still_counts_a_token(serve: Serve) -> None:
    reply = (await (await serve("Hi")).post(PATH, prompt=PROMPT, echo=True, max_tokens=0, logprobs=0)).json()
    (choice,) = reply["choices"]
    assert (choice["text"], choice["logprobs"]["tokens"]) == (PROMPT, ["a", "b", "\x02"])
    assert reply["usage"]["completion_tokens"] == 1


async def test_a_prompt_that_is_to_be_cut_keeps_its_end(serve: Serve) -> None:
    server = await serve("Hi")
    wish = {"prompt": "abcd", "truncate_prompt_tokens": 2, "return_token_ids": True, "max_tokens": 1}
    assert (await server.post(PATH, **wish)).json()["choices"][0]["prompt_token_ids"] == [99, 100]
    kept = (await server.post(PATH, **wish, truncation_side="right")).json()["choices"][0]["prompt_token_ids"]
    assert kept == [97, 98]
