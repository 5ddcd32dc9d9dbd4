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
import json
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import msgspec

from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.connection import Connection, Request
from tests.fakes.vllm import VLLM

Choose = Callable[["Request"], Behaviour | None]


class FakeVLLM:
    """One fake server. Inference requests take the next scripted behaviour, then `default`; probes never do.

    `idle_seconds`: how long an unused connection is kept, 5 in vLLM. `on_reuse`: what meets the first byte of a second
    request on a connection. `send_buffer`: bytes of the socket's buffer. `keep`: how many requests are remembered, all
    if None; `keep_sent`: with the bytes that each was answered. `violations`: everything that a strict HTTP/1.1 server
    may object to in what it was sent.
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
        keep_sent: bool = False,
    ) -> None:
        served = [served_model] if isinstance(served_model, str) else served_model
        self.vllm = VLLM(served, api_key)
        self.default = default or Behaviour()
        self.idle_seconds = idle_seconds
        self.on_reuse: Fault | None = None
        self.keep_sent = keep_sent
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

    def reset(self) -> None:
        """Forget the script and all that was seen; connections stay."""
        self._queue.clear()
        self._choose, self.on_reuse, self.default = None, None, Behaviour()
        self.requests.clear()
        self.violations.clear()
        self.vllm.healthy = True

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
