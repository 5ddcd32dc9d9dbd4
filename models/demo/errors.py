"""Every way the demo server declines, as one tree, in the shape and the words of vLLM.

ServerError
├── BadRequest      400  the request says something that cannot be done
├── Unreadable      400  the body is not JSON or not of the right shape
├── UnknownModel    404  nobody of that name lives here
├── Unsupported     400  a feature of vLLM that this small server does not have
├── UnknownResponse 404  no response of that id is remembered (any more)
└── EngineDead      500  the engine has stopped; the server is about to
"""

from dataclasses import dataclass
from typing import Any

import msgspec

MOST_REPEATED = 200


class ErrorBody(msgspec.Struct):
    message: str
    type: str
    param: str | None
    code: int


class ErrorReply(msgspec.Struct):
    error: ErrorBody


class ServerError(Exception):
    """Knows its HTTP status and its body; a retry may help only where `retryable` says so."""

    status = 500
    kind = "InternalServerError"
    retryable = False

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    def reply(self) -> ErrorReply:
        return ErrorReply(ErrorBody(self.message, self.kind, self.param, self.status))


class BadRequest(ServerError):
    """`param` and `value` end the message the way vLLM ends it."""

    status = 400
    kind = "BadRequestError"

    def __init__(self, message: str, param: str | None = None, value: Any = None) -> None:
        notes = [f"parameter={param}"] if param else []
        notes += [f"value={value}"] if value is not None else []
        super().__init__(f"{message} ({', '.join(notes)})" if notes else message, param)


class Unreadable(ServerError):
    status = 400
    kind = "Bad Request"

    def __init__(self, *reports: object, param: str | None = None) -> None:
        noun = "error" if len(reports) == 1 else "errors"
        super().__init__("\n".join([f"{len(reports)} validation {noun}:", *(f"  {each}" for each in reports)]), param)


@dataclass(frozen=True)
class Complaint:
    """One of pydantic's, about the value `given` at `path` in the body."""

    kind: str
    path: tuple[str | int, ...]
    message: str
    given: object
    context: dict[str, object] | None = None

    @property
    def place(self) -> str:
        return ".".join(map(str, ("body", *self.path)))

    def __str__(self) -> str:
        report = {"type": self.kind, "loc": self.place, "msg": self.message, "input": _summary(self.given)}
        return str(report | ({"ctx": self.context} if self.context else {}))


class UnknownModel(ServerError):
    status = 404
    kind = "NotFoundError"

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"The model `{name}` does not exist. Valid aliases: {known}.", "model")


class UnknownResponse(ServerError):
    status = 404
    kind = "invalid_request_error"

    def __init__(self, name: str) -> None:
        super().__init__(f"Response with id '{name}' not found.", "response_id")


class Unsupported(ServerError):
    """vLLM could do this with the right model; the demo model cannot, and says so rather than pretend."""

    status = 400
    kind = "BadRequestError"


class EngineDead(ServerError):
    retryable = True

    def __init__(self) -> None:
        super().__init__("EngineCore encountered an issue. See stack trace (above) for the root cause.")


def _summary(value: object) -> object:
    """What a complaint repeats of the value it is about: never much, whatever was sent."""
    if isinstance(value, list | dict):
        return f"<{type(value).__name__} of {len(value)} items>"
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= MOST_REPEATED else text[:MOST_REPEATED] + "...[truncated]"
