"""How the admin API answers: JSON throughout, and errors in OpenAI's shape."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.config.checking import Problem

T = TypeVar("T")

MAX_BODY_BYTES = 4 << 20


class Answer(Response):
    """A value as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return msgspec.json.encode(content, enc_hook=str) + b"\n"


class AdminError(Exception):
    """A request that the admin API does not carry out, with what to tell the caller."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status = status
        self.code = code
        self.more = more
        super().__init__(message)


def error(status: int, code: str, message: str, **more: Any) -> Answer:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return Answer({"error": {"message": message, "type": kind, "param": None, "code": code, **more}}, status)


def shown(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [{**msgspec.structs.asdict(problem), "message": str(problem)} for problem in problems]


async def body_as(request: Request, kind: type[T]) -> T:
    """The JSON body as ``kind``; raises AdminError, also for an unknown field: it would be ignored silently."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise AdminError(415, "unsupported_media_type", "Send the body as application/json.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise AdminError(413, "body_too_large", f"The body is larger than {MAX_BODY_BYTES} bytes.")
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as failure:
        raise AdminError(400, "invalid_body", f"The body cannot be used: {failure}") from None


def number_in(request: Request, name: str, default: int, highest: int) -> int:
    """A whole number from the query; raises AdminError."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
        raise AdminError(400, "invalid_parameter", f"{name} has to be a whole number from 1 to {highest}.")
    return int(text)
