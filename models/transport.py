"""The endpoints' pool behind httpx's transport interface: for those who want a client and not callbacks.

Nothing on the hot path comes here; a data worker never imports it. What httpx promises holds: its time-outs and its
exceptions, bodies streamed both ways with back-pressure, and a request that is cancelled closes its connection.
"""

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

import httpx2

from models.endpoint import Endpoints
from models.upstream import NEVER, Call, Disconnected, Headers, Patience, Unreachable, UpstreamFailure

# What may wait here for its reader: above the first, the server is made to wait; below the second, it may go on.
_HIGH_BYTES, _LOW_BYTES = 64 * 1024, 16 * 1024
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BROKEN_VALUE = re.compile(rb"[\r\n\0]")


class PooledTransport(httpx2.AsyncBaseTransport):
    """Sends httpx's requests through ``endpoints``, which are the caller's: closing the transport ends only the
    requests made with it."""

    def __init__(self, endpoints: Endpoints, time: Callable[[], float]) -> None:
        """``time`` is the endpoints' own clock."""
        self._endpoints = endpoints
        self._time = time
        self._open: set[RoundTrip] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.scheme not in ("http", "https"):
            raise httpx2.UnsupportedProtocol(f"no way to send to {request.url.scheme!r}", request=request)
        self._endpoints.sweep(self._time())  # an idle connection may have grown too old since anybody looked
        trip = RoundTrip(request, self._open.discard)
        self._open.add(trip)
        try:
            await trip.send(self._endpoints)
            return await trip.response()
        except BaseException:
            trip.cancel()
            raise

    async def aclose(self) -> None:
        for trip in list(self._open):
            trip.cancel()


class RoundTrip(httpx2.AsyncByteStream):
    """One request and its response: the call's receiver on one side, the body that httpx reads on the other."""

    def __init__(self, request: httpx2.Request, over: Callable[["RoundTrip"], object]) -> None:
        self._request = request
        self._limits: dict[str, float | None] = request.extensions.get("timeout", {})
        self._on_over = over
        self._call: Call | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._sent = False
        self._status = 0
        self._headers: Headers = []
        self._pieces: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._failure: UpstreamFailure | None = None
        self._over = False

    # What the call tells

    def may_send(self) -> None:
        self._sent = True
        self._wake()

    def began(self, status: int, headers: Headers) -> None:
        self._status, self._headers = status, headers
        if self._request.method == "HEAD" and self._call is not None:
            self._call.cancel()  # the parser waits for a body that does not follow: the connection must go
            self._finish()
        self._wake()

    def received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > _HIGH_BYTES and self._call is not None:
            self._call.pause()
        self._wake()

    def ended(self) -> None:
        self._finish()

    def failed(self, failure: UpstreamFailure) -> None:
        self._failure = failure
        self._finish()

    def _finish(self) -> None:
        self._over = True
        self._on_over(self)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _until(self, ready: Callable[[], object], limit: str, late: type[httpx2.TimeoutException]) -> None:
        """Waits until ``ready``, or until nothing more can come; raises ``late`` after httpx's time-out ``limit``."""
        try:
            async with asyncio.timeout(self._limits.get(limit)):
                while not ready() and not self._over:
                    self._waiter = asyncio.get_running_loop().create_future()
                    await self._waiter
        except TimeoutError:
            raise late(f"the {limit} time-out passed", request=self._request) from None

    # Sending

    async def send(self, endpoints: Endpoints) -> None:
        """Sends the request, body and all, unless the server answers before it has all of it."""
        url, stream = self._request.url, self._request.stream
        assert isinstance(stream, httpx2.AsyncByteStream)
        endpoint = endpoints.get(f"{url.scheme}://{url.netloc.decode('ascii')}")
        whole = isinstance(stream, httpx2.ByteStream)
        request = _head(self._request) + (b"".join([piece async for piece in stream]) if whole else b"")
        self._call = endpoint.call(request, self, Patience(NEVER), self, unsent=not whole)
        await self._until(lambda: self._sent, "connect", httpx2.ConnectTimeout)
        if not whole:
            await self._send_body(self._call, stream)

    async def _send_body(self, call: Call, stream: httpx2.AsyncByteStream) -> None:
        length = self._request.headers.get("content-length")
        sent = 0
        async for piece in stream:
            sent += len(piece)
            if length is not None and sent > int(length):
                break
            if piece:
                call.write(piece if length is not None else b"%x\r\n%b\r\n" % (len(piece), piece))
                await asyncio.sleep(0)  # writes may be gathered until the end of the loop's turn
            await self._until(lambda: call.room or self._status, "write", httpx2.WriteTimeout)
            if self._status or self._over:
                return  # an answer to what it has not read yet: a refusal, most likely
        if length is not None and sent != int(length):
            raise httpx2.LocalProtocolError("the body is not as long as its Content-Length", request=self._request)
        if length is None:
            call.write(b"0\r\n\r\n")
        call.unsent = False

    # Receiving

    async def response(self) -> httpx2.Response:
        await self._until(lambda: self._status, "read", httpx2.ReadTimeout)
        if not self._status:
            self._raise_failure()
        return httpx2.Response(self._status, headers=self._headers, stream=self, request=self._request,
                               extensions={"http_version": b"HTTP/1.1"})

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while True:
                await self._until(lambda: self._pieces, "read", httpx2.ReadTimeout)
                if not self._pieces:
                    break
                piece = self._pieces.popleft()
                self._waiting_bytes -= len(piece)
                if self._waiting_bytes < _LOW_BYTES and self._call is not None and self._call.paused:
                    self._call.resume()
                yield piece
            if self._failure is not None:
                self._raise_failure()
        finally:
            self.cancel()  # in vain where all was read

    async def aclose(self) -> None:
        self.cancel()

    def cancel(self) -> None:
        """Closes the connection, unless the response is whole; safe to call at any time."""
        if not self._over:
            self._failure = Disconnected("the request was given up")
            if self._call is not None:
                self._call.cancel()
            self._finish()

    def _raise_failure(self) -> NoReturn:
        kind = httpx2.ConnectError if isinstance(self._failure, Unreachable) else httpx2.RemoteProtocolError
        raise kind(str(self._failure), request=self._request)


def _head(request: httpx2.Request) -> bytes:
    method, headers = request.method.encode("ascii", "replace"), request.headers.raw
    if not _TOKEN.fullmatch(method):
        raise httpx2.LocalProtocolError(f"{request.method!r} is no method", request=request)
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or _BROKEN_VALUE.search(value):
            raise httpx2.LocalProtocolError(f"the header {name!r} cannot be sent", request=request)
    lines = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (method, request.url.raw_path, lines)
