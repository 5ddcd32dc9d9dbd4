"""/v1/responses: byte for byte what vLLM 0.32.0 sends, and the memory behind previous_response_id."""

from typing import Any

from tests.models.demo.conftest import NOW, Serve

PATH = "/v1/responses"

BEGUN = (
    f'{{"id":"resp_1","created_at":{NOW},"incomplete_details":null,"instructions":null,"metadata":null,'
    '"model":"scripted","object":"response","output":[],"parallel_tool_calls":true,"temperature":0.0,'
    '"tool_choice":"none","tools":[],"top_p":1.0,"background":false,"max_output_tokens":9,"max_tool_calls":null,'
    '"previous_response_id":null,"prompt":null,"reasoning":null,"service_tier":"auto","status":"in_progress",'
    '"text":null,"top_logprobs":null,"truncation":"disabled","usage":null,"user":null,"presence_penalty":0.0,'
    '"frequency_penalty":0.0,"kv_transfer_params":null,"ec_transfer_params":null,"input_messages":null,'
    '"output_messages":null}'
)
USAGE = (
    '"usage":{"input_tokens":9,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,'
    '"input_tokens_per_turn":[],"cached_tokens_per_turn":[]},"output_tokens":3,"output_tokens_details":'
    '{"reasoning_tokens":0,"tool_output_tokens":0,"output_tokens_per_turn":[],"tool_output_tokens_per_turn":[]},'
    '"total_tokens":12}'
)


def message(name: str, text: str = "Hi") -> str:
    return (
        f'{{"id":"{name}","content":[{{"annotations":[],"text":"{text}","type":"output_text","logprobs":null}}],'
        '"role":"assistant","status":"completed","type":"message","phase":null}'
    )


def ended(name: str) -> str:
    whole = BEGUN.replace('"output":[]', f'"output":[{message(name)}]').replace('"usage":null', USAGE)
    return whole.replace('"in_progress"', '"completed"')


async def respond(serve: Serve, **wish: Any) -> str:
    server = await serve("Hi")
    wish = {"input": "Hi", "request_id": "resp_1", "temperature": 0, "max_output_tokens": 9} | wish
    return (await server.post(PATH, **wish)).text


async def test_a_whole_response_has_every_field_also_those_that_are_null(serve: Serve) -> None:
    text = await respond(serve)
    name = text.partition('"output":[{"id":"')[2][:20]
    assert text == ended(name)


async def test_a_stream_tells_what_begins_how_it_grows_and_what_came_of_it(serve: Serve) -> None:
    text = await respond(serve, stream=True)
    name = text.partition('"item":{"id":"')[2][:20]
    part = '"part":{"annotations":[],"text":"%s","type":"output_text","logprobs":%s}'
    place = f'"content_index":0,"item_id":"{name}","output_index":0'

    def delta(letter: str, number: int) -> str:
        return (
            f'"content_index":0,"delta":"{letter}","item_id":"{name}","logprobs":[],"output_index":0,'
            f'"sequence_number":{number}'
        )

    opening = '"content":[],"role":"assistant","status":"in_progress","type":"message","phase":null}'
    wanted = [
        ("created", f'"response":{BEGUN},"sequence_number":0'),
        ("in_progress", f'"response":{BEGUN},"sequence_number":1'),
        ("output_item.added", f'"item":{{"id":"{name}",{opening},"output_index":0,"sequence_number":2'),
        ("content_part.added", f'{place},{part % ("", "[]")},"sequence_number":3'),
        ("output_text.delta", delta("H", 4)),
        ("output_text.delta", delta("i", 5)),
        ("output_text.done", f'"content_index":0,"item_id":"{name}","logprobs":[],"output_index":0,"sequence_number":6,'
         '"text":"Hi"'),
        ("content_part.done", f'{place},{part % ("Hi", "null")},"sequence_number":7'),
        ("output_item.done", f'"item":{message(name)},"output_index":0,"sequence_number":8'),
        ("completed", f'"response":{ended(name)},"sequence_number":9'),
    ]  # fmt: skip
    events = [f'event: response.{kind}\ndata: {{{body},"type":"response.{kind}"}}\n\n' for kind, body in wanted]
    assert text == "".join(events)


async def test_an_answer_that_was_cut_is_incomplete(serve: Serve) -> None:
    text = await respond(serve, max_output_tokens=1)
    assert '"incomplete_details":{"reason":"max_output_tokens"}' in text
    assert '"status":"incomplete"' in text


async def test_logprobs_come_with_each_token_and_with_the_whole_text(serve: Serve) -> None:
    wish = {"include": ["message.output_text.logprobs"], "top_logprobs": 1, "max_output_tokens": 1}
    whole = await respond(serve, **wish)
    entry = '{"token":"H","bytes":[72],"logprob":-0.5'
    one = f'"logprobs":[{entry},"top_logprobs":[{entry}}}]'
    assert one in whole
    streamed = await respond(serve, stream=True, **wish)
    assert '"logprobs":[{"token":"H","logprob":-0.5,"top_logprobs":[{"token":"H","logprob":-0.5}]}]' in streamed
    assert streamed.count(one) == 3


async def test_a_response_can_be_continued_but_for_its_instructions_and_fetched_again(serve: Serve) -> None:
    server = await serve("Hi")
    first = (await server.post(PATH, input="a", instructions="Be brief.")).json()
    again = await server.http.get(f"{PATH}/{first['id']}")
    assert again.json() == first
    second = (await server.post(PATH, input="b", previous_response_id=first["id"])).json()
    assert second["previous_response_id"] == first["id"]
    assert second["usage"]["input_tokens"] == len("user:a\nassistant:Hi\nuser:b\n\x02")


async def test_what_is_not_to_be_stored_or_was_pushed_out_is_unknown(serve: Serve) -> None:
    server = await serve("Hi")
    unstored = (await server.post(PATH, input="a", store=False)).json()["id"]
    for number in range(3):
        await server.post(PATH, input="a", request_id=f"resp_{number}")
    for name in (unstored, "resp_0"):
        reply = await server.post(PATH, input="b", previous_response_id=name)
        error = {"message": f"Response with id '{name}' not found.", "type": "invalid_request_error",
                 "param": "response_id", "code": 404}  # fmt: skip
        assert (reply.status_code, reply.json()) == (404, {"error": error})
    assert (await server.http.get(f"{PATH}/resp_2")).status_code == 200


async def test_tools_are_named_again_and_the_answer_is_text(serve: Serve) -> None:
    text = await respond(serve, tools=[{"type": "function", "name": "f", "parameters": {}}])
    assert (
        '"tool_choice":"auto","tools":[{"name":"f","parameters":{},"strict":null,"type":"function",'
        '"allowed_callers":null,"async":null,"defer_loading":null,"description":null,"output_schema":null}]' in text
    )


async def test_what_is_no_message_is_refused(serve: Serve) -> None:
    reply = await (await serve()).post(PATH, input=[{"type": "function_call", "name": "f"}])
    assert reply.status_code == 400
    assert "an item of type `function_call`" in reply.json()["error"]["message"]
