"""What a streamed response is made of. Every event but the first few tells how the text grows, then that it is done."""

import msgspec

from models.demo.wire.responses import OutputMessage, OutputText, ResponsesReply


class DeltaTopLogprob(msgspec.Struct):
    token: str
    logprob: float


class DeltaLogprob(msgspec.Struct):
    token: str
    logprob: float
    top_logprobs: list[DeltaTopLogprob]


class ResponseEvent(msgspec.Struct, kw_only=True):
    """`response.created`, `.in_progress` and `.completed`."""

    response: ResponsesReply
    sequence_number: int = -1
    type: str


class ItemEvent(msgspec.Struct, kw_only=True):
    """`response.output_item.added` and `.done`."""

    item: OutputMessage
    output_index: int = 0
    sequence_number: int = -1
    type: str


class PartEvent(msgspec.Struct, kw_only=True):
    """`response.content_part.added` and `.done`."""

    content_index: int = 0
    item_id: str
    output_index: int = 0
    part: OutputText
    sequence_number: int = -1
    type: str


class TextDelta(msgspec.Struct, kw_only=True):
    content_index: int = 0
    delta: str
    item_id: str
    logprobs: list[DeltaLogprob]
    output_index: int = 0
    sequence_number: int = -1
    type: str = "response.output_text.delta"


class TextDone(msgspec.Struct, kw_only=True):
    content_index: int = 0
    item_id: str
    logprobs: list[DeltaLogprob] = []
    output_index: int = 0
    sequence_number: int = -1
    text: str
    type: str = "response.output_text.done"


class ErrorEvent(msgspec.Struct, kw_only=True):
    code: str
    message: str
    param: str | None = None
    sequence_number: int = -1
    type: str = "error"


Event = ResponseEvent | ItemEvent | PartEvent | TextDelta | TextDone | ErrorEvent
