"""A fake vLLM that fakes the wire: an HTTP/1.1 server in which the script decides every byte that goes out.

In a test::

    async with FakeVLLM("m") as fake:
        fake.script(Behaviour(fault="reset", at="token", after=3), Behaviour(status=503))
        ...                                         # use fake.url
        assert fake.requests[0].closed_by_client.is_set()

As a process, steered by the key `fake` in a request's body or the header `x-fake` (fields of `Behaviour`)::

    python -m tests.fakes.upstream --port 9101 --served-model m
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec

from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.bytes_plan import End, Reply, Send, Wait, plan
from tests.fakes.request_reader import Incomplete, RawRequest, RequestReader
from tests.fakes.vllm import VLLM

Choose = Callable[["Request"], Behaviour | None]


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


class FakeVLLM:
    """One fake server. Inference requests take the next scripted behaviour, then `default`; probes never do.

    `idle_seconds`: how long an unused connection is kept, 5 in vLLM. `on_reuse`: what meets the first byte of a second
    request on a connection. `send_buffer`: bytes of the socket's buffer. `keep`: how many requests are remembered, all
    if None. `violations`: everything that a strict HTTP/1.1 server may object to in what it was sent.
    """

    def __init__(
        self,
        served_model: str | list[str] = "m",
        *,
        port: int = 0,
        api_key: str | None = None,
        idle_seconds: float = 5.0,
        send_buffer: int | None = None,
        default: Behaviour | None = None,
        keep: int | None = None,
    ) -> None:
        served = [served_model] if isinstance(served_model, str) else served_model
        self.vllm = VLLM(served, api_key)
        self.default = default or Behaviour()
        self.idle_seconds = idle_seconds
        self.on_reuse: Fault | None = None
        self.requests: deque[Request] = deque(maxlen=keep)
        self.violations: list[str] = []
        self.open: set[Connection] = set()
        self.accepted = 0
        self._port, self._send_buffer = port, send_buffer
        self._queue: deque[Behaviour] = deque()
        self._choose: Choose | None = None
        self._server: asyncio.Server | None = None
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; after `stop()` again on the same port, as a server that was restarted."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self._port, backlog=1024)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse new connections and reset those that are open."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.open):
            connection.reset()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._errors:
            raise self._errors[0]

    @property
    def port(self) -> int:
        return self._port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """Connections open now."""
        return len(self.open)

    @property
    def inference(self) -> list[Request]:
        """The requests that asked the model something, without probes and scrapes."""
        return [request for request in self.requests if request.method == "POST"]

    @property
    def control_calls(self) -> list[Request]:
        """Requests for vLLM's control paths, which no application may reach."""
        return [request for request in self.requests if self.vllm.is_control(request.path)]

    def script(self, *behaviours: Behaviour) -> None:
        """Queue what happens to the next inference requests, one each."""
        self._queue.extend(behaviours)

    def choose(self, choose: Choose | None) -> None:
        """Decide each request's behaviour by its content; None from it: the queue, then the default."""
        self._choose = choose

    async def until(self, condition: Callable[[], bool], within: float = 5.0) -> None:
        """Wait until the condition holds; looked at whenever something happens here. Raises TimeoutError."""
        if condition():
            return
        waiter = (condition, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            await asyncio.wait_for(waiter[1], within)
        finally:
            self._waiters.remove(waiter)

    async def request(self, index: int = 0, within: float = 5.0) -> Request:
        """The inference request of that index, waited for."""
        await self.until(lambda: len(self.inference) > index, within)
        return self.inference[index]

    def spawn(self, coroutine: Any) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failed := task.exception()):
            self._errors.append(failed)

    def changed(self) -> None:
        """Something happened: look again at what tests wait for."""
        for condition, future in self._waiters:
            if not future.done() and condition():
                future.set_result(None)

    def behaviour_on_accept(self) -> Behaviour | None:
        head = self._queue[0] if self._queue else self.default
        if not (head.at is Place.ACCEPT and head.fault) and not head.accept_delay:
            return None
        if self._queue and head.fault:
            self._queue.popleft()
        return head

    def behaviour_for(self, request: Request) -> Behaviour:
        if not self.vllm.is_inference(request.path):
            return Behaviour()
        wanted = self._choose(request) if self._choose else None
        if wanted is None and self._queue:
            wanted = self._queue.popleft()
        return wanted or _asked_for(request) or self.default

    def tune(self, transport: asyncio.Transport) -> None:
        # Nothing waits in the transport: a reader that does not read is felt by the script at once.
        transport.set_write_buffer_limits(high=0)
        if self._send_buffer is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer)


def _asked_for(request: Request) -> Behaviour | None:
    """The behaviour that the request itself asks for, under `fake` or in `x-fake`."""
    header = request.header("x-fake")
    if header is not None:
        return msgspec.json.decode(header, type=Behaviour)
    if b'"fake"' not in request.body:
        return None
    try:
        body = request.json
    except ValueError:
        return None
    wanted = body.get("fake") if isinstance(body, dict) else None
    return None if wanted is None else msgspec.convert(wanted, Behaviour)


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


async def serve(arguments: argparse.Namespace) -> None:
    """Run one fake until it is ended by a signal."""
    default = Behaviour(first_token_delay=arguments.first_token_delay, token_delay=arguments.token_delay)
    served = arguments.served_model or ["m"]
    fake = FakeVLLM(served, port=arguments.port, api_key=arguments.api_key, default=default, keep=100)
    await fake.start()
    print(json.dumps({"ready": fake.url, "at": time.time()}), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake vLLM that misbehaves on command.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--served-model", action="append")
    parser.add_argument("--api-key")
    parser.add_argument("--first-token-delay", type=float, default=0.0, help="seconds")
    parser.add_argument("--token-delay", type=float, default=0.0, help="seconds")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
