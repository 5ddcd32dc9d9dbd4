"""The door: the protocol class on every client's connection. It lets in what is one clear HTTP request, and no more.

Inference requests take the fast lane: the parser's callbacks collect them, and the pipeline is called from the last
one. All else goes to the Starlette application, through uvicorn's own cycle. What is wrong with a request is found here
or by the parser (llhttp, strict), before anyone else has seen it.

Two things go on side by side. What arrives: nothing ──first byte──▶ head ──blank line──▶ body ──last byte──▶ nothing.
What is answered: one turn at a time (``busy``); requests that were sent ahead wait for theirs, and reading stops.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.batches.upload import PATH as UPLOAD_PATH
from gateway.batches.upload import Upload
from gateway.edge import STATUS_LINES, Edge, refusal_document
from gateway.exchange import Exchange, Request
from gateway.refusal import InvalidRequest, Overloaded, ReaderStalled, Refusal, RequestTimeout, TooLarge
from models.protocol.document import encode_document
from models.protocol.operations import Operation

if TYPE_CHECKING:
    from gateway.hall import Hall

NOTHING, HEAD, BODY = range(3)
_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?")
# Requests without a fast lane carry no body worth speaking of.
_SLOW_BODY_BYTES = 64 * 1024
_MAX_PENDING = 16
_MAX_PENDING_BYTES = 64 * 1024
_LINGER_SECONDS = 0.5
_CHECKED = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})
_UPGRADE_HEADERS = (b"upgrade", b"connection", b"http2-settings")


class Turned(Exception):
    """Raised inside the parser to stop it: this connection is refused."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


class Door(HttpToolsProtocol):
    """One client connection. Requests on it are served one after the other, in order."""

    def __init__(self, hall: "Hall", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(hall.uvicorn, hall.server_state, {}, loop)
        # uvicorn allows data after "Connection: close"; we do not.
        self.parser = httptools.HttpRequestParser(self)
        self._hall = hall
        self._header_bytes, self._header_count = hall.limits.header_bytes, hall.limits.header_count
        self._exchange: Exchange | None = None
        self._pending: deque[Request | RequestResponseCycle] = deque()
        self._operation: Operation | None = None
        self._upload: Upload | None = None  # what arrives goes there
        self._body: list[bytes] = []
        self._pending_bytes = 0
        self._body_size = 0
        self._head_bytes = 0
        self._read_bytes = 0
        self._hosts = 0
        self._version = ""
        self._turned = False
        self._declining = False
        self._beginning = False
        self._arriving = NOTHING
        self._busy = False
        self._since = hall.time()  # of the last change in either
        self.write_paused_since = 0.0
        self.chunked = True
        self.closing = False
        # What the edge writes with; set with the transport.
        self.write: Callable[[bytes], None]
        self.write_frame: Callable[[bytes], None]

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self.write = partial(self._hall.outbox.put, self.transport)
        self.write_frame = partial(self._hall.outbox.put_frame, self.transport)
        if len(self._hall.doors) >= self._hall.limits.connections:
            self._turn_away(Overloaded("Too many connections are open."))
        self._hall.doors.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hall.doors.discard(self)
        exchange, self._exchange = self._exchange, None
        self._drop_pending()
        if exchange is not None:
            self._hall.pipeline_of(exchange).abandon(exchange)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._turned:
            return
        before = self._arriving
        self._read_bytes = len(data)
        if before == HEAD:
            # The parser reports a header only when it is whole: what is still on its way is counted here.
            self._head_bytes += len(data)
            if self._head_bytes > self._header_bytes:
                self._turn_away(_header_too_large())
                return
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._decline_upgrade(data[upgrade.args[0]:])
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._turn_away(cause.refusal if isinstance(cause, Turned) else InvalidRequest(
                "This is not an HTTP/1.1 request.", code="bad_http"))
        if self._arriving != before:
            self._since = self._hall.time()

    def _decline_upgrade(self, rest: bytes) -> None:
        """Goes on in HTTP/1.1, as a server may: Java's client offers h2c with its first request. The parser gives up
        on a request that offers something else, so another one reads it again without the offer."""
        if self.parser.get_method() == b"CONNECT":
            self._turn_away(InvalidRequest("There is no tunnel here.", code="bad_http"))
            return
        head = b"%b %b HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
        kept = [b"%b: %b\r\n" % pair for pair in self.headers if pair[0] not in _UPGRADE_HEADERS]
        self._declining = False
        self.parser = httptools.HttpRequestParser(self)
        self._arriving = NOTHING
        self.data_received(head + b"".join(kept) + b"\r\n" + rest)

    # The parser's callbacks

    def on_message_begin(self) -> None:
        if self._turned:
            raise Turned(InvalidRequest("This connection is closing.", code="bad_http"))
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._body = []
        self._body_size = self._head_bytes = self._hosts = 0
        self._operation = None
        self._arriving = HEAD

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > self._hall.limits.target_bytes:
            raise Turned(TooLarge("The request target is too long.", status=414, code="target_too_long"))

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.headers.append((name, value))
        if name in _CHECKED:
            self._check_header(name, value)

    def _measure_head(self) -> None:
        """Only where one read brought so much that the head may be too large: mostly it is the body that is."""
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > self._header_bytes:
            raise Turned(_header_too_large())

    def _check_header(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
            if not _HOST.fullmatch(value):
                raise Turned(InvalidRequest("The Host header is not a host.", code="bad_http"))
        elif name == b"content-length":
            self._check_length(value)
        elif name == b"transfer-encoding":
            self._check_coding(value)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def _check_length(self, value: bytes) -> None:
        if not value.isdigit() or len(value) > 19:
            raise Turned(InvalidRequest("The Content-Length is not a length.", code="bad_http"))
        if self._is_upload():
            if int(value) > self._hall.uploads.most_bytes:
                raise Turned(self._hall.uploads.too_large())
        elif int(value) > self._hall.limits.body_bytes:
            raise Turned(self._body_too_large())

    def _is_upload(self) -> bool:
        return self.url.partition(b"?")[0] == UPLOAD_PATH and self.parser.get_method() == b"POST"

    def _check_coding(self, value: bytes) -> None:
        # The parser lets through more than anyone sends in earnest: lists, quotes, identity, HTTP/1.0.
        if value.lower() != b"chunked" or self.parser.get_http_version() != "1.1":
            raise Turned(InvalidRequest("The only transfer coding here is chunked, in HTTP/1.1.", code="bad_http"))

    def _body_too_large(self) -> Refusal:
        return TooLarge(f"The body is larger than {self._hall.limits.body_bytes} bytes.")

    def on_headers_complete(self) -> None:
        version = self._version = self.parser.get_http_version()
        if self._head_bytes > self._header_bytes or self._read_bytes > self._header_bytes:
            self._measure_head()
        if len(self.headers) > self._header_count:
            raise Turned(_header_too_large())
        if version not in ("1.1", "1.0") or (version == "1.1" and self._hosts != 1) or self._hosts > 1:
            raise Turned(InvalidRequest("An HTTP/1.1 request has exactly one Host header.", code="bad_http"))
        if self.parser.should_upgrade():
            self._declining = True
            return
        if self.parser.get_method() == b"POST":
            self._operation = self._hall.operations.get(self.url) or self._hall.operations.get(
                self.url.partition(b"?")[0])
            if self._is_upload():
                self._begin_upload()
        self._arriving = BODY
        if self.expect_100_continue and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _begin_upload(self) -> None:
        try:
            self._upload = self._hall.uploads.begin(self.headers)
        except Refusal as refusal:
            raise Turned(refusal) from None

    def _drop_pending(self) -> None:
        """What nobody will answer any more; of files that were sent nothing is left."""
        uploads = [self._upload, *(turn.scope["state"]["upload"] for turn in self._pending
                                   if isinstance(turn, RequestResponseCycle))]
        self._upload = None
        self._pending.clear()
        for upload in uploads:
            if upload is not None:
                upload.close()

    def on_body(self, body: bytes) -> None:
        if self._upload is not None:
            self._take_up(self._upload, body)
            return
        self._body_size += len(body)
        limit = self._hall.limits.body_bytes if self._operation is not None else _SLOW_BODY_BYTES
        if self._body_size > limit:
            raise Turned(self._body_too_large())
        self._body.append(body)

    def _take_up(self, upload: Upload, body: bytes) -> None:
        try:
            upload.write(body)
        except Refusal as refusal:
            raise Turned(refusal) from None

    def on_message_complete(self) -> None:
        if self._declining:
            return
        self._arriving = NOTHING
        chunked = self._version == "1.1"
        keeps_alive = chunked and self.parser.should_keep_alive()
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        turn: Request | RequestResponseCycle
        if self._operation is not None:
            turn = Request(self._operation, self.headers, body, keeps_alive, chunked)
        else:
            turn = self._slow_turn(body, keeps_alive, self._upload)
            self._upload = None  # its handler's now
        if not (self._busy or self._pending or self._turned or self.flow.write_paused):
            self._begin(turn)
            return
        self._pending.append(turn)
        self._pending_bytes += len(body)
        # Answers first: a client that sends ahead must not fill our memory. Below the bound reading goes on, since only
        # who reads learns that the client has left.
        if len(self._pending) > _MAX_PENDING or self._pending_bytes > _MAX_PENDING_BYTES:
            self.flow.pause_reading()

    # Turns

    def _begin(self, turn: Request | RequestResponseCycle) -> None:
        self._busy = True
        if isinstance(turn, Request):
            self._begin_exchange(turn)
        else:
            self.cycle = turn
            self._start_asgi_task(turn, self.app)

    def _begin_exchange(self, request: Request) -> None:
        self.chunked = request.chunked
        self.closing = not request.keeps_alive or self._hall.draining
        edge = Edge(self)
        exchange = self._exchange = self._hall.new_exchange(request, edge)
        edge.attach(exchange)
        self._hall.pipeline_of(exchange).start(exchange)

    def _slow_turn(self, body: bytes, keeps_alive: bool, upload: Upload | None) -> RequestResponseCycle:
        url = _parsed(self.url)
        scope: Any = {
            "type": "http", "asgi": {"version": self.asgi_version, "spec_version": "2.3"}, "http_version": "1.1",
            "server": self.server, "client": self.client, "scheme": self.scheme, "root_path": "",
            "headers": self.headers, "state": {"upload": upload}, "method": self.parser.get_method().decode("ascii"),
            "path": url.path.decode("ascii"), "raw_path": url.path, "query_string": url.query or b""}
        cycle = RequestResponseCycle(
            scope=scope, transport=self.transport, flow=self.flow, logger=self.logger,
            access_logger=self.access_logger, access_log=False, default_headers=[], message_event=asyncio.Event(),
            expect_100_continue=False, keep_alive=keeps_alive and not self._hall.draining,
            on_response=self.on_response_complete)
        cycle.body = bytearray(body)
        cycle.more_body = False
        cycle.message_event.set()
        return cycle

    def on_response_complete(self) -> None:
        """uvicorn's cycle is done with its turn."""
        self._next_turn(self.cycle.keep_alive)

    def finished(self, exchange: Exchange) -> None:
        """The edge has written the last byte."""
        self._exchange = None
        self._hall.pipeline_of(exchange).settle(exchange)
        self._next_turn(not self.closing)

    def _next_turn(self, keeps_alive: bool) -> None:
        self._busy = False
        self._since = self._hall.time()
        if self.transport.is_closing():
            return
        if not keeps_alive or self._turned:
            self._turned = True
            self._hall.outbox.flush()
            self.transport.close()  # after what is buffered has gone out
            return
        self._begin_pending()

    def _begin_pending(self) -> None:
        """Begins what has arrived, one turn after the other. A turn that ends at once comes back here: a loop, since a
        read can bring thousands of requests and each would go one call deeper."""
        if self._beginning or not self._pending:
            return
        self._beginning = True
        while self._pending and not (self._busy or self._turned or self.flow.write_paused):
            self._begin(self._pending.popleft())
        self._beginning = False
        if not self._pending:
            self._pending_bytes = 0
            if not self._turned:
                self.flow.resume_reading()

    # What the edge needs

    def date_header(self) -> bytes:
        return self._hall.date_header

    def pause_writing(self) -> None:
        super().pause_writing()
        self.write_paused_since = self._hall.time()
        if self._exchange is not None and self._exchange.reply is not None:
            self._exchange.reply.source.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.write_paused_since = 0.0
        if self._exchange is not None and self._exchange.reply is not None:
            self._exchange.reply.source.resume()
        if not self.transport.is_closing():
            self._begin_pending()

    # Being turned away

    def _turn_away(self, refusal: Refusal) -> None:
        """Answers what never became an exchange, and closes: nothing after it on this connection can be trusted."""
        if self._turned:
            return
        self._turned = True
        if self._busy or self._pending:  # an earlier request is still being answered: it ends the connection
            self.closing = True
            self._drop_pending()
            return
        self._drop_pending()
        body = encode_document(refusal_document(refusal, "none"))
        head = STATUS_LINES[refusal.status] + b"".join(b"%b: %b\r\n" % pair for pair in refusal.headers())
        head += b"x-request-id: %b\r\n" % self._hall.new_id().encode()
        self.transport.write(head + b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body) + body)
        self._hall.turned_away(refusal)
        # The client may still be sending. To close on bytes that nobody has read would reset the connection, and the
        # reset could overtake the refusal: what still comes is read and dropped, for a moment.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def sweep(self, now: float) -> None:
        """Enforces the limits on time; called for every connection several times a second."""
        limits, since = self._hall.limits, now - self._since
        if self.write_paused_since and now - self.write_paused_since > limits.stalled_reader_time:
            if self._exchange is not None:
                self._exchange.conclude("abandoned", ReaderStalled.blame, ReaderStalled.code)
            self.transport.abort()
        elif self._busy or self._turned:
            return
        elif self._arriving == HEAD and since > limits.header_time:
            self._turn_away(RequestTimeout("The request's head did not arrive in time."))
        elif self._arriving == BODY and since > (
                limits.body_time if self._upload is None else self._hall.uploads.seconds):
            self._turn_away(RequestTimeout("The request's body did not arrive in time."))
        elif self._arriving == NOTHING and since > limits.idle_time:
            self.transport.close()

    def shutdown(self) -> None:
        """Leaves after the request in hand, or now where there is none."""
        self.closing = True
        if not self._busy and self._arriving == NOTHING:
            self.transport.close()
        elif self.cycle is not None:
            self.cycle.keep_alive = False


def _header_too_large() -> Refusal:
    return TooLarge("The request's head is too large.", status=431, code="header_too_large")


def _parsed(url: bytes) -> Any:
    try:
        parsed = httptools.parse_url(url)
        parsed.path.decode("ascii")
    except (httptools.HttpParserInvalidURLError, UnicodeDecodeError, AttributeError):
        raise Turned(InvalidRequest("The request target is not a path.", code="bad_http")) from None
    return parsed
