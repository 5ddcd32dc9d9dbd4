"""Asking: one request, its whole reply awaited. For questions of the gateway's own; replies to clients are streamed."""

import asyncio
from typing import NamedTuple

from models.endpoint import Endpoint
from models.upstream import Headers, Malformed, Patience, UpstreamFailure


class WholeReply(NamedTuple):
    status: int
    body: bytes


class Asking:
    """One request on its way. ``reused`` tells that it went out on a connection that had been open before: then a
    server that closed it may never have seen it."""

    def __init__(self, endpoint: Endpoint, request: bytes, patience: Patience, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._status = 0
        self._body: list[bytes] = []
        self._size = 0
        self._done: asyncio.Future[WholeReply] = asyncio.get_running_loop().create_future()
        self._call = endpoint.call(request, self, patience)

    @property
    def reused(self) -> bool:
        return self._call.reused

    async def reply(self) -> WholeReply:
        """Raises UpstreamFailure. Given up, the connection is closed: the server stops generating."""
        try:
            return await self._done
        finally:
            self._call.cancel()  # in vain where the reply is whole

    # What the call tells

    def began(self, status: int, headers: Headers) -> None:
        self._status = status

    def received(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit_bytes:
            self._call.fail(Malformed(f"a reply of more than {self._limit_bytes} bytes"))
            return
        self._body.append(data)

    def ended(self) -> None:
        if not self._done.done():
            self._done.set_result(WholeReply(self._status, b"".join(self._body)))

    def failed(self, failure: UpstreamFailure) -> None:
        if not self._done.done():
            self._done.set_exception(failure)
