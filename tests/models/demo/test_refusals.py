"""What the server declines, in vLLM's words: status, type, param and message."""

from typing import Any

import pytest

from tests.models.demo.conftest import Serve
from tests.models.demo.scripted import saying

CHAT = "/v1/chat/completions"
HI: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
TOOLS = [{"type": "function", "function": {"name": "f"}}]

# body, type, param, message
REFUSED: list[tuple[dict[str, Any], str, str | None, str]] = [
    ({}, "Bad Request", "body.messages", "1 validation error:\n  {'type': 'missing', 'loc': 'body.messages', "
     "'msg': 'Field required', 'input': '<dict of 0 items>'}"),
    ({"messages": "hi"}, "Bad Request", "body.messages", "1 validation error:\n  {'type': 'list_type', "
     "'loc': 'body.messages', 'msg': 'Input should be a valid list', 'input': 'hi'}"),
    ({"messages": ["hi"]}, "Bad Request", "body.messages.0", "1 validation error:\n  {'type': 'dict_type', "
     "'loc': 'body.messages.0', 'msg': 'Input should be a valid dictionary', 'input': 'hi'}"),
    ({"messages": [{"content": "hi"}]}, "Bad Request", "body.messages.0.role", "1 validation error:\n  {'type': "
     "'missing', 'loc': 'body.messages.0.role', 'msg': 'Field required', 'input': '<dict of 1 items>'}"),
    ({"messages": []}, "BadRequestError", None, "Cannot apply chat template to an empty conversation. Provide at least "
     "one message."),
    (HI | {"temperature": "hot"}, "Bad Request", "body.temperature", "1 validation error:\n  {'type': 'float_parsing', "
     "'loc': 'body.temperature', 'msg': 'Input should be a valid number, unable to parse string as a number', "
     "'input': 'hot'}"),
    (HI | {"max_tokens": 1.5}, "Bad Request", "body.max_tokens", "1 validation error:\n  {'type': 'int_from_float', "
     "'loc': 'body.max_tokens', 'msg': 'Input should be a valid integer, got a number with a fractional part', "
     "'input': '1.5'}"),
    (HI | {"stream": "maybe"}, "Bad Request", "body.stream", "1 validation error:\n  {'type': 'bool_parsing', 'loc': "
     "'body.stream', 'msg': 'Input should be a valid boolean, unable to interpret input', 'input': 'maybe'}"),
    (HI | {"stop": 5}, "Bad Request", "body.stop", "2 validation errors:\n  {'type': 'string_type', 'loc': "
     "'body.stop', 'msg': 'Input should be a valid string', 'input': '5'}\n  {'type': 'list_type', 'loc': 'body.stop', "
     "'msg': 'Input should be a valid list', 'input': '5'}"),
    (HI | {"seed": 2**63}, "Bad Request", "body.seed", "1 validation error:\n  {'type': 'less_than_equal', 'loc': "
     "'body.seed', 'msg': 'Input should be less than or equal to 9223372036854775807', 'input': '9223372036854775808', "
     "'ctx': {'le': 9223372036854775807}}"),
    (HI | {"stream_options": {"include_usage": True}}, "BadRequestError", "stream_options",
     "Stream options can only be defined when `stream=True`. (parameter=stream_options)"),
    (HI | {"max_tokens": 0}, "BadRequestError", "max_tokens",
     "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)"),
    (HI | {"max_tokens": 1000}, "BadRequestError", "max_tokens", "max_tokens=1000 cannot be greater than "
     "max_model_len=512. Please request fewer output tokens. (parameter=max_tokens, value=1000)"),
    (HI | {"max_completion_tokens": 1000}, "BadRequestError", "max_completion_tokens", "max_completion_tokens=1000 "
     "cannot be greater than max_model_len=512. Please request fewer output tokens. (parameter=max_completion_tokens, "
     "value=1000)"),
    ({"messages": [{"role": "user", "content": "x" * 506}]}, "BadRequestError", "input_text", "This model's maximum "
     "context length is 512 tokens. However, your prompt contains 513 characters (more than 512 characters, which is "
     "the upper bound for 512 input tokens). Please reduce the length of the input prompt. (parameter=input_text, "
     "value=513)"),
    ({"messages": [{"role": "user", "content": "é" * 253}]}, "BadRequestError", "input_tokens", "This model's maximum "
     "context length is 512 tokens. However, your prompt contains at least 513 input tokens, which exceeds this limit "
     "even without any output tokens. Please reduce the length of the input prompt. (parameter=input_tokens, "
     "value=513)"),
    ({"messages": [{"role": "user", "content": "x" * 505}]}, "BadRequestError", "max_tokens",
     "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)"),
    (HI | {"temperature": 3}, "BadRequestError", "temperature",
     "temperature must be in [0, 2], got 3.0. (parameter=temperature, value=3.0)"),
    (HI | {"temperature": -1}, "BadRequestError", "temperature",
     "temperature must be non-negative, got -1.0. (parameter=temperature, value=-1.0)"),
    (HI | {"top_p": 0}, "BadRequestError", "top_p", "top_p must be in (0, 1], got 0.0. (parameter=top_p, value=0.0)"),
    (HI | {"top_k": -5}, "BadRequestError", None, "top_k must be 0 (disable), or at least 1, got -5."),
    (HI | {"min_p": 2}, "BadRequestError", None, "min_p must be in [0, 1], got 2.0."),
    (HI | {"presence_penalty": 3}, "BadRequestError", None, "presence_penalty must be in [-2, 2], got 3.0."),
    (HI | {"repetition_penalty": 0}, "BadRequestError", None,
     "repetition_penalty must be greater than zero, got 0.0."),
    (HI | {"n": 0}, "BadRequestError", None, "n must be at least 1, got 0."),
    (HI | {"n": 2, "temperature": 0}, "BadRequestError", None, "n must be 1 when using greedy sampling, got 2."),
    (HI | {"min_tokens": 5, "max_tokens": 2}, "BadRequestError", None,
     "min_tokens must be less than or equal to max_tokens=2, got 5."),
    (HI | {"stop": [""]}, "BadRequestError", None, "stop cannot contain an empty string."),
    (HI | {"top_logprobs": 2}, "BadRequestError", "top_logprobs",
     "when using `top_logprobs`, `logprobs` must be set to true. (parameter=top_logprobs)"),
    (HI | {"logprobs": True, "top_logprobs": 25}, "BadRequestError", "logprobs", "Requested sample logprobs of 25, "
     "which is greater than max allowed: 20 (parameter=logprobs, value=25)"),
    (HI | {"logit_bias": {"x": 1}}, "BadRequestError", "logit_bias", "logit_bias contains key(s) that cannot be "
     "converted to integer token IDs: ['x'] (parameter=logit_bias, value=['x'])"),
    (HI | {"logit_bias": {"300": 1}}, "BadRequestError", "logit_bias", "token_id(s) [300] in logit_bias contain "
     "out-of-vocab token ids. Vocabulary size: 300 (parameter=logit_bias, value=[300])"),
    (HI | {"tools": []}, "BadRequestError", "tools", "`tools` must not be an empty array. Either provide at least one "
     "tool or omit the field entirely. (parameter=tools)"),
    (HI | {"tools": TOOLS}, "BadRequestError", None,
     '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    (HI | {"tools": TOOLS, "tool_choice": "required"}, "BadRequestError", None,
     'tool_choice="required" requires --tool-call-parser to be set'),
    (HI | {"tool_choice": "auto"}, "BadRequestError", "tool_choice",
     "When using `tool_choice`, `tools` must be set. (parameter=tool_choice)"),
    (HI | {"response_format": {"type": "json_object"}}, "BadRequestError", "response_format",
     "The demo model cannot be held to a format. Leave out `response_format`."),
    (HI | {"chat_template": "x"}, "BadRequestError", None, "Chat template is passed with request, but "
     "--trust-request-chat-template is not set. Refused request with untrusted chat template."),
    ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "BadRequestError", None, "The demo model is "
     "not a multimodal model: it reads text, not a part of type `image_url`."),
]  # fmt: skip


@pytest.mark.parametrize(("body", "kind", "param", "message"), REFUSED, ids=[case[3][:40] for case in REFUSED])
async def test_a_chat_that_cannot_be_is_refused(
    serve: Serve, body: dict[str, Any], kind: str, param: str | None, message: str
) -> None:
    reply = await (await serve()).post(CHAT, **body)
    assert reply.json() == {"error": {"message": message, "type": kind, "param": param, "code": 400}}
    assert reply.status_code == 400


@pytest.mark.parametrize("stream", [False, True])
async def test_an_unknown_model_is_not_found_and_that_is_no_stream(serve: Serve, stream: bool) -> None:
    reply = await (await serve()).chat(model="nope", stream=stream)
    message = "The model `nope` does not exist. Valid aliases: scripted, alias."
    error = {"message": message, "type": "NotFoundError", "param": "model", "code": 404}
    assert (reply.status_code, reply.json()) == (404, {"error": error})


@pytest.mark.parametrize(
    ("body", "param", "complaint"),
    [
        (b"{bad", "body.1", "{'type': 'json_invalid', 'loc': 'body.1', 'msg': 'JSON decode error', 'input': "
         "'<dict of 0 items>', 'ctx': {'error': 'Expecting property name enclosed in double quotes'}}"),
        (b'{"a": 1} x', "body.9", "{'type': 'json_invalid', 'loc': 'body.9', 'msg': 'JSON decode error', 'input': "
         "'<dict of 0 items>', 'ctx': {'error': 'Extra data'}}"),
        (b"", "body", "{'type': 'missing', 'loc': 'body', 'msg': 'Field required', 'input': 'None'}"),
        (b"[]", "body", "{'type': 'model_attributes_type', 'loc': 'body', 'msg': 'Input should be a valid dictionary "
         "or object to extract fields from', 'input': '<list of 0 items>'}"),
        (b'{"a": "\\ud800"}', "body.0", "{'type': 'json_invalid', 'loc': 'body.0', 'msg': 'JSON decode error', "
         "'input': '<dict of 0 items>', 'ctx': {'error': \"'utf-8' codec can't encode character '\\\\ud800' in "
         "position 0: surrogates not allowed\"}}"),
        (b"[" * 100_000, "body.0", "{'type': 'json_invalid', 'loc': 'body.0', 'msg': 'JSON decode error', 'input': "
         "'<dict of 0 items>', 'ctx': {'error': 'nested too deeply'}}"),
    ],
)  # fmt: skip
async def test_a_body_that_is_no_json_object_is_refused_with_its_place(
    serve: Serve, body: bytes, param: str, complaint: str
) -> None:
    headers = {"content-type": "application/json"}
    reply = await (await serve()).http.post(CHAT, content=body, headers=headers)
    error = {"message": f"1 validation error:\n  {complaint}", "type": "Bad Request", "param": param, "code": 400}
    assert (reply.status_code, reply.json()) == (400, {"error": error})


async def test_a_number_that_is_none_is_refused(serve: Serve) -> None:
    body = b'{"messages": [{"role": "user", "content": "Hi"}], "temperature": NaN}'
    reply = await (await serve()).http.post(CHAT, content=body, headers={"content-type": "application/json"})
    assert reply.json()["error"]["message"].startswith("temperature must be a finite number, got nan.")


async def test_only_json_is_read(serve: Serve) -> None:
    reply = await (await serve()).http.post(CHAT, content=b"{}", headers={"content-type": "text/plain"})
    message = "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed"
    assert reply.json() == {"error": {"message": message, "type": "Bad Request", "param": None, "code": 400}}


async def test_numbers_may_come_as_strings_and_unknown_fields_are_let_be(serve: Serve) -> None:
    reply = await (await serve("Hello")).chat(max_tokens="2", temperature="0.5", frobnicate=True, user="u")
    assert reply.json()["choices"][0]["message"]["content"] == "He"


async def test_a_completion_without_a_prompt_is_refused(serve: Serve) -> None:
    server = await serve()
    for body in ({}, {"prompt": ""}):
        reply = (await server.post("/v1/completions", **body)).json()["error"]
        assert (reply["param"], reply["type"]) == ("prompt", "BadRequestError")
    assert (await server.post("/v1/completions", prompt=[])).json()["error"]["message"] == (
        "You must pass at least one prompt"
    )
    for prompt, message in (([300], "Token id 300 is out of vocabulary"), ([[]], "The decoder prompt cannot be empty")):
        assert (await server.post("/v1/completions", prompt=prompt)).json()["error"]["message"] == message


async def test_what_is_nowhere_is_not_found_and_a_wrong_method_names_the_right_one(serve: Serve) -> None:
    server = await serve()
    nowhere = await server.http.get("/nope")
    assert (nowhere.status_code, nowhere.json()) == (404, {"detail": "Not Found"})
    audio = await server.post("/v1/audio/transcriptions")
    assert (audio.status_code, audio.json()) == (404, {"detail": "Not Found"})
    wrong = await server.http.get(CHAT)
    assert (wrong.status_code, wrong.json(), wrong.headers["allow"]) == (405, {"detail": "Method Not Allowed"}, "POST")


async def test_a_dead_engine_is_told_in_the_stream_and_as_500_and_as_ill_health(serve: Serve) -> None:
    """As vLLM tells it: the stream gets the error, spaced as json.dumps spaces it, and then its usual end."""
    said = saying("x" * 100)

    def dying(history: list[int]) -> int:
        if len(history) > 20:
            raise ArithmeticError("as scripted")
        return said(history)

    server = await serve(dying)
    server.engine.on_death = lambda: None
    reply = await server.chat(stream=True)
    message = "EngineCore encountered an issue. See stack trace (above) for the root cause."
    assert reply.text.split("\n\n")[-3:] == [
        f'data: {{"error": {{"message": "{message}", "type": "InternalServerError", "param": null, "code": 500}}}}',
        "data: [DONE]",
        "",
    ]
    late = await server.chat()
    assert (late.status_code, late.json()["error"]["message"]) == (500, message)
    assert (await server.http.get("/health")).status_code == 503
