"""The upstream client of the hot path: one HTTP/1.1 call over a keep-alive connection, by callbacks.

No task, no future and no queue: the connection is the parser's callbacks, and what arrives is handed on in the same
turn of the event loop. A call ends in exactly one way: ``ended``, ``failed``, or cancelled by its owner (silence).
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import httptools
import msgspec

if TYPE_CHECKING:
    from models.endpoint import Endpoint

Headers = list[tuple[bytes, bytes]]
NEVER = float("inf")
# What a reply may send ahead of its body, and what it may hold back unread, before it is no reply any more.
MAX_HEADER_BYTES = 64 * 1024


class UpstreamFailure(Exception):
    """Upstream did not answer, or not to the end.

    Unreachable      no connection
    Disconnected     the connection ended early
    TimedOut         a limit passed: connect, first_token, between_tokens or total
    Malformed        what came is not HTTP
    """

    kind = "failed"


class Unreachable(UpstreamFailure):
    kind = "unreachable"


class Disconnected(UpstreamFailure):
    kind = "disconnected"


class Malformed(UpstreamFailure):
    kind = "malformed"


class TimedOut(UpstreamFailure):
    """``limit`` names the time-out that passed."""

    kind = "timed_out"

    def __init__(self, limit: str) -> None:
        self.limit = limit
        super().__init__(f"the {limit} time-out passed")


class Receiver(Protocol):
    """Who a call's events go to. After ``ended`` or ``failed`` nothing follows."""

    def began(self, status: int, headers: Headers) -> None: ...
    def received(self, data: bytes) -> None: ...
    def ended(self) -> None: ...
    def failed(self, failure: UpstreamFailure) -> None: ...


class Sender(Protocol):
    """Who a call asks for the rest of its request, where the body is made while it is sent."""

    def may_send(self) -> None:
        """The head has gone out, or what was written after it: there is room for more."""


class Patience(msgspec.Struct):
    """How long a call may take, part by part: seconds, and for ``until`` a time of the endpoint's clock."""

    connect: float
    first: float = NEVER
    between: float = NEVER
    until: float = NEVER


class Call(msgspec.Struct, eq=False):
    """One request on its way to an endpoint and its reply on the way back.

    ``deadline`` is a time of the endpoint's clock and ``limit`` the name of the time-out that it stands for. Both move
    as the call goes on; one sweep over all calls enforces them: a timer for each would cost more than the parsing.
    """

    endpoint: "Endpoint"
    request: bytes
    receiver: Receiver
    patience: Patience
    connection: "Connection | None" = None
    task: "asyncio.Task[None] | None" = None
    deadline: float = NEVER
    limit: str = ""
    sent_at: float = 0.0
    paused: bool = False
    reused: bool = False  # it went out on a connection that had been open before
    sender: Sender | None = None
    unsent: bool = False  # some of the request is still to come
    background: bool = False  # nobody waits for it

    def write(self, data: bytes) -> None:
        """Sends more of the request; the sender has to wait while there is no ``room``."""
        if self.connection is not None:
            self.endpoint.write(self.connection.transport, data)

    @property
    def room(self) -> bool:
        return self.connection is not None and not self.connection.full

    def cancel(self) -> None:
        """Closes the connection under the call, now: whoever generates for it stops. Safe to call at any time."""
        self.endpoint.forget(self)
        if self.task is not None:
            self.task.cancel()
        if self.connection is not None:
            self.connection.abort()

    def pause(self) -> None:
        """Stops reading: the reader downstream is slower than upstream."""
        self.paused = True
        if self.connection is not None:
            self.connection.pause()

    def resume(self) -> None:
        self.paused = False
        if self.connection is not None:
            self.connection.resume()
            self.deadline = self.connection.now() + self.patience.between

    def overdue(self, now: float) -> str:
        """The name of the time-out that has passed; empty while there is none. A paused call waits for its reader."""
        if self.patience.until <= now:
            return "total"
        return self.limit if self.deadline <= now and not self.paused else ""

    def fail(self, failure: UpstreamFailure) -> None:
        self.cancel()
        self.receiver.failed(failure)


class Connection(asyncio.Protocol):
    """One connection to an endpoint; carries one call at a time and waits in the endpoint's pool between them."""

    __slots__ = ("_began", "_body", "_endpoint", "_framed", "_head_bytes", "_header_bytes", "_headers",
                 "_informational", "_keep_alive", "_parser", "_reading", "_whole", "call", "full", "idle_since", "now",
                 "on_body", "reused", "transport")

    def __init__(self, endpoint: "Endpoint", time: Callable[[], float]) -> None:
        self._endpoint = endpoint
        self.now = time
        self.transport: asyncio.Transport = None  # type: ignore[assignment]  # set before anything else happens
        self.call: Call | None = None
        self.reused = False
        self.full = False  # what was written has not gone out yet
        self.idle_since = 0.0
        self._reading = True
        self._body: list[bytes] = []
        self.on_body = self._body.append  # the parser calls it for every piece: a call into C is the cheapest
        self._parser = httptools.HttpResponseParser(self)
        self._reset()

    def _reset(self) -> None:
        self._headers: Headers = []
        self._header_bytes = self._head_bytes = 0
        self._body.clear()
        self._framed = False  # the reply says where it ends
        self._began = False
        self._whole = False
        self._keep_alive = False
        self._informational = False

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]

    def send(self, call: Call) -> None:
        """Writes the request in one go. The connection must be idle."""
        self.call = call
        call.connection = self
        call.reused = self.reused
        call.sent_at = now = self.now()
        call.deadline = now + call.patience.first
        call.limit = "first_token"
        if call.paused:
            self.pause()
        self._endpoint.write(self.transport, call.request)
        if call.sender is not None:
            call.sender.may_send()

    def pause_writing(self) -> None:
        self.full = True

    def resume_writing(self) -> None:
        self.full = False
        if self.call is not None and self.call.sender is not None:
            self.call.sender.may_send()

    def abort(self) -> None:
        self.call = None
        if self.transport is not None:
            self.transport.abort()

    def pause(self) -> None:
        if self._reading and not self.transport.is_closing():
            self._reading = False
            self.transport.pause_reading()

    def resume(self) -> None:
        if not self._reading and not self.transport.is_closing():
            self._reading = True
            self.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self._endpoint.lost(self)
        call, self.call = self.call, None
        if call is None:
            return
        self._endpoint.forget(call)
        if self._began and not self._framed and exc is None:
            call.receiver.ended()  # a reply without a length ends where its connection does
        else:
            call.receiver.failed(Disconnected(str(exc) if exc else "the connection was closed"))

    def data_received(self, data: bytes) -> None:
        call = self.call
        if call is None:
            self.transport.abort()  # bytes that nobody asked for: this connection cannot be trusted with another call
            return
        failure = None
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            failure = Malformed(f"not HTTP: {error}")
        body = self._body
        if body and self.call is call:  # what one read brought, in one hand-over
            joined = body[0] if len(body) == 1 else b"".join(body)
            body.clear()
            call.deadline = self.now() + call.patience.between
            call.limit = "between_tokens"
            call.receiver.received(joined)
        if failure is not None and self.call is call:
            call.fail(failure)
        elif self._whole and self.call is call:
            self._finish(call)
        elif not self._began:
            self._refuse_endless_head(call, len(data))

    def _refuse_endless_head(self, call: Call, size: int) -> None:
        """The parser reports a header only when it is whole: what is still on its way is counted here."""
        self._head_bytes += size
        if self._head_bytes > MAX_HEADER_BYTES and self.call is call:
            call.fail(Malformed("not HTTP: a head without end"))

    def _finish(self, call: Call) -> None:
        self.call = None
        call.connection = None
        self._endpoint.forget(call)
        # A server may answer before it has read everything; the rest must not be taken for another request.
        if self._keep_alive and not call.unsent and not self.transport.is_closing():
            self.resume()
            self._reset()
            self.reused = True
            self._endpoint.keep(self)
        else:
            self.transport.close()
        call.receiver.ended()

    # The parser's callbacks

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise Malformed("the header is too large")
        name = name.lower()
        if name == b"content-length" or name == b"transfer-encoding":
            self._framed = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._informational = 100 <= status < 200
        if self._informational:
            return
        if status in (204, 304):
            self._framed = True
        self._began = True
        if self.call is not None:
            self.call.receiver.began(status, self._headers)

    def on_message_begin(self) -> None:
        if self._whole:
            raise Malformed("a second reply to one request")

    def on_message_complete(self) -> None:
        if self._informational:
            self._informational = self._framed = False
            self._headers = []
            return
        self._whole = True
        self._keep_alive = self._parser.should_keep_alive()
