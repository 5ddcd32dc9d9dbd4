"""One connection of the fake: reads requests one after another, plays each one's plan, notices when the client goes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.bytes_plan import End, Reply, Send, Wait, plan
from tests.fakes.request_reader import Incomplete, RawRequest, RequestReader

if TYPE_CHECKING:
    from tests.fakes.upstream import FakeVLLM


@dataclass
class Request:
    """One request as it stood on the wire, and what became of it. Times: seconds of the loop's clock."""

    raw: RawRequest
    connection: int
    at: float
    closed_by_client: asyncio.Event = field(default_factory=asyncio.Event)
    closed_at: float | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    sent: bytearray = field(default_factory=bytearray)
    sent_bytes: int = 0
    sent_tokens: int = 0
    behaviour: Behaviour = field(default_factory=Behaviour)

    @property
    def method(self) -> str:
        return self.raw.method

    @property
    def target(self) -> str:
        return self.raw.target

    @property
    def path(self) -> str:
        return self.raw.target.partition("?")[0]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return self.raw.headers

    @property
    def body(self) -> bytes:
        return self.raw.body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == wanted), None)


class Connection(asyncio.Protocol):
    """One connection: reads requests one after another, plays each one's plan, notices when the client goes."""

    def __init__(self, fake: FakeVLLM) -> None:
        self.fake = fake
        self.reader = RequestReader(fake.violations.append)
        self.number = 0
        self.gone = asyncio.Event()
        self.ended_by_us = False
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._current: Request | None = None
        self._served = 0
        self._replied = False
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.fake.accepted += 1
        self.number = self.fake.accepted
        self.fake.open.add(self)
        self.fake.tune(transport)
        self.fake.spawn(self._serve())
        self.fake.changed()

    def data_received(self, data: bytes) -> None:
        if self._served and not self._current and self.fake.on_reuse and not self.reader.buffered:
            self._end(self.fake.on_reuse)
        if self._current and not self._replied:
            self.fake.violations.append("bytes of another request before the reply to this one was complete")
        self.reader.feed(data)
        self._arrived.set()

    def eof_received(self) -> bool:
        self._client_left()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._client_left()
        self.fake.open.discard(self)
        self._writable.set()
        self.fake.changed()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def reset(self) -> None:
        self.ended_by_us = True
        # Linger on, zero seconds: close() sends RST instead of FIN.
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _client_left(self) -> None:
        self.gone.set()
        self._arrived.set()
        request = self._current
        if request and not self.ended_by_us and not request.finished.is_set() and request.closed_at is None:
            request.closed_at = self._loop.time()
            request.closed_by_client.set()
            self.fake.changed()

    def _end(self, fault: Fault) -> None:
        self.ended_by_us = fault is not Fault.HANG
        if fault is Fault.RESET:
            self.reset()
        elif fault is Fault.FIN:
            self.transport.close()

    async def _serve(self) -> None:
        if (behaviour := self.fake.behaviour_on_accept()) is not None:
            await asyncio.sleep(behaviour.accept_delay)
            if behaviour.fault and behaviour.at is Place.ACCEPT:
                self._end(behaviour.fault)
                return
        while not self.gone.is_set() and not self.ended_by_us:
            raw = await self._next_request()
            if raw is None:
                break
            await self._answer(raw)
        self.ended_by_us = True
        self.transport.close()

    async def _next_request(self) -> RawRequest | None:
        while True:
            raw = self.reader.next()
            if not isinstance(raw, Incomplete):
                return raw
            if self.gone.is_set() or self.ended_by_us:
                return None
            if raw is Incomplete.WAITS_FOR_CONTINUE:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._arrived.clear()
            idle = self.fake.idle_seconds if self._served and not self.reader.buffered else None
            try:
                async with asyncio.timeout(idle):
                    await self._arrived.wait()
            except TimeoutError:
                return None

    async def _answer(self, raw: RawRequest) -> None:
        request = Request(raw, self.number, self._loop.time())
        self._current, self._replied = request, False
        self.fake.requests.append(request)
        request.behaviour = self.fake.behaviour_for(request)
        self.fake.changed()
        with self.fake.vllm.running(request.path):
            reply = self.fake.vllm.reply(raw, request.behaviour)
            await self._play(request, reply)
        self._served += 1
        self._current = None

    async def _play(self, request: Request, reply: Reply) -> None:
        steps = plan(reply, request.behaviour, close=request.raw.close)
        for step, following in itertools.pairwise(itertools.chain(steps, [None])):
            # The client may speak as soon as it has our last byte, before this task runs again.
            self._replied = isinstance(following, End)
            if self.gone.is_set():
                return
            if isinstance(step, Send):
                await self._send(request, step)
            elif isinstance(step, Wait):
                await self._pause(step.seconds)
            elif step is not None:
                await self._finish(request, step)

    async def _send(self, request: Request, step: Send) -> None:
        if not step.data:
            return
        self.transport.write(step.data)
        await asyncio.sleep(0)
        if not self._writable.is_set():
            request.stalled.set()
            self.fake.changed()
            await self._writable.wait()
            if not self.gone.is_set():
                request.stalled.clear()
        if not self.gone.is_set():
            request.sent_bytes += len(step.data)
            if self.fake.keep_sent:
                request.sent += step.data
            self.fake.vllm.generated(max(0, step.tokens - request.sent_tokens))
            request.sent_tokens = max(step.tokens, request.sent_tokens)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.gone.wait()

    async def _finish(self, request: Request, end: End) -> None:
        if end.fault is Fault.HANG:
            await self.gone.wait()
            return
        request.finished.set()
        if end.fault is None:
            self.fake.vllm.answered(request.path)
        self.fake.changed()
        if end.fault:
            self._end(end.fault)
        elif end.close:
            self._end(Fault.FIN)
