"""POST /tokenize and /detokenize."""

from typing import Annotated, Any

import msgspec

Token = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class TokenizeRequest(msgspec.Struct):
    """Of a `prompt`, or of `messages` in the model's chat template."""

    model: str | None = None
    prompt: str | None = None
    messages: list[dict[str, Any]] | None = None
    add_special_tokens: bool | None = None
    return_token_strs: bool | None = False
    add_generation_prompt: bool = True
    continue_final_message: bool = False


class TokenizeReply(msgspec.Struct):
    count: int
    max_model_len: int
    tokens: list[int]
    token_strs: list[str] | None


class DetokenizeRequest(msgspec.Struct):
    tokens: list[Token]
    model: str | None = None


class DetokenizeReply(msgspec.Struct):
    prompt: str
