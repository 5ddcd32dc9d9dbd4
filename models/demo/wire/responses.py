"""POST /v1/responses: request and whole reply."""

from typing import Any, Literal

import msgspec

from models.demo.errors import BadRequest, Unsupported
from models.demo.params import Params
from models.demo.wire.chat import refuse_tools
from models.demo.wire.decoding import Seed, Stop, bias, number, stops

Item = dict[str, Any]

FUNCTION_FIELDS = ("name", "parameters", "strict", "type", "allowed_callers", "async", "defer_loading", "description",
                   "output_schema")  # fmt: skip
LOGPROBS = "message.output_text.logprobs"


class ResponsesRequest(msgspec.Struct, kw_only=True):
    input: str | list[Item]
    model: str | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    store: bool | None = True
    stream: bool | None = False
    background: bool | None = False
    max_output_tokens: int | None = None
    max_tool_calls: int | None = None
    include: list[str] | None = None
    top_logprobs: int | None = 0
    tools: list[Item] = []
    tool_choice: str | Item = "auto"
    parallel_tool_calls: bool | None = True
    metadata: dict[str, Any] | None = None
    reasoning: dict[str, Any] | None = None
    text: dict[str, Any] | None = None
    truncation: Literal["auto", "disabled"] | None = "disabled"
    service_tier: Literal["auto", "default", "flex", "scale", "priority"] = "auto"
    user: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    seed: Seed | None = None
    stop: Stop = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool = False
    skip_special_tokens: bool = True
    include_stop_str_in_output: bool = False
    prompt: dict[str, Any] | None = None
    request_id: str | None = None

    @property
    def choice(self) -> str | Item:
        return self.tool_choice if self.tools else "none"

    @property
    def logprobs(self) -> int | None:
        return (self.top_logprobs or 0) if LOGPROBS in (self.include or ()) else None

    @property
    def format(self) -> Item | None:
        return (self.text or {}).get("format")

    def check(self) -> None:
        if self.prompt is not None:
            raise BadRequest("prompt template is not supported", "prompt")
        if self.background:
            raise Unsupported("The demo model does not work in the background. Leave out `background`.", "background")
        if (self.format or {}).get("type", "text") != "text":
            raise Unsupported("The demo model cannot be held to a format. Leave out `text.format`.", "text")
        if self.choice != "auto":  # vLLM offers no tools then, and answers with text
            refuse_tools(self.choice)

    def params(self, max_tokens: int) -> Params:
        return Params(
            max_tokens=max_tokens,
            temperature=number(self.temperature, 1.0),
            top_p=number(self.top_p, 1.0),
            top_k=self.top_k or 0,
            min_p=number(self.min_p, 0.0),
            seed=self.seed,
            presence_penalty=number(self.presence_penalty, 0.0),
            frequency_penalty=number(self.frequency_penalty, 0.0),
            repetition_penalty=number(self.repetition_penalty, 1.0),
            logit_bias=bias(self.logit_bias or {}),
            ignore_eos=self.ignore_eos,
            stop=stops(self.stop),
            stop_token_ids=frozenset(self.stop_token_ids or ()),
            include_stop_str_in_output=self.include_stop_str_in_output,
            skip_special_tokens=self.skip_special_tokens,
            logprobs=self.logprobs,
        )


class TopLogprob(msgspec.Struct):
    token: str
    bytes: list[int]
    logprob: float


class TextLogprob(msgspec.Struct):
    token: str
    bytes: list[int]
    logprob: float
    top_logprobs: list[TopLogprob]


class OutputText(msgspec.Struct, kw_only=True):
    annotations: list[Item] = []
    text: str
    type: Literal["output_text"] = "output_text"
    logprobs: list[TextLogprob] | None


class OutputMessage(msgspec.Struct, kw_only=True):
    id: str
    content: list[OutputText]
    role: Literal["assistant"] = "assistant"
    status: Literal["in_progress", "completed"]
    type: Literal["message"] = "message"
    phase: None = None


class IncompleteDetails(msgspec.Struct):
    reason: Literal["max_output_tokens"] = "max_output_tokens"


class InputDetails(msgspec.Struct):
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    input_tokens_per_turn: list[int] = []
    cached_tokens_per_turn: list[int] = []


class OutputDetails(msgspec.Struct):
    reasoning_tokens: int = 0
    tool_output_tokens: int = 0
    output_tokens_per_turn: list[int] = []
    tool_output_tokens_per_turn: list[int] = []


class ResponseUsage(msgspec.Struct, kw_only=True):
    input_tokens: int
    input_tokens_details: InputDetails
    output_tokens: int
    output_tokens_details: OutputDetails
    total_tokens: int

    @classmethod
    def of(cls, read: int, said: int) -> "ResponseUsage":
        return cls(
            input_tokens=read,
            input_tokens_details=InputDetails(),
            output_tokens=said,
            output_tokens_details=OutputDetails(),
            total_tokens=read + said,
        )


class TextConfig(msgspec.Struct):
    format: Item | None
    verbosity: str | None


class ResponsesReply(msgspec.Struct, kw_only=True):
    id: str
    created_at: int
    incomplete_details: IncompleteDetails | None = None
    instructions: str | None
    metadata: dict[str, Any] | None
    model: str
    object: Literal["response"] = "response"
    output: list[OutputMessage] = []
    parallel_tool_calls: bool
    temperature: float
    tool_choice: str | Item
    tools: list[Item]
    top_p: float
    background: bool = False
    max_output_tokens: int
    max_tool_calls: int | None
    previous_response_id: str | None
    prompt: None = None
    reasoning: dict[str, Any] | None
    service_tier: str
    status: Literal["in_progress", "completed", "incomplete"] = "in_progress"
    text: TextConfig | None
    top_logprobs: int | None
    truncation: str | None
    usage: ResponseUsage | None = None
    user: str | None
    presence_penalty: float
    frequency_penalty: float
    kv_transfer_params: None = None
    ec_transfer_params: None = None
    input_messages: None = None
    output_messages: None = None

    @classmethod
    def begun(cls, name: str, now: int, model: str, wish: ResponsesRequest, params: Params) -> "ResponsesReply":
        """As it stands before the first token."""
        text = None if wish.text is None else TextConfig(wish.format, wish.text.get("verbosity"))
        return cls(
            id=name,
            created_at=now,
            instructions=wish.instructions,
            metadata=wish.metadata,
            model=model,
            parallel_tool_calls=wish.parallel_tool_calls is not False,
            temperature=params.temperature,
            tool_choice=wish.choice,
            tools=[_echoed(tool) for tool in wish.tools],
            top_p=params.top_p,
            max_output_tokens=params.max_tokens,
            max_tool_calls=wish.max_tool_calls,
            previous_response_id=wish.previous_response_id,
            reasoning=wish.reasoning,
            service_tier=wish.service_tier,
            text=text,
            top_logprobs=params.logprobs,
            truncation=wish.truncation,
            user=wish.user,
            presence_penalty=params.presence_penalty,
            frequency_penalty=params.frequency_penalty,
        )

    def ended(self, output: list[OutputMessage], finish_reason: str, usage: ResponseUsage) -> "ResponsesReply":
        cut = finish_reason == "length"
        return msgspec.structs.replace(
            self,
            output=output,
            status="incomplete" if cut else "completed",
            incomplete_details=IncompleteDetails() if cut else None,
            usage=usage,
        )


def _echoed(tool: Item) -> Item:
    """A function comes back with all its fields, null where they were not given."""
    return {name: tool.get(name) for name in FUNCTION_FIELDS} if tool.get("type") == "function" else tool
