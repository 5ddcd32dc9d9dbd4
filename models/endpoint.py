"""An endpoint: one model server, the connections kept open to it, and how it does."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Protocol
from urllib.parse import urlsplit

from models.upstream import Call, Connection, Patience, Receiver, Sender, TimedOut, Unreachable

# uvicorn, which serves vLLM, closes a connection that was idle for 5 seconds. Leaving first avoids writing a request
# into a connection that is just being closed.
IDLE_SECONDS = 4.0


def _write_at_once(transport: asyncio.Transport, data: bytes) -> None:
    transport.write(data)


class Traffic(Protocol):
    """Who is told of the calls to an endpoint for which somebody waits."""

    def begun(self) -> None: ...
    def ended(self) -> None: ...


class Untold:
    """Nobody is."""

    def begun(self) -> None:
        """See Untold."""

    def ended(self) -> None:
        """See Untold."""


class Endpoint:
    """One base URL. Requests never queue here: a call takes an idle connection or opens one."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None, *,
                 loop: asyncio.AbstractEventLoop, time: Callable[[], float],
                 write: Callable[[asyncio.Transport, bytes], None] | None = None,
                 traffic: Traffic | None = None) -> None:
        """``time`` gives monotonic seconds; every deadline is one of its times. ``write`` may gather writes."""
        self.write = write or _write_at_once
        self.traffic = traffic or Untold()
        parts = urlsplit(url)
        self.url = url
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.authority = parts.netloc
        # Stands in ids that clients send back: it must be the same on every worker and after every restart.
        self.mark = blake2b(url.encode(), digest_size=4).hexdigest()
        self.healthy = True
        self._tls = tls if parts.scheme == "https" else None
        self._loop = loop
        self._time = time
        self._idle: deque[Connection] = deque()
        self._calls: set[Call] = set()
        self._connections: set[Connection] = set()
        self.retired = False
        self.fingerprint: str | None = None  # what this server stamps its replies with, once one was read

    def __repr__(self) -> str:
        state = "healthy" if self.healthy else "unhealthy"
        return f"<Endpoint {self.url} {state} in_flight={self.in_flight} idle={len(self._idle)}>"

    @property
    def in_flight(self) -> int:
        return len(self._calls)

    def call(self, request: bytes, receiver: Receiver, patience: Patience, sender: Sender | None = None, *,
             unsent: bool = False, background: bool = False) -> Call:
        """Sends ``request``; the receiver gets the reply. It is all of it, head and body, unless ``unsent`` says that
        ``sender`` will write the rest. Nobody waits for one in the ``background``."""
        call = Call(self, request, receiver, patience, sender=sender, unsent=unsent, background=background)
        self._calls.add(call)
        if not background:
            self.traffic.begun()
        while self._idle:
            connection = self._idle.pop()  # the one used last is the least likely to be closed
            if not connection.transport.is_closing():
                connection.send(call)
                return call
        call.deadline = self._time() + patience.connect
        call.limit = "connect"
        call.task = self._loop.create_task(self._connect(call))
        return call

    async def _connect(self, call: Call) -> None:
        name = self.host if self._tls else None
        try:
            _, connection = await self._loop.create_connection(
                lambda: Connection(self, self._time), self.host, self.port, ssl=self._tls, server_hostname=name)
        except (OSError, UnicodeError) as error:  # a name that cannot be looked up is the latter
            call.task = None
            if call in self._calls:
                self.healthy = False
                call.fail(Unreachable(str(error)))
            return
        call.task = None
        self._connections.add(connection)
        if call not in self._calls:  # cancelled in the very turn in which the connection came up
            connection.abort()
            return
        connection.send(call)

    def keep(self, connection: Connection) -> None:
        """Takes back a connection whose reply is whole."""
        if self.retired:
            connection.abort()
            return
        connection.idle_since = self._time()
        self._idle.append(connection)

    def lost(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def forget(self, call: Call) -> None:
        if call in self._calls:
            self._calls.discard(call)
            if not call.background:
                self.traffic.ended()

    def sweep(self, now: float) -> None:
        """Fails the calls whose time has passed and closes connections that were idle too long."""
        for call, limit in [(call, limit) for call in self._calls if (limit := call.overdue(now))]:
            call.fail(TimedOut(limit))
        while self._idle and now - self._idle[0].idle_since > IDLE_SECONDS:
            self._idle.popleft().abort()

    def retire(self) -> None:
        """No revision names it any more: calls in flight finish, connections go."""
        self.retired = True
        while self._idle:
            self._idle.pop().abort()

    def close(self) -> None:
        for call in list(self._calls):
            call.cancel()
        for connection in list(self._connections):
            connection.abort()


class Endpoints:
    """All endpoints of a worker, by URL: a new revision that names the same server keeps its connections."""

    def __init__(self, make: Callable[[str], Endpoint]) -> None:
        self._make = make
        self._by_url: dict[str, Endpoint] = {}
        self._retired: list[Endpoint] = []

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(list(self._by_url.values()))

    def get(self, url: str) -> Endpoint:
        endpoint = self._by_url.get(url)
        if endpoint is None:
            endpoint = self._by_url[url] = self._make(url)
        return endpoint

    def keep_only(self, urls: set[str]) -> None:
        for url in self._by_url.keys() - urls:
            endpoint = self._by_url.pop(url)
            endpoint.retire()
            self._retired.append(endpoint)

    def sweep(self, now: float) -> None:
        self._retired = [endpoint for endpoint in self._retired if endpoint.in_flight]
        for endpoint in [*self._by_url.values(), *self._retired]:
            endpoint.sweep(now)

    def close(self) -> None:
        for endpoint in [*self._by_url.values(), *self._retired]:
            endpoint.close()
