"""What all routes share: reading a body, answering whole or as events, noticing that the caller has left."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Coroutine
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from models.demo.errors import EngineDead, ServerError
from models.demo.service import Service
from models.demo.wire.reading import Wish, read

DONE = b"data: [DONE]\n\n"
CLOSED_BY_CALLER = 499

Answer = TypeVar("Answer")


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def wish_of(request: Request, wanted: type[Wish]) -> Wish:
    return read(request.headers.get("content-type", ""), await request.body(), wanted)


def whole(reply: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(reply), status, media_type="application/json")


def event(chunk: object) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


def named_event(name: str, body: object) -> bytes:
    return f"event: {name}\n".encode() + event(body)


def stream_as_is(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(events, media_type="text/event-stream")


def stream(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(_to_the_end(events), media_type="text/event-stream")


def refusal(error: ServerError) -> Response:
    return whole(error.reply(), error.status)


async def _to_the_end(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """A stream always ends in [DONE], after an error too: vLLM does it so."""
    try:
        async for each in events:
            yield each
    except EngineDead as error:
        body = json.dumps(msgspec.to_builtins(error.reply()))
        yield f"data: {body}\n\n".encode()
    yield DONE


async def unless_gone(request: Request, work: Coroutine[Any, Any, Answer]) -> Answer:
    """Awaits `work`, and cancels it when the caller hangs up. Raises Gone then."""
    task = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(request.receive()))
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()


class Gone(Exception):
    """The caller hung up; there is nobody to answer."""


async def _left(message: Awaitable[Any]) -> None:
    while (await message)["type"] != "http.disconnect":
        pass
