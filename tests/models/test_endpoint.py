"""An endpoint keeps connections for the next call, trusts none that may be gone, and lets go of all in the end."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from models.endpoint import IDLE_SECONDS, Endpoint, Endpoints
from models.upstream import Disconnected, Patience, TimedOut, Unreachable
from tests.fakes.black_hole import BlackHole
from tests.models.scripted_server import (
    CERTIFICATE,
    OK,
    Peer,
    ScriptedServer,
    Story,
    called,
    told,
    until,
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def endpoint_at(url: str, clock: Clock | None = None, tls: ssl.SSLContext | None = None) -> Endpoint:
    return Endpoint(url, tls, loop=asyncio.get_running_loop(), time=clock or Clock())


# The pool


async def test_calls_one_after_the_other_share_a_connection() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        for _ in range(5):
            assert (await told(endpoint)).events[-1] == "ended"
        assert [len(peer.requests) for peer in server.peers] == [5]
        endpoint.close()


async def test_calls_at_the_same_time_have_a_connection_each() -> None:
    """One never waits behind another: each generates for minutes."""
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        stories = [called(endpoint)[1] for _ in range(5)]
        await until(lambda: all(story.over for story in stories))
        assert [len(peer.requests) for peer in server.peers] == [1] * 5
        assert repr(endpoint).endswith("in_flight=0 idle=5>")
        endpoint.close()


async def test_the_connection_that_was_used_last_is_taken_first() -> None:
    """It is the least likely to be closed, and the others may grow old and go."""
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        stories = [called(endpoint)[1] for _ in range(3)]
        await until(lambda: all(story.over for story in stories))
        for _ in range(4):
            await told(endpoint)
        assert sorted(len(peer.requests) for peer in server.peers) == [1, 1, 5]
        endpoint.close()


async def test_a_call_knows_whether_its_connection_had_been_open_before() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        first, story = called(endpoint)
        await until(lambda: story.over)
        second, story = called(endpoint)
        await until(lambda: story.over)
        assert (first.reused, second.reused) == (False, True)
        endpoint.close()


async def test_a_connection_that_was_idle_too_long_is_closed() -> None:
    """Before the server does it: a request written into a closing connection is lost."""
    clock = Clock()
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url, clock)
        await told(endpoint)
        clock.now += IDLE_SECONDS
        endpoint.sweep(clock.now)
        assert repr(endpoint).endswith("idle=1>")
        clock.now += 0.1
        endpoint.sweep(clock.now)
        await until(lambda: server.ended)
        assert repr(endpoint).endswith("idle=0>")
        await told(endpoint)
        assert len(server.peers) == 2
        endpoint.close()


async def test_only_those_that_are_old_are_closed() -> None:
    clock = Clock()
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url, clock)
        stories = [called(endpoint)[1] for _ in range(2)]
        await until(lambda: all(story.over for story in stories))
        clock.now += IDLE_SECONDS - 1
        await told(endpoint)
        clock.now += 2
        endpoint.sweep(clock.now)
        assert repr(endpoint).endswith("idle=1>")
        endpoint.close()


@pytest.mark.parametrize("reply", [
    OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"), OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
    OK.replace(b"content-length: 2\r\n", b"")], ids=["close", "HTTP/1.0", "no-length"])  # fmt: skip
async def test_a_connection_that_the_server_will_not_keep_is_not_kept(reply: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(reply)

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        for _ in range(2):
            assert (await told(endpoint)).body == b"{}"
        assert len(server.peers) == 2
        endpoint.close()


async def test_a_connection_that_the_server_closed_while_it_was_idle_is_not_taken() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        await told(endpoint)
        await until(lambda: repr(endpoint).endswith("idle=0>"))
        assert (await told(endpoint)).events[-1] == "ended"
        endpoint.close()


async def test_a_call_on_a_connection_that_was_just_closed_says_that_it_had_been_idle() -> None:
    """Its owner may ask again: the server never saw it."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await peer.request()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        await told(endpoint)
        call, story = called(endpoint)
        await until(lambda: story.over)
        assert isinstance(story.failure, Disconnected)
        assert (call.reused, story.status) == (True, 0)
        endpoint.close()


# Connecting


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "a" * 70 + ".example", "a..b"])
async def test_a_server_that_cannot_be_reached_fails_the_call_and_is_marked(host: str) -> None:
    endpoint = endpoint_at(f"http://{host}:{unused_port()}")
    story = await told(endpoint)
    assert isinstance(story.failure, Unreachable)
    assert story.events == ["failed"]
    assert (endpoint.healthy, endpoint.in_flight) == (False, 0)


async def test_connecting_has_a_limit_of_its_own() -> None:
    clock = Clock()
    with BlackHole() as hole:
        endpoint = endpoint_at(hole.url, clock)
        _, story = called(endpoint, Patience(connect=2, first=1))
        await asyncio.sleep(0.02)
        clock.now += 1.9
        endpoint.sweep(clock.now)
        assert not story.over
        clock.now += 0.2
        endpoint.sweep(clock.now)
        assert isinstance(story.failure, TimedOut)
        assert story.failure.limit == "connect"
        assert endpoint.in_flight == 0
        await asyncio.sleep(0)
        endpoint.close()


# TLS


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


async def test_a_server_with_a_certificate_that_is_trusted_is_asked_over_tls() -> None:
    async with ScriptedServer(tls=True) as server:
        endpoint = endpoint_at(server.url, tls=trusting())
        for _ in range(2):
            assert (await told(endpoint)).body == b"{}"
        assert len(server.peers) == 1
        endpoint.close()
        await until(lambda: server.ended)


async def test_a_server_with_a_certificate_that_nobody_vouches_for_gets_no_request() -> None:
    async with ScriptedServer(tls=True) as server:
        endpoint = endpoint_at(server.url, tls=ssl.create_default_context())
        story = await told(endpoint)
        assert isinstance(story.failure, Unreachable)
        assert "certificate" in str(story.failure).lower()
        assert all(not peer.requests for peer in server.peers)
        endpoint.close()


async def test_a_certificate_of_another_name_is_none() -> None:
    async with ScriptedServer(tls=True) as server:
        endpoint = endpoint_at(server.url.replace("127.0.0.1", "127.0.0.2"), tls=trusting())
        assert isinstance((await told(endpoint)).failure, Unreachable)
        endpoint.close()


async def test_a_server_that_speaks_no_tls_fails_the_call() -> None:
    async def script(peer: Peer) -> None:
        await peer.send(OK)

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url.replace("http:", "https:"), tls=trusting())
        assert isinstance((await told(endpoint)).failure, Unreachable)
        endpoint.close()


async def test_a_context_for_tls_is_not_used_where_the_url_asks_for_none() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url, tls=trusting())
        assert (await told(endpoint)).events[-1] == "ended"
        endpoint.close()


# Names and marks


@pytest.mark.parametrize(("url", "host", "port", "authority"), [
    ("http://vllm", "vllm", 80, "vllm"), ("https://vllm", "vllm", 443, "vllm"),
    ("http://[::1]:8000", "::1", 8000, "[::1]:8000"),
    ("http://10.0.0.7:9101", "10.0.0.7", 9101, "10.0.0.7:9101"),
])  # fmt: skip
async def test_a_url_tells_where_to_connect_and_what_to_call_it(url: str, host: str, port: int, authority: str) -> None:
    endpoint = endpoint_at(url)
    assert (endpoint.host, endpoint.port, endpoint.authority) == (host, port, authority)


async def test_a_mark_is_the_same_wherever_it_is_made_and_another_for_another_server() -> None:
    """It stands in ids that clients send back, after any restart."""
    assert endpoint_at("http://127.0.0.1:9101").mark == endpoint_at("http://127.0.0.1:9101").mark == "4fef9009"
    assert endpoint_at("http://127.0.0.1:9102").mark != "4fef9009"


async def test_an_endpoint_shows_how_it_does() -> None:
    endpoint = endpoint_at("http://a:1")
    assert repr(endpoint) == "<Endpoint http://a:1 healthy in_flight=0 idle=0>"
    endpoint.healthy = False
    assert "unhealthy" in repr(endpoint)


# Leaving


async def test_a_retired_endpoint_finishes_what_is_in_flight_and_keeps_nothing() -> None:
    gate = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await gate.wait()
        await peer.send(OK)
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        _, story = called(endpoint)
        await until(lambda: server.peers and server.peers[0].requests)
        endpoint.retire()
        gate.set()
        await until(lambda: story.over)
        assert story.events[-1] == "ended"
        await until(lambda: server.ended)
        assert repr(endpoint).endswith("in_flight=0 idle=0>")


async def test_a_retired_endpoint_closes_its_idle_connections_at_once() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server.url)
        await told(endpoint)
        endpoint.retire()
        await until(lambda: server.ended)
        assert repr(endpoint).endswith("idle=0>")


async def test_closing_ends_everything() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server.url)
        _, sent = called(endpoint)
        await until(lambda: server.peers and server.peers[0].requests)
        _, connecting = called(endpoint)
        endpoint.close()
        await until(lambda: server.ended == len(server.peers))
        assert (sent.events, connecting.events, endpoint.in_flight) == ([], [], 0)


# All of a worker's endpoints


async def test_one_url_is_one_endpoint() -> None:
    endpoints = Endpoints(endpoint_at)
    assert endpoints.get("http://a:1") is endpoints.get("http://a:1")
    assert endpoints.get("http://a:1") is not endpoints.get("http://a:2")
    assert [endpoint.url for endpoint in endpoints] == ["http://a:1", "http://a:2"]


async def test_what_is_named_no_more_is_retired_and_still_swept_while_it_has_calls() -> None:
    clock = Clock()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoints = Endpoints(lambda url: endpoint_at(url, clock))
        endpoint = endpoints.get(server.url)
        _, story = called(endpoint, Patience(connect=2, first=5))
        await until(lambda: server.peers and server.peers[0].requests)
        endpoints.keep_only({"http://other:1"})
        assert (endpoint.retired, list(endpoints)) == (True, [])
        clock.now += 6
        endpoints.sweep(clock.now)
        assert isinstance(story.failure, TimedOut), "its time-outs hold"
        endpoints.close()


async def test_a_url_that_is_named_again_is_a_new_endpoint() -> None:
    endpoints = Endpoints(endpoint_at)
    before = endpoints.get("http://a:1")
    endpoints.keep_only(set())
    after = endpoints.get("http://a:1")
    assert after is not before
    assert (before.retired, after.retired) == (True, False)


async def test_closing_all_closes_the_retired_too() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoints = Endpoints(endpoint_at)
        story = Story()
        endpoints.get(server.url).call(b"POST / HTTP/1.1\r\nhost: s\r\ncontent-length: 0\r\n\r\n", story, Patience(5))
        await until(lambda: server.peers and server.peers[0].requests)
        endpoints.keep_only(set())
        endpoints.close()
        await until(lambda: server.ended)
        assert story.events == []
