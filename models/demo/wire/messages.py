"""POST /v1/messages: Anthropic's shape."""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from models.demo.errors import Complaint, Unreadable
from models.demo.params import Params
from models.demo.wire.chat import refuse_tools
from models.demo.wire.decoding import number

Message = dict[str, Any]
STOPPED = {"stop": "end_turn", "length": "max_tokens"}


class CountRequest(msgspec.Struct, kw_only=True):
    model: str
    messages: list[Message]
    system: str | list[dict[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None

    def check(self) -> None:
        if self.tools:
            kind = (self.tool_choice or {}).get("type", "auto")
            refuse_tools({"any": "required", "tool": "named"}.get(kind, kind))

    def conversation(self) -> list[Message]:
        """The messages with the system prompt, if there is one, before them."""
        blocks = self.system if isinstance(self.system, list) else []
        system = self.system if isinstance(self.system, str) else "".join(str(each.get("text", "")) for each in blocks)
        return [{"role": "system", "content": system}, *self.messages] if system else self.messages


class MessagesRequest(CountRequest, kw_only=True):
    max_tokens: int
    stop_sequences: list[str] | None = None
    stream: bool | None = False
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None

    def check(self) -> None:
        CountRequest.check(self)
        if self.max_tokens <= 0:
            complaint = Complaint(
                "value_error", ("max_tokens",), "Value error, max_tokens must be positive", self.max_tokens
            )
            raise Unreadable(complaint, param=complaint.place)

    def params(self, max_tokens: int) -> Params:
        return Params(
            max_tokens=max_tokens,
            temperature=number(self.temperature, 1.0),
            top_p=number(self.top_p, 1.0),
            top_k=self.top_k or 0,
            stop=tuple(self.stop_sequences or ()),
        )


class TextBlock(msgspec.Struct, tag_field="type", tag="text"):
    text: str


class MessagesUsage(msgspec.Struct):
    input_tokens: int
    output_tokens: int


class MessagesReply(msgspec.Struct, kw_only=True):
    """`stop_sequence` is there only where one was met; in a stream's first event it is null."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    content: list[TextBlock]
    model: str
    stop_reason: str | None
    stop_sequence: str | UnsetType | None = UNSET
    usage: MessagesUsage


class MessageStart(msgspec.Struct, tag_field="type", tag="message_start"):
    message: MessagesReply


class BlockStart(msgspec.Struct, tag_field="type", tag="content_block_start"):
    content_block: TextBlock
    index: int = 0


class TextDelta(msgspec.Struct, tag_field="type", tag="text_delta"):
    text: str


class BlockDelta(msgspec.Struct, tag_field="type", tag="content_block_delta"):
    delta: TextDelta
    index: int = 0


class BlockStop(msgspec.Struct, tag_field="type", tag="content_block_stop"):
    index: int = 0


class EndDelta(msgspec.Struct):
    stop_reason: str
    stop_sequence: str | None


class MessageDelta(msgspec.Struct, tag_field="type", tag="message_delta"):
    delta: EndDelta
    usage: MessagesUsage


class MessageStop(msgspec.Struct, tag_field="type", tag="message_stop"):
    pass


class MessagesError(msgspec.Struct):
    type: str
    message: str


class ErrorEvent(msgspec.Struct, tag_field="type", tag="error"):
    """Also the whole body of a refusal."""

    error: MessagesError


class ContextManagement(msgspec.Struct):
    original_input_tokens: int


class CountReply(msgspec.Struct):
    input_tokens: int
    context_management: ContextManagement


def ending(finish_reason: str, stop_reason: int | str | None) -> EndDelta:
    """In Anthropic's words. A stop string that was met is named, a stop token is not."""
    if finish_reason == "stop" and isinstance(stop_reason, str):
        return EndDelta("stop_sequence", stop_reason)
    return EndDelta(STOPPED.get(finish_reason, finish_reason), None)
