"""One question, its whole reply awaited; given up, the server sees the connection close."""

from __future__ import annotations

import asyncio

import pytest

from models.asking import Asking, WholeReply
from models.endpoint import Endpoint
from models.upstream import Disconnected, Malformed, Patience, Unreachable, UpstreamFailure
from tests.models.scripted_server import OK, REQUEST, Peer, ScriptedServer, until


def endpoint_at(url: str) -> Endpoint:
    loop = asyncio.get_running_loop()
    return Endpoint(url, loop=loop, time=loop.time)


def asking(endpoint: Endpoint, limit: int = 1000) -> Asking:
    return Asking(endpoint, REQUEST, Patience(5), limit)


async def test_the_reply_is_whole_and_the_connection_is_kept() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        first, second = asking(endpoint), None
        assert await first.reply() == WholeReply(200, b"{}")
        second = asking(endpoint)
        await second.reply()
        assert (first.reused, second.reused, len(server.peers), endpoint.in_flight) == (False, True, 1, 0)
        endpoint.close()


@pytest.mark.parametrize(("sent", "failure"), [
    (b"", Disconnected), (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", Disconnected),
    (b"nonsense\r\n\r\n", Malformed),
    (b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n" + b" " * 2000, Malformed)])
async def test_a_reply_that_is_none_is_a_failure(sent: bytes, failure: type[UpstreamFailure]) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(sent)

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        with pytest.raises(failure):
            await asking(endpoint).reply()
        assert endpoint.in_flight == 0


async def test_nobody_there_is_a_failure() -> None:
    async with ScriptedServer() as server:
        url = server.url
    with pytest.raises(Unreachable):
        await asking(endpoint_at(url)).reply()


async def test_who_gives_up_closes_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:-1])
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        task = asyncio.ensure_future(asking(endpoint).reply())
        await until(lambda: server.peers and server.peers[0].requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.ended)
        assert endpoint.in_flight == 0
