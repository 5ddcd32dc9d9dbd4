"""The edge: the last flow, where frames become HTTP on the client's connection.

The status line waits for the first frame, so that a failure before it has a status of its own. A failure after it is an
error event and the end of the stream: never a silent end, never a false ``[DONE]``.
"""

from typing import Protocol

import msgspec

from gateway.exchange import Exchange
from gateway.guard_notes import guard_header
from gateway.refusal import Refusal
from gateway.reply import Flow, Head
from models.protocol.operations import StreamForm

_encode = msgspec.json.Encoder().encode

# The statuses that replies have; any other is written without a phrase, which HTTP allows.
_PHRASES = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long", 429: "Too Many Requests",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 502: "Bad Gateway",
    503: "Service Unavailable", 504: "Gateway Timeout",
}
STATUS_LINES = {status: f"HTTP/1.1 {status} {phrase}\r\n".encode() for status, phrase in _PHRASES.items()}
_LAST_CHUNK = b"0\r\n\r\n"


class Wire(Protocol):
    """The client's connection, as the edge needs it."""

    chunked: bool  # the client can read chunks (HTTP/1.1)
    closing: bool  # the connection closes after this reply

    def write(self, data: bytes) -> None: ...  # with the other writes of this turn
    def write_frame(self, data: bytes) -> None: ...  # with the frames of other streams
    def date_header(self) -> bytes: ...
    def finished(self, exchange: Exchange) -> None: ...


class Edge(Flow):
    """Writes one exchange's reply. After its last byte it tells the wire, once."""

    __slots__ = ("_chunked", "_exchange", "_head", "_started", "_wire", "_write_frame")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._write_frame = wire.write_frame
        self._chunked = wire.chunked
        self._exchange: Exchange = None  # type: ignore[assignment]  # attach() sets it before anything flows
        self._head: Head | None = None
        self._started = False

    def attach(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def head(self, head: Head) -> None:
        self._head = head

    def frame(self, frame: bytes) -> None:
        if not frame:
            return  # a chunk of no bytes would end the reply
        if self._started:
            self._write_frame(b"%x\r\n%b\r\n" % (len(frame), frame) if self._chunked else frame)
        else:
            self._write_frame(self._stream_head() + self._framed(frame))
            self._started = True

    def end(self, last: bytes) -> None:
        if self._started:
            self._write_frame(self._framed(last) + self._terminator())
        elif self._exchange.streamed and self._is_event_stream():
            self._wire.write(self._stream_head() + self._framed(last) + self._terminator())
        else:
            head = self._head or Head(200, [])
            self._wire.write(self._whole(head.status, head.headers, last))
        self._wire.finished(self._exchange)

    def fail(self, refusal: Refusal) -> None:
        if refusal.closes:
            self._wire.closing = True
        if self._started:
            event = refusal.event or error_event(refusal, self._exchange.request.operation.stream)
            # After a failure in mid-stream the client's next request is better off on a fresh connection.
            self._wire.closing = True
            self._write_frame(self._framed(event) + self._terminator())
        else:
            body = _encode(refusal_document(refusal, self._exchange.request.operation.stream))
            self._wire.write(self._whole(refusal.status, refusal.headers(), body))
        self._wire.finished(self._exchange)

    def _is_event_stream(self) -> bool:
        return self._head is not None and any(
            name == b"content-type" and value.startswith(b"text/event-stream") for name, value in self._head.headers)

    def _framed(self, frame: bytes) -> bytes:
        if not self._wire.chunked or not frame:
            return frame
        return b"%x\r\n%b\r\n" % (len(frame), frame)

    def _terminator(self) -> bytes:
        return _LAST_CHUNK if self._wire.chunked else b""

    def _stream_head(self) -> bytes:
        head = self._head or Head(200, [])
        if not self._wire.chunked:
            self._wire.closing = True  # HTTP/1.0 knows no chunks: the end of the connection is the end of the stream
        length = b"transfer-encoding: chunked\r\n" if self._wire.chunked else b""
        return self._start(head.status, head.headers) + length + self._tail()

    def _whole(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
        return b"%bcontent-length: %d\r\n%b%b" % (self._start(status, headers), len(body), self._tail(), body)

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes:
        line = STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
        record = self._exchange.record
        if record.arm_served:
            known = self._exchange.route.head_lines[record.arm_served]
        else:
            known = b"x-gatewright-revision: %d\r\n" % record.revision
        if self._exchange.verdict is not None and (told := guard_header(self._exchange)):
            known += b"x-gatewright-guard: %b\r\n" % told.encode()
        return b"%b%b%b%bx-request-id: %b\r\nx-gatewright-cache: %b\r\nx-gatewright-attempts: %d\r\n" % (
            line, self._wire.date_header(), b"".join([b"%b: %b\r\n" % pair for pair in headers]), known,
            record.id.encode(), record.cache.encode(), len(record.attempts))

    def _tail(self) -> bytes:
        return b"connection: close\r\n\r\n" if self._wire.closing else b"\r\n"


def refusal_document(refusal: Refusal, form: StreamForm) -> dict[str, object]:
    """OpenAI's error; the Messages API's clients look for one more key around it."""
    document = refusal.document()
    return {"type": "error", **document} if form == "messages" else document


def error_event(refusal: Refusal, form: StreamForm) -> bytes:
    """The event that ends a stream which failed, in the form that its clients look for."""
    document = refusal.document()
    if form == "messages":
        return b"event: error\ndata: " + _encode({"type": "error", **document}) + b"\n\n"
    if form == "responses":
        error = document["error"]
        assert isinstance(error, dict)
        flat = {"type": "error", "code": error["code"], "message": error["message"], "param": error["param"],
                "error": error}
        return b"event: error\ndata: " + _encode(flat) + b"\n\n"
    return b"data: " + _encode(document) + b"\n\n"
