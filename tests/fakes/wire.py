"""A wire between a client and a server of TCP that can be slow, swallow what is sent, or break at a chosen word."""

from __future__ import annotations

import asyncio
from typing import Any, Self


class Wire:
    """Listens on ``port`` and passes every byte to ``to`` on 127.0.0.1 and back, unless told otherwise.

    `delay_seconds`: how long each piece takes, either way. `swallows`: connections are taken, and nothing ever comes
    out. `breaks_after`: where the client says this, it is passed on, the answer is awaited, and the wire breaks instead
    of handing it over: the server has done it and the client cannot know.
    """

    def __init__(self, to: int) -> None:
        self.delay_seconds = 0.0
        self.swallows = False
        self.breaks_after = b""
        self.port = 0
        self._to = to
        self._ends: set[asyncio.StreamWriter] = set()
        self._said = False
        self._passing: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def cut(self) -> None:
        """Breaks every connection that there is."""
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self._ends.add(to_client)
        passing = asyncio.current_task()
        assert passing is not None
        self._passing.add(passing)
        passing.add_done_callback(self._passing.discard)
        try:
            server, to_server = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            self.cut_one(to_client)
            return
        self._ends.add(to_server)
        await asyncio.gather(self._pass(client, to_server, to_client, True),
                             self._pass(server, to_client, to_server, False))

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, other: asyncio.StreamWriter, asks: bool
    ) -> None:
        try:
            while piece := await source.read(1 << 16):
                await self._carry(piece, sink, asks)
        except OSError:
            pass
        self.cut_one(sink)
        self.cut_one(other)

    async def _carry(self, piece: bytes, sink: asyncio.StreamWriter, asks: bool) -> None:
        if self.delay_seconds:
            await asyncio.sleep(self.delay_seconds)
        if self.swallows:
            return
        if self._said and not asks:
            self._said = False
            self.cut()
            return
        if asks and self.breaks_after and self.breaks_after in piece:
            self._said, self.breaks_after = True, b""
        sink.write(piece)
        await sink.drain()

    def cut_one(self, end: asyncio.StreamWriter) -> None:
        self._ends.discard(end)
        end.transport.abort()
