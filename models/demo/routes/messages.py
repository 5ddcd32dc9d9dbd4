"""POST /v1/messages and /v1/messages/count_tokens."""

from collections.abc import AsyncIterator

import msgspec
from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response

from models.demo.conversation import Turn, begin, read
from models.demo.errors import ServerError, Unreadable
from models.demo.generation import Finished
from models.demo.routes.exchange import named_event, service_of, stream_as_is, unless_gone, whole, wish_of
from models.demo.service import Service, request_id
from models.demo.wire.messages import (
    BlockDelta,
    BlockStart,
    BlockStop,
    ContextManagement,
    CountReply,
    CountRequest,
    ErrorEvent,
    MessageDelta,
    MessagesError,
    MessagesReply,
    MessagesRequest,
    MessageStart,
    MessageStop,
    MessagesUsage,
    TextBlock,
    TextDelta,
    ending,
)

LIMIT = "max_completion_tokens"  # What vLLM calls it in its complaint, having made a chat request of ours.


async def messages(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, MessagesRequest)
    try:
        return await _answer(request, service, wish)
    except Unreadable:
        raise
    except ServerError as error:
        return whole(ErrorEvent(MessagesError(error.kind, error.message)), error.status)


async def count_tokens(request: Request) -> Response:
    service, wish = service_of(request), await wish_of(request, CountRequest)
    try:
        service.check_model(wish.model)
        count = len(read(service, wish.conversation()))
    except ServerError as error:
        return whole(ErrorEvent(MessagesError(error.kind, error.message)), error.status)
    return whole(CountReply(count, ContextManagement(count)))


async def _answer(request: Request, service: Service, wish: MessagesRequest) -> Response:
    wish.check()
    service.check_model(wish.model)
    turn = begin(service, wish.conversation(), wish.max_tokens, LIMIT, wish.params)
    reply = MessagesReply(
        id=f"chatcmpl-{request_id(request.headers)}",
        content=[],
        model=service.name,
        stop_reason=None,
        stop_sequence=None,
        usage=MessagesUsage(len(turn.prompt), 0),
    )
    if wish.stream:
        return stream_as_is(_events(turn, reply))
    (finished,) = await unless_gone(request, turn.generation.whole())
    return whole(_complete(reply, finished))


def _complete(reply: MessagesReply, finished: Finished) -> MessagesReply:
    end = ending(finished.finish_reason, finished.stop_reason)
    reply.content = [TextBlock(finished.text)]
    reply.stop_reason, reply.stop_sequence = end.stop_reason, end.stop_sequence or UNSET
    reply.usage = MessagesUsage(reply.usage.input_tokens, len(finished.tokens))
    return reply


async def _events(turn: Turn, reply: MessagesReply) -> AsyncIterator[bytes]:
    """A text block opens with the first text, so that an answer without any has none."""
    said = Finished(0)
    try:
        async for piece in turn.generation.pieces():
            if not said.tokens:
                yield _event(MessageStart(reply))
            if piece.text and not said.text:
                yield _event(BlockStart(TextBlock("")))
            if piece.text:
                yield _event(BlockDelta(TextDelta(piece.text)))
            said.add(piece)
    except ServerError as error:
        yield _event(ErrorEvent(MessagesError("internal_error", error.message)))
        return
    if said.text:
        yield _event(BlockStop())
    end = ending(said.finish_reason, said.stop_reason)
    yield _event(MessageDelta(end, MessagesUsage(len(turn.prompt), len(said.tokens))))
    yield _event(MessageStop())


def _event(body: msgspec.Struct) -> bytes:
    return named_event(str(body.__struct_config__.tag), body)
