"""vLLM's two younger conversation APIs: OpenAI's Responses (which remembers) and Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Iterator

from tests.fakes.bodies import Answer, Frame, Json, encode

ANTHROPIC_STOP = {"stop": "end_turn", "length": "max_tokens"}


def response(answer: Answer, status: str = "completed", output: list[Json] | None = None) -> Json:
    """A `/v1/responses` object; `status` is `in_progress` in a stream's first events, where usage is null."""
    body, ours = answer.body, output if output is not None else [_item(answer, answer.text)]
    top: Json = {"id": response_id(answer), "created_at": answer.created, "incomplete_details": None}
    if status == "completed" and answer.finish == "length":
        status, top["incomplete_details"] = "incomplete", {"reason": "max_output_tokens"}
    top |= {"instructions": body.get("instructions"), "metadata": body.get("metadata"), "model": answer.model}
    top |= {"object": "response", "output": ours, "parallel_tool_calls": True}
    top |= {"temperature": body.get("temperature", 1.0), "tool_choice": "auto", "tools": [], "top_p": 1.0}
    top |= {"background": False, "max_output_tokens": body.get("max_output_tokens", 2000), "max_tool_calls": None}
    top |= {"previous_response_id": body.get("previous_response_id"), "prompt": None, "reasoning": None}
    top |= {"service_tier": "auto", "status": status, "text": None, "top_logprobs": None, "truncation": "disabled"}
    top |= {"usage": None if status == "in_progress" else _usage(answer), "user": body.get("user")}
    top |= {"presence_penalty": 0.0, "frequency_penalty": 0.0}
    rest = ("kv_transfer_params", "ec_transfer_params", "input_messages", "output_messages")
    return top | dict.fromkeys(rest)


def response_id(answer: Answer) -> str:
    """The body's `request_id` verbatim, which is the key in the store too; else one of vLLM's making."""
    return str(answer.body.get("request_id") or f"resp_{answer.made_id}")


def count_tokens(answer: Answer) -> Json:
    count = answer.prompt_tokens
    return {"input_tokens": count, "context_management": {"original_input_tokens": count}}


def _usage(answer: Answer) -> Json:
    given, made = answer.prompt_tokens, answer.completion_tokens
    per_turn: Json = {"input_tokens_per_turn": [], "cached_tokens_per_turn": []}
    ours: Json = {"reasoning_tokens": 0, "tool_output_tokens": 0}
    ours |= {"output_tokens_per_turn": [], "tool_output_tokens_per_turn": []}
    usage: Json = {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0} | per_turn,
    }
    return usage | {"output_tokens": made, "output_tokens_details": ours, "total_tokens": given + made}


def _part(text: str) -> Json:
    return {"annotations": [], "text": text, "type": "output_text", "logprobs": None}


def _item(answer: Answer, text: str | None) -> Json:
    content = [] if text is None else [_part(text)]
    item = {"id": f"msg_{answer.made_id}", "content": content, "role": "assistant"}
    return item | {"status": "in_progress" if text is None else "completed", "type": "message", "phase": None}


def response_frames(answer: Answer) -> Iterator[Frame]:
    """Named events, numbered; no `[DONE]`."""
    place = {"content_index": 0, "item_id": f"msg_{answer.made_id}", "output_index": 0}
    for number, (kind, fields, tokens) in enumerate(_response_events(answer, place)):
        yield Frame(encode(fields | {"sequence_number": number, "type": kind}), tokens, kind)


def _response_events(answer: Answer, place: Json) -> Iterator[tuple[str, Json, int]]:
    opening = response(answer, "in_progress", [])
    count, text = len(answer.tokens), answer.text
    yield "response.created", {"response": opening}, 0
    yield "response.in_progress", {"response": opening}, 0
    yield "response.output_item.added", {"item": _item(answer, None), "output_index": 0}, 0
    yield "response.content_part.added", place | {"part": _part("")}, 0
    for i, token in enumerate(answer.tokens):
        yield "response.output_text.delta", place | {"delta": token, "logprobs": []}, i + 1
    yield "response.output_text.done", place | {"text": text, "logprobs": []}, count
    yield "response.content_part.done", place | {"part": _part(text)}, count
    yield "response.output_item.done", {"item": _item(answer, text), "output_index": 0}, count
    yield "response.completed", {"response": response(answer)}, count


def message(answer: Answer) -> Json:
    top: Json = {"id": f"chatcmpl-{answer.request_id}", "type": "message", "role": "assistant"}
    top |= {"content": [{"type": "text", "text": answer.text}], "model": answer.model}
    usage = {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens}
    return top | {"stop_reason": ANTHROPIC_STOP.get(answer.finish, "end_turn"), "usage": usage}


def message_frames(answer: Answer) -> Iterator[Frame]:
    count = len(answer.tokens)
    for fields, tokens in _message_events(answer):
        yield Frame(encode(fields), min(tokens, count), fields["type"])


def _message_events(answer: Answer) -> Iterator[tuple[Json, int]]:
    given = {"input_tokens": answer.prompt_tokens, "output_tokens": 0}
    opening: Json = {"id": f"chatcmpl-{answer.request_id}", "type": "message", "role": "assistant", "content": []}
    opening |= {"model": answer.model, "stop_reason": None, "stop_sequence": None, "usage": given}
    yield {"type": "message_start", "message": opening}, 0
    yield {"type": "content_block_start", "content_block": {"type": "text", "text": ""}, "index": 0}, 0
    for i, token in enumerate(answer.tokens):
        yield {"type": "content_block_delta", "delta": {"type": "text_delta", "text": token}, "index": 0}, i + 1
    count = len(answer.tokens)
    yield {"type": "content_block_stop", "index": 0}, count
    ending = {"stop_reason": ANTHROPIC_STOP.get(answer.finish, "end_turn"), "stop_sequence": None}
    made = {"input_tokens": answer.prompt_tokens, "output_tokens": answer.completion_tokens}
    yield {"type": "message_delta", "delta": ending, "usage": made}, count
    yield {"type": "message_stop"}, count


def anthropic_error(body: Json) -> Json:
    """vLLM translates its own error for `/v1/messages`."""
    return {"type": "error", "error": {"type": body["error"]["type"], "message": body["error"]["message"]}}
