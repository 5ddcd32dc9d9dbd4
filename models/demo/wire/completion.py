"""POST /v1/completions: request, whole reply, chunks."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from models.demo.errors import BadRequest
from models.demo.wire.decoding import Decoding
from models.demo.wire.logprobs import CompletionLogprobs, PromptLogprobs
from models.demo.wire.usage import Usage

DEFAULT_TOKENS = 16

Prompt = str | list[str | int | list[int]] | None


class CompletionRequest(Decoding, kw_only=True):
    """`prompt` is one text, one list of tokens, or several of either."""

    prompt: Prompt = None
    echo: bool | None = False
    logprobs: int | None = None
    suffix: str | None = None

    @property
    def limit(self) -> int:
        return DEFAULT_TOKENS if self.max_tokens is None else self.max_tokens

    @property
    def only_echo(self) -> bool:
        """Nothing but the prompt is wanted; one token is generated all the same, and counted."""
        return bool(self.echo and self.limit == 0)

    @property
    def scored_prompt(self) -> int | None:
        return self.logprobs if self.prompt_logprobs is None and self.echo else self.prompt_logprobs

    def prompts(self) -> list[str | list[int]]:
        """Raises BadRequest if there is none."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        if not self.prompt:
            raise BadRequest("You must pass at least one prompt")
        texts = [prompt for prompt in self.prompt if not isinstance(prompt, int)]
        return texts if texts else [[token for token in self.prompt if isinstance(token, int)]]

    def check(self) -> None:
        Decoding.check(self)
        if self.prompt is None or self.prompt == "":
            raise BadRequest("Either prompt or prompt_embeds must be provided and non-empty.", "prompt")
        if self.logprobs is not None and self.logprobs < 0:
            raise BadRequest("`logprobs` must be a positive value or -1.", "logprobs", self.logprobs)
        if self.suffix is not None:
            error = BadRequest("suffix is only supported for models with FIM completion rendering")
            error.param = "suffix"
            raise error


class CompletionChoice(msgspec.Struct):
    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: str
    stop_reason: int | str | None
    token_ids: list[int] | None
    prompt_logprobs: PromptLogprobs | None
    prompt_token_ids: list[int] | None
    routed_experts: None = None


class CompletionReply(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    service_tier: None = None
    system_fingerprint: str
    usage: Usage
    kv_transfer_params: None = None
    ec_transfer_params: None = None
    metrics: None = None


class ChunkChoice(msgspec.Struct):
    """All fields are always there; `prompt_token_ids` with the first chunk of a choice."""

    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: str | None
    stop_reason: int | str | None
    prompt_token_ids: list[int] | None
    token_ids: list[int] | None


class CompletionChunk(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | UnsetType = UNSET
    system_fingerprint: str | UnsetType = UNSET
