"""A server whose every byte a test writes by hand, and a receiver that tells the story of a call."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Self

from models.endpoint import Endpoint
from models.upstream import Call, Headers, Patience, UpstreamFailure

REQUEST = b"POST /v1/x HTTP/1.1\r\nhost: s\r\ncontent-length: 2\r\n\r\n{}"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
CERTIFICATE = Path(__file__).parent / "certificates" / "localhost.pem"


class Peer:
    """One connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.requests: list[bytes] = []

    async def request(self) -> bytes:
        """The next request, head and body; raises EOFError where the client has left."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            self.requests.append(head + await self.reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            raise EOFError from None
        return self.requests[-1]

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def left(self) -> None:
        """Returns once the client has closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def close(self) -> None:
        self.writer.close()


async def answering(peer: Peer) -> None:
    """Answers every request with `{}` and keeps the connection."""
    while True:
        await peer.request()
        await peer.send(OK)


class ScriptedServer:
    """Plays a script on each connection; when the script returns, the connection is closed."""

    def __init__(self, script: Callable[[Peer], Awaitable[Any]] = answering, tls: bool = False,
                 port: int = 0) -> None:  # fmt: skip
        self._script, self._tls, self._port = script, tls, port
        self.peers: list[Peer] = []
        self.ended = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_name("localhost-key.pem"))
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, ssl=context)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self.peers:
            peer.writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer)
        self.peers.append(peer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(EOFError, ConnectionError, asyncio.CancelledError):
                await self._script(peer)
        finally:
            self._tasks.discard(task)
            self.ended += 1
            writer.close()


class Story:
    """A receiver: keeps what a call tells, and lets a test wait for it."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: Headers = []
        self.body = b""
        self.pieces: list[bytes] = []
        self.events: list[str] = []
        self.failure: UpstreamFailure | None = None
        self.on_received: Callable[[bytes], None] = lambda data: None

    def began(self, status: int, headers: Headers) -> None:
        self.status, self.headers = status, headers
        self.events.append("began")

    def received(self, data: bytes) -> None:
        self.body += data
        self.pieces.append(data)
        self.events.append("received")
        self.on_received(data)

    def ended(self) -> None:
        self.events.append("ended")

    def failed(self, failure: UpstreamFailure) -> None:
        self.failure = failure
        self.events.append("failed")

    @property
    def over(self) -> bool:
        return self.events[-1:] in (["ended"], ["failed"])


async def until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    """Waits for a condition that nobody signals; raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


async def told(endpoint: Endpoint, request: bytes = REQUEST, patience: Patience | None = None) -> Story:
    """One call from its beginning to its end."""
    story = Story()
    endpoint.call(request, story, patience or Patience(5))
    await until(lambda: story.over)
    return story


def called(endpoint: Endpoint, patience: Patience | None = None) -> tuple[Call, Story]:
    """A call that has just begun."""
    story = Story()
    return endpoint.call(REQUEST, story, patience or Patience(5)), story
