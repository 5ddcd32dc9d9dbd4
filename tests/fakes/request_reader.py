"""Reads requests strictly, as the last server in a row must: what two servers could read differently is a violation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
TARGET = re.compile(rb"[\x21-\x7e]+\Z")


class Incomplete(Enum):
    """Why there is no request yet."""

    MORE = auto()
    WAITS_FOR_CONTINUE = auto()


@dataclass(frozen=True)
class RawRequest:
    """A request as it stood on the wire: header names and values untouched, the body unchunked."""

    method: str
    target: str
    version: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    head: bytes
    trailers: bytes = b""

    def values(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def close(self) -> bool:
        """The connection must not be used again."""
        options = b",".join(self.values(b"connection")).lower()
        return b"close" in options or self.version == "HTTP/1.0"


class RequestReader:
    """Bytes in, requests out. Objections go to `object_to` as sentences; the reading goes on as well as it can."""

    def __init__(self, object_to: Callable[[str], None]) -> None:
        self._buffer = bytearray()
        self._object = object_to
        self._told_to_continue = False

    @property
    def buffered(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> RawRequest | Incomplete | None:
        """The next request; None when what came can never be one."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return Incomplete.MORE
        head = bytes(self._buffer[: end + 4])
        method, target, version, headers = self._head(head)
        values = {name: [value for key, value in headers if key.lower() == name] for name in FRAMING}
        body = self._body(end + 4, values)
        if isinstance(body, Incomplete) or body is None:
            return self._ask_once(values) if body is Incomplete.MORE else body
        content, trailers, used = body
        del self._buffer[:used]
        self._told_to_continue = False
        return RawRequest(method, target, version, headers, content, head, trailers)

    def _ask_once(self, values: dict[bytes, list[bytes]]) -> Incomplete:
        if values[b"expect"] and not self._told_to_continue:
            self._told_to_continue = True
            return Incomplete.WAITS_FOR_CONTINUE
        return Incomplete.MORE

    def _head(self, head: bytes) -> tuple[str, str, str, list[tuple[bytes, bytes]]]:
        lines = head[:-4].split(b"\r\n")
        if b"\n" in head.replace(b"\r\n", b"") or b"\r" in head.replace(b"\r\n", b""):
            self._object("a bare CR or LF in the head")
        parts = lines[0].split(b" ")
        if len(parts) != 3 or not TOKEN.match(parts[0]) or not TARGET.match(parts[1]):
            self._object(f"request line {lines[0]!r}")
            parts = [*parts, b"", b"", b""][:3]
        headers = [self._field(line) for line in lines[1:]]
        if sum(name.lower() == b"host" for name, _ in headers) != 1:
            self._object("not exactly one Host")
        return parts[0].decode("latin-1"), parts[1].decode("latin-1"), parts[2].decode("latin-1"), headers

    def _field(self, line: bytes) -> tuple[bytes, bytes]:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.match(name):
            self._object(f"header line {line[:80]!r}")
        if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in value):
            self._object(f"control byte in the value of {name[:40]!r}")
        return name, value.strip(b" \t")

    def _body(self, start: int, values: dict[bytes, list[bytes]]) -> tuple[bytes, bytes, int] | Incomplete | None:
        lengths, codings = values[b"content-length"], values[b"transfer-encoding"]
        if lengths and codings:
            self._object("both Content-Length and Transfer-Encoding")
        if len(lengths) > 1 or any(not length.isdigit() for length in lengths):
            self._object(f"Content-Length {lengths!r}")
            return None
        if codings:
            if codings != [b"chunked"]:
                self._object(f"Transfer-Encoding {codings!r}")
                return None
            return self._chunked(start)
        end = start + (int(lengths[0]) if lengths else 0)
        return Incomplete.MORE if len(self._buffer) < end else (bytes(self._buffer[start:end]), b"", end)

    def _chunked(self, at: int) -> tuple[bytes, bytes, int] | Incomplete | None:
        chunks = bytearray()
        while True:
            line_end = self._buffer.find(b"\r\n", at)
            if line_end < 0:
                return Incomplete.MORE
            line = bytes(self._buffer[at:line_end])
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", line):
                self._object(f"chunk-size line {line[:40]!r}")
                return None
            size, at = int(line, 16), line_end + 2
            if size == 0:
                return self._trailers(bytes(chunks), at)
            if len(self._buffer) < at + size + 2:
                return Incomplete.MORE
            chunks += self._buffer[at : at + size]
            if self._buffer[at + size : at + size + 2] != b"\r\n":
                self._object("a chunk that does not end where it said")
                return None
            at += size + 2

    def _trailers(self, body: bytes, at: int) -> tuple[bytes, bytes, int] | Incomplete:
        if self._buffer[at : at + 2] == b"\r\n":
            return body, b"", at + 2
        end = self._buffer.find(b"\r\n\r\n", at)
        return Incomplete.MORE if end < 0 else (body, bytes(self._buffer[at:end]), end + 4)


FRAMING = (b"content-length", b"transfer-encoding", b"expect")
