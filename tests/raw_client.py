"""A client that writes bytes as they are and reads replies as they come: it says what no polite library would."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Self

import httptools


@dataclass
class Answer:
    """One reply. `complete`: its end was seen."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class _Parser:
    """Collects the replies of one connection; 1xx replies are no answers."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self._parser = httptools.HttpResponseParser(self)
        self._current = Answer()

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._current = Answer()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._current.headers.append((name.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._current.status = self._parser.get_status_code()
        if self._current.status >= 200:
            self.answers.append(self._current)

    def on_body(self, body: bytes) -> None:
        self._current.body += body

    def on_message_complete(self) -> None:
        self._current.complete = True


class RawClient:
    """One connection. `closed`: the server ended it; `answers`: the replies so far, the last perhaps not complete."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._parser = _Parser()
        self.closed = False
        self.was_reset = False
        self.received = bytearray()

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def abort(self) -> None:
        """Leave without a word, as a client does that was killed."""
        self.writer.transport.abort()

    @property
    def answers(self) -> list[Answer]:
        return self._parser.answers

    async def send(self, data: bytes) -> None:
        """Write all of it; a server that hangs up halfway is no error here."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            self.was_reset = True

    async def read_some(self, seconds: float = 5.0) -> bytes:
        """The next bytes; empty at the end. Raises TimeoutError."""
        try:
            data = await asyncio.wait_for(self.reader.read(65536), seconds)
        except OSError:
            data, self.was_reset = b"", True
        self.received += data
        if data:
            self._parser.feed(data)
        else:
            self.closed = True
        return data

    async def read_answers(self, count: int, seconds: float = 8.0) -> list[Answer]:
        """Read until that many replies are complete, or the server closes. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while sum(answer.complete for answer in self.answers) < count and not self.closed:
                await self.read_some(seconds)
        return self.answers

    async def read_until(self, marker: bytes, seconds: float = 5.0) -> bytearray:
        """Read until the marker has come, or the end."""
        async with asyncio.timeout(seconds):
            while marker not in self.received and not self.closed:
                await self.read_some(seconds)
        return self.received
