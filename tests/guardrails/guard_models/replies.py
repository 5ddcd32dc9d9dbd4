"""Replies of servers as vLLM writes them: completions and chats, with what the model weighed for each token."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

Weighed = Sequence[tuple[str, Mapping[str, float]]]  # each token, and the probabilities of what might have stood there


def completion(text: str, weighed: Weighed = ()) -> dict[str, Any]:
    """A reply of /v1/completions. Without ``weighed`` the server tells no log-probabilities."""
    told = {"tokens": [token for token, _ in weighed], "text_offset": [0] * len(weighed),
            "token_logprobs": [math.log(chances[token]) for token, chances in weighed],
            "top_logprobs": [{word: math.log(chance) for word, chance in chances.items()} for _, chances in weighed]}
    return {"id": "cmpl-1", "object": "text_completion", "model": "guard", "choices": [
        {"index": 0, "text": text, "finish_reason": "stop", "logprobs": told if weighed else None}]}


def chat(text: str | None, weighed: Weighed = ()) -> dict[str, Any]:
    """A reply of /v1/chat/completions."""
    told = {"content": [
        {"token": token, "logprob": math.log(chances[token]), "bytes": list(token.encode()), "top_logprobs": [
            {"token": word, "logprob": math.log(chance), "bytes": list(word.encode())}
            for word, chance in chances.items()]} for token, chances in weighed]}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "guard", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop",
         "logprobs": told if weighed else None}]}
