"""A probe asks over the client that carries the traffic whether anybody is there, and believes what is below 500."""

from __future__ import annotations

import asyncio

import pytest

from models.endpoint import Endpoint
from models.probing import probe, probe_all
from tests.fakes.black_hole import BlackHole
from tests.models.scripted_server import OK, Peer, ScriptedServer, told, until


def endpoint_at(url: str) -> Endpoint:
    loop = asyncio.get_running_loop()
    return Endpoint(url, loop=loop, time=loop.time)


def reply(status: int) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: 0\r\n\r\n" % status


@pytest.mark.parametrize(("status", "alive"), [
    (200, True), (204, True), (404, True), (401, True), (500, False), (503, False),
])  # fmt: skip
async def test_any_answer_below_500_is_a_sign_of_life(status: int, alive: bool) -> None:
    """Not every server has a /health, and one may ask for a key."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply(status))
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        endpoint.healthy = not alive
        assert await probe(endpoint, 5) is alive
        assert endpoint.healthy is alive
        endpoint.close()


async def test_a_probe_asks_for_health_and_leaves_its_connection_to_the_traffic() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        assert await probe(endpoint, 5)
        await told(endpoint)
        (peer,) = server.peers
        assert peer.requests[0].startswith(b"GET /health HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n" % server.port)
        endpoint.close()


async def test_a_server_that_is_not_there_is_not_healthy_until_it_is_back() -> None:
    async with ScriptedServer() as server:
        endpoint, port = endpoint_at(server.url), server.port
    assert not await probe(endpoint, 5)
    async with ScriptedServer(port=port):
        assert await probe(endpoint, 5)
        assert endpoint.healthy
        endpoint.close()


async def test_a_server_that_does_not_answer_in_time_is_not_healthy_and_is_let_go() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        assert not await probe(endpoint, 0.05)
        assert (endpoint.healthy, endpoint.in_flight) == (False, 0)
        await until(lambda: server.ended)
        endpoint.close()


async def test_a_server_that_vanished_does_not_hold_up_the_probing_of_others() -> None:
    with BlackHole() as hole:
        async with ScriptedServer() as server:
            gone, there = endpoint_at(hole.url), endpoint_at(server.url)
            await probe_all([gone, there], 0.1)
            assert (gone.healthy, there.healthy, gone.in_flight) == (False, True, 0)
            there.close()
            gone.close()


async def test_what_is_no_http_is_no_sign_of_life() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"SSH-2.0-OpenSSH_9.2\r\n")
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        assert not await probe(endpoint, 5)
        endpoint.close()


async def test_a_reply_that_breaks_off_is_no_sign_of_life() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK[:-1])

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        assert not await probe(endpoint, 5)
        endpoint.close()


async def test_a_probe_that_is_given_up_closes_its_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        task = asyncio.create_task(probe(endpoint, 60))
        await until(lambda: server.peers and server.peers[0].requests)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: server.ended)
        assert endpoint.in_flight == 0
        endpoint.close()
