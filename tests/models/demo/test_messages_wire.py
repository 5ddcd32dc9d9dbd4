"""POST /v1/messages: byte for byte what vLLM 0.32.0 sends, but for what the model says."""

from typing import Any

import httpx2

from tests.models.demo.conftest import Serve

PATH = "/v1/messages"


async def ask(serve: Serve, say: str = "Hi", **wish: Any) -> httpx2.Response:
    server = await serve(say)
    body = {"model": "scripted", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]} | wish
    return await server.http.post(PATH, json=body, headers={"x-request-id": "1"})


async def test_a_whole_message_has_no_nulls(serve: Serve) -> None:
    assert (await ask(serve)).text == (
        '{"id":"chatcmpl-1","type":"message","role":"assistant","content":[{"type":"text","text":"Hi"}],'
        '"model":"scripted","stop_reason":"end_turn","usage":{"input_tokens":9,"output_tokens":3}}'
    )


async def test_a_stop_sequence_is_named(serve: Serve) -> None:
    reply = (await ask(serve, "one two", stop_sequences=["two"])).json()
    assert (reply["content"][0]["text"], reply["stop_reason"], reply["stop_sequence"]) == (
        "one ",
        "stop_sequence",
        "two",
    )


async def test_a_stream_has_a_block_of_text_between_its_beginning_and_its_end(serve: Serve) -> None:
    reply = await ask(serve, stream=True)
    assert reply.headers["content-type"] == "text/event-stream; charset=utf-8"
    wanted = [
        ("message_start", ',"message":{"id":"chatcmpl-1","type":"message","role":"assistant","content":[],'
         '"model":"scripted","stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":0}}'),
        ("content_block_start", ',"content_block":{"type":"text","text":""},"index":0'),
        ("content_block_delta", ',"delta":{"type":"text_delta","text":"H"},"index":0'),
        ("content_block_delta", ',"delta":{"type":"text_delta","text":"i"},"index":0'),
        ("content_block_stop", ',"index":0'),
        ("message_delta", ',"delta":{"stop_reason":"end_turn","stop_sequence":null},'
         '"usage":{"input_tokens":9,"output_tokens":3}'),
        ("message_stop", ""),
    ]  # fmt: skip
    assert reply.text == "".join(f'event: {kind}\ndata: {{"type":"{kind}"{rest}}}\n\n' for kind, rest in wanted)


async def test_an_answer_without_text_has_no_block(serve: Serve) -> None:
    assert "content_block" not in (await ask(serve, "", stream=True)).text


async def test_the_system_prompt_comes_first_in_either_form(serve: Serve) -> None:
    server = await serve()
    body = {"model": "scripted", "messages": [{"role": "user", "content": "Hi"}]}
    for system in ("Be brief.", [{"type": "text", "text": "Be "}, {"type": "text", "text": "brief."}]):
        reply = await server.post("/v1/messages/count_tokens", **body, system=system)
        count = len("system:Be brief.\nuser:Hi\n\x02")
        assert reply.text == f'{{"input_tokens":{count},"context_management":{{"original_input_tokens":{count}}}}}'


async def test_refusals_have_anthropics_shape_but_for_bodies_of_the_wrong_shape(serve: Serve) -> None:
    unknown = await ask(serve, model="nope")
    message = "The model `nope` does not exist. Valid aliases: scripted, alias."
    assert (unknown.status_code, unknown.json()) == (
        404,
        {"type": "error", "error": {"type": "NotFoundError", "message": message}},
    )
    missing = await (await serve()).post(PATH, model="scripted", messages=[])
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "body.max_tokens")
    tools = await ask(serve, tools=[{"name": "f", "input_schema": {}}])
    assert (tools.status_code, tools.json()["type"]) == (400, "error")
