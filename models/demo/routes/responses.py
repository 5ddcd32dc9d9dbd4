"""POST /v1/responses and GET /v1/responses/{id}: text only."""

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from models.demo.chat import Message
from models.demo.conversation import Turn, begin
from models.demo.errors import BadRequest, ServerError
from models.demo.generation import Finished
from models.demo.likelihood_text import LikelihoodText
from models.demo.memory import Remembered
from models.demo.routes.exchange import named_event, service_of, stream_as_is, unless_gone, whole, wish_of
from models.demo.sequence import Piece
from models.demo.service import Service
from models.demo.wire.logprobs import ContentLogprob
from models.demo.wire.response_events import (
    DeltaLogprob,
    DeltaTopLogprob,
    ErrorEvent,
    Event,
    ItemEvent,
    PartEvent,
    ResponseEvent,
    TextDelta,
    TextDone,
)
from models.demo.wire.responses import (
    Item,
    OutputMessage,
    OutputText,
    ResponsesReply,
    ResponsesRequest,
    ResponseUsage,
    TextLogprob,
    TopLogprob,
)


async def responses(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, ResponsesRequest)
    wish.check()
    service.check_model(wish.model)
    answer = _begin(service, wish)
    if wish.stream:
        return stream_as_is(answer.events())
    (finished,) = await unless_gone(request, answer.turn.generation.whole())
    return whole(answer.complete(finished))


async def response(request: Request) -> Response:
    return whole(service_of(request).memory.recall(request.path_params["name"]).reply)


@dataclass
class Answer:
    """One response under way. `said` gathers what has come; `sequence` numbers the events."""

    service: Service
    wish: ResponsesRequest
    messages: list[Message]
    turn: Turn
    reply: ResponsesReply
    item: str = field(default_factory=lambda: f"msg_{secrets.token_hex(8)}")
    sequence: int = 0

    def __post_init__(self) -> None:
        self._texts = LikelihoodText(self.service.tokenizer)
        self._logprobs: list[ContentLogprob] = []

    def complete(self, finished: Finished) -> ResponsesReply:
        """The whole reply; remembered if that is wanted."""
        if not self.wish.stream:
            self._logprobs = self._texts.chat(finished.likelihoods, self.wish.logprobs or 0).content
        usage = ResponseUsage.of(len(self.turn.prompt), len(finished.tokens))
        output = [self._message(finished.text)] if finished.text else []
        reply = self.reply.ended(output, finished.finish_reason, usage)
        if self.wish.store is not False:
            said = [*self.messages, {"role": "assistant", "content": finished.text}]
            spoken = tuple(message for message in said if message["role"] != "system")
            self.service.memory.keep(Remembered(reply, spoken))
        return reply

    async def events(self) -> AsyncIterator[bytes]:
        said = Finished(0)
        for kind in ("response.created", "response.in_progress"):
            yield self._numbered(ResponseEvent(response=self.reply, type=kind))
        try:
            async for piece in self.turn.generation.pieces():
                for each in self._growth(said, piece):
                    yield self._numbered(each)
                said.add(piece)
        except ServerError as error:
            yield self._numbered(ErrorEvent(code="server_error", message=error.message))
            return
        for each in self._end(said):
            yield self._numbered(each)

    def _growth(self, said: Finished, piece: Piece) -> Iterator[Event]:
        """The message begins with its first text."""
        fresh = self._texts.chat(piece.likelihoods, self.wish.logprobs or 0).content
        self._logprobs += fresh
        if piece.text and not said.text:
            begun = OutputMessage(id=self.item, content=[], status="in_progress")
            yield ItemEvent(item=begun, type="response.output_item.added")
            yield PartEvent(
                item_id=self.item, part=OutputText(text="", logprobs=[]), type="response.content_part.added"
            )
        if piece.text:
            yield TextDelta(delta=piece.text, item_id=self.item, logprobs=[_short(each) for each in fresh])

    def _end(self, said: Finished) -> Iterator[Event]:
        if said.text:
            message = self._message(said.text)
            yield TextDone(item_id=self.item, text=said.text)
            yield PartEvent(item_id=self.item, part=message.content[0], type="response.content_part.done")
            yield ItemEvent(item=message, type="response.output_item.done")
        yield ResponseEvent(response=self.complete(said), type="response.completed")

    def _message(self, text: str) -> OutputMessage:
        logprobs = None if self.wish.logprobs is None else [_long(each) for each in self._logprobs]
        return OutputMessage(id=self.item, content=[OutputText(text=text, logprobs=logprobs)], status="completed")

    def _numbered(self, event: Event) -> bytes:
        event.sequence_number, self.sequence = self.sequence, self.sequence + 1
        return named_event(event.type, event)


def _begin(service: Service, wish: ResponsesRequest) -> Answer:
    messages = _conversation(service, wish)
    turn = begin(service, messages, wish.max_output_tokens, "max_output_tokens", wish.params)
    name = wish.request_id or f"resp_{secrets.token_hex(8)}"
    reply = ResponsesReply.begun(name, service.now(), service.name, wish, turn.params)
    return Answer(service, wish, messages, turn, reply)


def _conversation(service: Service, wish: ResponsesRequest) -> list[Message]:
    """Instructions, what went before, what is new."""
    system = [{"role": "system", "content": wish.instructions}] if wish.instructions else []
    before = service.memory.recall(wish.previous_response_id).messages if wish.previous_response_id else ()
    items = [{"role": "user", "content": wish.input}] if isinstance(wish.input, str) else wish.input
    return [*system, *before, *(_message(item) for item in items)]


def _message(item: Item) -> Message:
    """Raises BadRequest for what is no message: tool calls, their results, reasoning."""
    if item.get("type", "message") != "message":
        raise BadRequest(f"The demo model reads messages only, not an item of type `{item['type']}`.", "input")
    role = "system" if item.get("role") == "developer" else item.get("role")
    return {"role": role, "content": item.get("content")}


def _long(entry: ContentLogprob) -> TextLogprob:
    top = [TopLogprob(each.token, each.bytes, each.logprob) for each in entry.top_logprobs]
    return TextLogprob(entry.token, entry.bytes, entry.logprob, top)


def _short(entry: ContentLogprob) -> DeltaLogprob:
    return DeltaLogprob(
        entry.token, entry.logprob, [DeltaTopLogprob(each.token, each.logprob) for each in entry.top_logprobs]
    )
