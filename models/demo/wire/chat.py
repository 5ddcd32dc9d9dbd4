"""POST /v1/chat/completions: request, whole reply, chunks."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from models.demo.errors import BadRequest, Unsupported
from models.demo.wire.decoding import Decoding
from models.demo.wire.logprobs import ChatLogprobs, PromptLogprobs
from models.demo.wire.usage import Usage


def refuse_tools(choice: str | dict[str, Any]) -> None:
    """Raises Unsupported, unless tools are only there to be ignored."""
    if choice == "auto":
        raise Unsupported('"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set')
    if choice != "none":
        named = choice if isinstance(choice, str) else "named"
        raise Unsupported(f'tool_choice="{named}" requires --tool-call-parser to be set')


class ChatRequest(Decoding, kw_only=True):
    messages: list[dict[str, Any]]
    logprobs: bool | None = False
    top_logprobs: int | None = 0
    max_completion_tokens: int | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    echo: bool = False
    add_generation_prompt: bool = True
    continue_final_message: bool = False
    add_special_tokens: bool = False
    chat_template: str | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    return_prompt_text: bool | None = None

    @property
    def limit(self) -> tuple[int | None, str]:
        """The most tokens that were asked for, and the name of the field that said so."""
        if self.max_completion_tokens is not None:
            return self.max_completion_tokens, "max_completion_tokens"
        return self.max_tokens, "max_tokens"

    @property
    def scored_prompt(self) -> int | None:
        """How many likely alternatives are wanted for each token of the prompt; `echo` wants the prompt scored too."""
        return self.top_logprobs or 0 if self.prompt_logprobs is None and self.echo else self.prompt_logprobs

    def check(self) -> None:
        Decoding.check(self)
        self._check_tools()
        if (top := self.top_logprobs) and top < 0:
            raise BadRequest("`top_logprobs` must be a positive value or -1.", "top_logprobs", top)
        if self.top_logprobs and not self.logprobs:
            raise BadRequest("when using `top_logprobs`, `logprobs` must be set to true.", "top_logprobs")
        if self.continue_final_message and self.add_generation_prompt:
            raise BadRequest("Cannot set both `continue_final_message` and `add_generation_prompt` to True.")

    def _check_tools(self) -> None:
        """Tools may be sent along, but not be called for: this is what a vLLM without a tool parser says."""
        if self.tools == []:
            raise BadRequest("`tools` must not be an empty array. Either provide at least one tool or omit the field "
                             "entirely.", "tools")  # fmt: skip
        choice = self.tool_choice or ("auto" if self.tools else "none")
        if choice != "none" and not self.tools:
            raise BadRequest("When using `tool_choice`, `tools` must be set.", "tool_choice")
        refuse_tools(choice)


class ChatMessage(msgspec.Struct):
    role: str
    content: str
    refusal: None = None
    annotations: None = None
    audio: None = None
    function_call: None = None
    reasoning: None = None


class ChatChoice(msgspec.Struct):
    index: int
    message: ChatMessage
    logprobs: ChatLogprobs | None
    finish_reason: str
    stop_reason: int | str | None
    token_ids: list[int] | None
    routed_experts: None = None


class ChatReply(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    service_tier: None = None
    system_fingerprint: str
    usage: Usage
    prompt_logprobs: PromptLogprobs | None
    prompt_token_ids: list[int] | None
    prompt_text: str | None
    kv_transfer_params: None = None
    ec_transfer_params: None = None
    metrics: None = None


class Delta(msgspec.Struct):
    role: str | UnsetType = UNSET
    content: str | UnsetType = UNSET


class ChunkChoice(msgspec.Struct):
    """The first chunk of a choice has no `token_ids`; only the last one has a `stop_reason`."""

    index: int
    delta: Delta
    logprobs: ChatLogprobs | None = None
    finish_reason: str | None = None
    stop_reason: int | str | UnsetType | None = UNSET
    token_ids: list[int] | UnsetType | None = UNSET


class ChatChunk(msgspec.Struct, kw_only=True):
    """`usage` and `system_fingerprint` come with the last chunk; the prompt's fields with the first."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | UnsetType = UNSET
    system_fingerprint: str | UnsetType = UNSET
    prompt_token_ids: list[int] | UnsetType | None = UNSET
    prompt_text: str | UnsetType | None = UNSET
