"""httpx's client over the endpoints' pool: streamed both ways, with httpx's own time-outs and its own errors."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from models.endpoint import Endpoint, Endpoints
from models.transport import PooledTransport
from tests.fakes.black_hole import BlackHole
from tests.fakes.upstream import FakeVLLM
from tests.models.scripted_server import CERTIFICATE, OK, Peer, ScriptedServer, until

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}


class Case:
    """A client, the pool below it, and the server that it asks."""

    def __init__(self, server: ScriptedServer, endpoints: Endpoints, client: httpx2.AsyncClient) -> None:
        self.server, self.endpoints, self.client = server, endpoints, client

    @property
    def in_flight(self) -> int:
        return sum(endpoint.in_flight for endpoint in self.endpoints)


def pool(tls: Any = None) -> Endpoints:
    loop = asyncio.get_running_loop()
    return Endpoints(lambda url: Endpoint(url, tls, loop=loop, time=loop.time))


@asynccontextmanager
async def asking(script: Callable[[Peer], Awaitable[Any]], patience: Any = 5.0) -> AsyncIterator[Case]:
    async with ScriptedServer(script) as scripted:
        async with client_of(pool(), patience) as (client, endpoints):
            yield Case(scripted, endpoints, client)


@asynccontextmanager
async def client_of(endpoints: Endpoints, patience: Any = 5.0) -> AsyncIterator[tuple[httpx2.AsyncClient, Endpoints]]:
    """`patience`: httpx's time-outs."""
    transport = PooledTransport(endpoints, asyncio.get_running_loop().time)
    async with httpx2.AsyncClient(transport=transport, timeout=patience, trust_env=False) as client:
        yield client, endpoints
    endpoints.close()
    await asyncio.sleep(0)


def sends(*pieces: bytes) -> Callable[[Peer], Awaitable[None]]:
    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            await peer.send(piece)
            await asyncio.sleep(0.002)
        await peer.left()

    return script


async def closes(peer: Peer) -> None:
    await peer.request()


# Against the fake, as any client would use it

ON_ASYNCIO = pytest.mark.asyncio(loop_factories=["asyncio"])  # the loop that the fake knows


@ON_ASYNCIO
async def test_the_fake_is_asked_and_answers() -> None:
    async with FakeVLLM("m") as fake, client_of(pool()) as (client, _):
        for _ in range(3):
            reply = await client.post(fake.url + "/v1/chat/completions", json=CHAT, headers={"x-mine": "1"})
            assert reply.status_code == 200
            assert reply.json()["choices"][0]["message"]["content"]
        assert (await client.get(fake.url + "/health")).status_code == 200
        assert (await client.get(fake.url + "/nowhere")).status_code == 404
        assert (fake.accepted, fake.violations) == (1, []), "one connection, and nothing that a server may object to"
        assert fake.inference[0].json == CHAT
        assert fake.inference[0].header("x-mine") == "1"


@ON_ASYNCIO
async def test_a_stream_of_the_fakes_arrives_as_it_is_made() -> None:
    async with FakeVLLM("m") as fake, client_of(pool()) as (client, _):
        async with client.stream("POST", fake.url + "/v1/chat/completions", json={**CHAT, "stream": True}) as reply:
            lines = [line async for line in reply.aiter_lines() if line]
        assert len(lines) == 5
        assert lines[-1] == "data: [DONE]"
        assert fake.accepted == 1


@ON_ASYNCIO
async def test_a_body_that_is_made_while_it_is_sent_arrives_whole() -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in (b'{"model":"m",', b"", b'"max_tokens":3,', b'"messages":[{"role":"user","content":"hi"}]}'):
            yield piece
            await asyncio.sleep(0)

    async with FakeVLLM("m") as fake, client_of(pool()) as (client, _):
        for _ in range(2):
            reply = await client.post(fake.url + "/v1/chat/completions", content=body(),
                                      headers={"content-type": "application/json"})  # fmt: skip
            assert reply.status_code == 200
        assert fake.inference[0].header("transfer-encoding") == "chunked"
        assert (fake.inference[0].json["max_tokens"], fake.accepted, fake.violations) == (3, 1, [])


@ON_ASYNCIO
async def test_a_file_with_a_length_is_sent_without_chunks() -> None:
    async with FakeVLLM("m") as fake, client_of(pool()) as (client, _):
        files = {"file": ("a.wav", b"x" * 300_000)}
        reply = await client.post(fake.url + "/v1/audio/transcriptions", files=files, data={"model": "m"})
        assert '"bytes": 300000' in reply.json()["text"]
        assert fake.requests[0].header("transfer-encoding") is None
        assert fake.violations == []


# Responses


async def test_a_reply_keeps_its_status_its_headers_and_its_bytes() -> None:
    head = b"HTTP/1.1 418 X\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-a: caf\xc3\xa9\r\ncontent-length: 3\r\n\r\n"
    async with asking(sends(head + b"abc")) as case:
        reply = await case.client.get(case.server.url)
        assert (reply.status_code, reply.content) == (418, b"abc")
        assert reply.headers.get_list("set-cookie") == ["a=1", "b=2"]
        assert reply.http_version == "HTTP/1.1"


async def test_a_compressed_reply_is_httpxs_to_unpack() -> None:
    packed = gzip.compress(b"hello")
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(packed)
    async with asking(sends(head + packed)) as case:
        assert (await case.client.get(case.server.url)).text == "hello"


@pytest.mark.parametrize("reply", [
    b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
])  # fmt: skip
async def test_a_reply_without_a_body_has_none(reply: bytes) -> None:
    async with asking(sends(reply)) as case:
        assert (await case.client.get(case.server.url)).content == b""


async def test_a_reply_to_head_has_no_body_whatever_its_length_says() -> None:
    async def script(peer: Peer) -> None:
        request = await peer.request()
        await peer.send(OK[:-2] if request.startswith(b"HEAD") else OK)
        await peer.left()

    async with asking(script) as case:
        reply = await case.client.head(case.server.url)
        assert (reply.status_code, reply.content, reply.headers["content-length"]) == (200, b"", "2")
        assert (await case.client.get(case.server.url)).content == b"{}"


async def test_a_reader_that_is_slow_makes_the_server_wait() -> None:
    """What is not read stays on the server's side, however much there is of it."""
    total, sent = 64 << 20, [0]

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        while sent[0] < total:
            await peer.send(b"x" * (1 << 18))
            sent[0] += 1 << 18
        await peer.left()

    async with asking(script, patience=30) as case, case.client.stream("GET", case.server.url) as reply:
        pieces = reply.aiter_raw()
        received = len(await anext(pieces))
        await until_still(lambda: sent[0])
        assert sent[0] < total // 2
        async for piece in pieces:
            received += len(piece)
        assert received == total


async def until_still(value: Callable[[], int]) -> None:
    """Waits until a number no longer changes."""
    last, same = -1, 0
    async with asyncio.timeout(10):
        while same < 20:
            await asyncio.sleep(0.005)
            same = same + 1 if value() == last else 0
            last = value()


async def test_a_server_that_is_slow_to_read_makes_the_body_wait() -> None:
    made, gate = [0], asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        for _ in range(256):
            made[0] += 1 << 18
            yield b"x" * (1 << 18)

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await gate.wait()
        received = 0
        while received < 64 << 20:
            received += len(await peer.reader.read(1 << 20))
        await peer.send(OK)
        await peer.left()

    async with asking(script, patience=30) as case:
        task = asyncio.create_task(case.client.post(case.server.url, content=body(),
                                                    headers={"content-length": str(64 << 20)}))  # fmt: skip
        await until(lambda: made[0])
        await until_still(lambda: made[0])
        assert made[0] < 32 << 20
        gate.set()
        assert (await task).status_code == 200


async def test_a_server_that_answers_before_it_has_read_all_is_heard_and_its_connection_is_not_kept() -> None:
    """A refusal, most likely. What it has not read would be taken for the next request."""
    answered = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 100
        await answered.wait()
        while True:
            yield b"x" * 100
            await asyncio.sleep(0)

    async def script(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        answered.set()
        await peer.left()

    async with asking(script) as case:
        assert (await case.client.post(case.server.url, content=body())).status_code == 413
        await until(lambda: case.server.ended)
        assert case.in_flight == 0


# Time-outs


async def test_connecting_has_its_time() -> None:
    with BlackHole() as hole:
        async with client_of(pool(), httpx2.Timeout(5, connect=0.05)) as (client, endpoints):
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get(hole.url)
            assert all(endpoint.in_flight == 0 for endpoint in endpoints)


@pytest.mark.parametrize("sent", [[], [OK[:20]]])
async def test_the_first_byte_has_its_time(sent: list[bytes]) -> None:
    async with asking(sends(*sent), httpx2.Timeout(5, read=0.05)) as case:
        with pytest.raises(httpx2.ReadTimeout):
            await case.client.get(case.server.url)
        await until(lambda: case.server.ended)


async def test_each_piece_has_its_time() -> None:
    async with asking(sends(OK[:-1]), httpx2.Timeout(5, read=0.05)) as case:
        async with case.client.stream("GET", case.server.url) as reply:
            assert reply.status_code == 200
            with pytest.raises(httpx2.ReadTimeout):
                await reply.aread()
        await until(lambda: case.server.ended)


async def test_writing_has_its_time() -> None:
    async def script(peer: Peer) -> None:
        await asyncio.Event().wait()

    async with asking(script, httpx2.Timeout(5, write=0.05)) as case:
        with pytest.raises(httpx2.WriteTimeout):
            await case.client.post(case.server.url, content=endless())
        assert case.in_flight == 0


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * (1 << 18)


async def test_without_time_outs_a_reply_may_take_its_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await asyncio.sleep(0.1)
        await peer.send(OK)
        await peer.left()

    async with asking(script, patience=None) as case:
        assert (await case.client.get(case.server.url)).content == b"{}"


# Failures


async def test_a_server_that_is_not_there_is_a_connect_error() -> None:
    async with ScriptedServer() as server:
        url = server.url
    async with client_of(pool()) as (client, _):
        with pytest.raises(httpx2.ConnectError) as caught:
            await client.get(url)
        assert caught.value.request.url == url


@pytest.mark.parametrize("sent", [b"", OK[:20], b"SSH-2.0-OpenSSH_9.2\r\n",
                                  b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\n"])  # fmt: skip
async def test_a_server_that_breaks_the_protocol_is_a_remote_protocol_error(sent: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(sent)

    async with asking(script) as case:
        with pytest.raises(httpx2.RemoteProtocolError):
            await case.client.get(case.server.url)


async def test_a_reply_that_breaks_off_fails_while_it_is_read_and_not_before() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")

    async with asking(script) as case, case.client.stream("GET", case.server.url) as reply:
        pieces = reply.aiter_raw()
        assert await anext(pieces) == b"abc"
        with pytest.raises(httpx2.RemoteProtocolError):
            await anext(pieces)


async def test_a_body_that_fails_while_it_is_made_fails_the_request_with_its_own_error() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        raise KeyError("the disk is gone")

    async with asking(closes) as case:
        with pytest.raises(KeyError):
            await case.client.post(case.server.url, content=body())
        await until(lambda: case.server.ended)
        assert case.in_flight == 0


@pytest.mark.parametrize("length", ["1", "3"])
async def test_a_body_that_is_not_as_long_as_it_says_is_ours_to_refuse(length: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"xx"

    async with asking(closes) as case:
        with pytest.raises(httpx2.LocalProtocolError):
            await case.client.post(case.server.url, content=body(), headers={"content-length": length})
        assert case.in_flight == 0


@pytest.mark.parametrize(("method", "headers"), [
    ("GET", {"x-a": "b\r\nx-evil: 1"}), ("GET", {"x-a": "b\x00"}), ("GET", {"x a": "b"}), ("GET", {"x-a:": "b"}),
    ("GE T", {}), ("GET / HTTP/1.1\r\n", {}), ("", {}),
])  # fmt: skip
async def test_a_request_that_would_be_another_on_the_wire_is_not_sent(method: str, headers: dict[str, str]) -> None:
    async with asking(closes) as case:
        with pytest.raises(httpx2.LocalProtocolError):
            await case.client.request(method, case.server.url, headers=headers)
        assert case.server.peers == []


async def test_a_scheme_that_nobody_here_speaks_is_unsupported() -> None:
    async with client_of(pool()) as (client, _):
        with pytest.raises(httpx2.UnsupportedProtocol):
            await client.get("ftp://127.0.0.1/x")


# Leaving


@pytest.mark.parametrize("sent", [b"", OK[:20], b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"])
async def test_a_request_that_is_cancelled_closes_its_connection(sent: bytes) -> None:
    async with asking(sends(sent)) as case:
        task = asyncio.create_task(case.client.get(case.server.url))
        await until(lambda: case.server.peers and case.server.peers[0].requests)
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: case.server.ended)
        assert case.in_flight == 0


async def test_a_reply_that_is_left_unread_closes_its_connection() -> None:
    async with asking(sends(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")) as case:
        async with case.client.stream("GET", case.server.url) as reply:
            async for _ in reply.aiter_raw():
                break
        await until(lambda: case.server.ended)
        assert case.in_flight == 0


async def test_closing_the_client_ends_its_requests_and_leaves_the_pool_to_others() -> None:
    async with ScriptedServer() as server, ScriptedServer(sends(OK[:-1])) as other:
        endpoints = pool()
        async with client_of(endpoints) as (client, _):
            await client.get(server.url)
            task = asyncio.create_task(client.get(other.url))
            await until(lambda: other.peers and other.peers[0].requests)
            await client.aclose()
            with pytest.raises(httpx2.RemoteProtocolError):
                await task
            await until(lambda: other.ended)
            assert repr(endpoints.get(server.url)).endswith("idle=1>")


async def test_tls_is_the_pools() -> None:
    async with ScriptedServer(tls=True) as server:
        async with client_of(pool(ssl.create_default_context(cafile=str(CERTIFICATE)))) as (client, _):
            assert (await client.get(server.url)).content == b"{}"
        async with client_of(pool(ssl.create_default_context())) as (client, _):
            with pytest.raises(httpx2.ConnectError):
                await client.get(server.url)


# Who imports it


def test_a_data_worker_carries_nothing_that_it_does_not_use() -> None:
    others = ["httpx2", "operations", "sqlalchemy", "alembic", "torch", "transformers", "yaml", "rich",
              "models.transport", "models.demo"]  # fmt: skip
    script = f"import gateway.worker, sys; print([name for name in {others} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout == "[]\n"
