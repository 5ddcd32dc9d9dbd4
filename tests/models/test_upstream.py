"""A call ends in exactly one way, and what is not a reply is never taken for one."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator

import pytest

from models.endpoint import Endpoint
from models.upstream import Disconnected, Malformed, Patience, TimedOut, UpstreamFailure
from tests.fakes.malformed import BROKEN_HTTP
from tests.models.scripted_server import OK, REQUEST, Peer, ScriptedServer, Story, called, told, until

CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
UNFRAMED = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n"


def endpoint_at(server: ScriptedServer, time: Callable[[], float] = lambda: 0.0) -> Endpoint:
    return Endpoint(server.url, loop=asyncio.get_running_loop(), time=time)


def sends(*pieces: bytes, then: Callable[[Peer], Awaitable[None]] = Peer.left) -> Callable[[Peer], Awaitable[None]]:
    """A script: reads the request, sends the pieces one by one, and waits for the client to leave."""

    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            await peer.send(piece)
            await asyncio.sleep(0.002)
        await then(peer)

    return script


async def closes(peer: Peer) -> None:
    """An orderly end, here and now."""


async def resets(peer: Peer) -> None:
    # Linger on, zero seconds: closing sends RST instead of FIN.
    raw = peer.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.writer.transport.abort()


async def of(script: Callable[[Peer], Awaitable[None]]) -> Story:
    """The story of one call to a server that plays the script."""
    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server)
        story = await told(endpoint)
        endpoint.close()
    return story


async def test_a_reply_with_a_length_is_told_whole() -> None:
    story = await of(sends(OK))
    assert (story.status, story.body, story.events) == (200, b"{}", ["began", "received", "ended"])
    assert story.headers == [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def test_the_request_goes_out_as_it_was_given() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server)
        await told(endpoint)
        assert server.peers[0].requests == [REQUEST]
        endpoint.close()


async def test_a_reply_may_come_byte_by_byte() -> None:
    whole = CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    story = await of(sends(*(whole[i : i + 1] for i in range(len(whole)))))
    assert (story.body, story.events[-1]) == (b"abcde", "ended")


async def test_what_one_read_brings_is_handed_on_at_once() -> None:
    story = await of(sends(CHUNKED + b"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"))
    assert story.pieces == [b"abc"]


async def test_a_reply_without_a_length_ends_where_its_connection_does() -> None:
    story = await of(sends(UNFRAMED, b"some ", b"text", then=closes))
    assert (story.body, story.events[-1]) == (b"some text", "ended")


async def test_a_reply_without_a_body_is_a_reply() -> None:
    for head in (b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"):
        story = await of(sends(head))
        assert (story.body, story.events) == (b"", ["began", "ended"])


@pytest.mark.parametrize("interim", [
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n" * 3,
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\ncontent-length: 0\r\n\r\n",
])  # fmt: skip
@pytest.mark.parametrize("reply", [OK, UNFRAMED + b"{}"], ids=["with-length", "without-length"])
async def test_replies_on_the_way_to_the_reply_are_passed_over(interim: bytes, reply: bytes) -> None:
    story = await of(sends(interim, reply, then=closes))
    assert (story.status, story.body, story.events[-1]) == (200, b"{}", "ended")
    assert (b"link", b"</a>") not in story.headers


# Ends that are none


@pytest.mark.parametrize("sent", [
    [], [OK[:20]], [OK[:-4]], [OK[:-1]], [CHUNKED], [CHUNKED + b"3\r\nab"], [CHUNKED + b"3\r\nabc\r\n"],
    [CHUNKED + b"3\r\nabc\r\n0\r\n"], [b"HTTP/1.1 100 Continue\r\n\r\n"], [b"HTTP/1.1 200 OK\r\ncontent-type: x\r\n"],
])  # fmt: skip
async def test_a_reply_that_stops_before_its_end_has_failed(sent: list[bytes]) -> None:
    story = await of(sends(*sent, then=closes))
    assert (type(story.failure), story.events.count("failed")) == (Disconnected, 1)
    assert "ended" not in story.events


@pytest.mark.parametrize("sent", [[], [OK[:-1]], [CHUNKED + b"3\r\nabc\r\n"], [UNFRAMED + b"some"]])
async def test_a_connection_that_is_reset_has_failed(sent: list[bytes]) -> None:
    """Also where the reply had no length: nobody can tell how much of it is missing."""
    assert isinstance((await of(sends(*sent, then=resets))).failure, Disconnected)


@pytest.mark.parametrize("name", [name for name, behaviour in BROKEN_HTTP.items() if behaviour.raw])
async def test_what_is_no_http_is_no_reply(name: str) -> None:
    raw = BROKEN_HTTP[name].raw
    assert raw is not None
    story = await of(sends(raw, then=closes))
    unframed = name in ("an empty reply", "unknown transfer coding")  # nothing in it is wrong but that it ends
    assert isinstance(story.failure, Disconnected if unframed else Malformed), story.events
    assert story.events.count("failed") == 1


async def test_a_head_that_never_ends_is_given_up() -> None:
    """Long before its first line is whole: nothing is kept of it."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nx-a: ")
        while True:
            await peer.send(b"a" * 16384)

    story = await of(script)
    assert isinstance(story.failure, Malformed)


async def test_a_second_reply_in_the_same_breath_fails_the_call() -> None:
    """Which of the two was meant for it? Neither can be trusted."""
    story = await of(sends(OK + OK))
    assert isinstance(story.failure, Malformed)


async def test_a_second_reply_afterwards_answers_nobody() -> None:
    async with ScriptedServer(sends(OK, OK)) as server:
        endpoint = endpoint_at(server)
        first = await told(endpoint)
        await until(lambda: server.ended)
        assert (first.events[-1], first.body) == ("ended", b"{}")
        assert repr(endpoint).endswith("in_flight=0 idle=0>"), "the connection is not trusted with another call"
        endpoint.close()


async def test_nothing_follows_an_end() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(OK)
        await resets(peer)

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server)
        story = await told(endpoint)
        await until(lambda: server.ended)
        await asyncio.sleep(0.01)
        assert story.events == ["began", "received", "ended"]
        endpoint.close()


# Cancelling


async def silent(peer: Peer) -> None:
    await peer.request()
    await peer.left()


@pytest.mark.parametrize("stage", ["connecting", "sent", "mid-reply", "mid-head"])
async def test_a_call_that_is_cancelled_closes_its_connection_at_once(stage: str) -> None:
    """Whoever generates for it stops: vLLM notices by the connection alone."""
    script = {"mid-reply": sends(CHUNKED + b"3\r\nabc\r\n"), "mid-head": sends(OK[:20])}.get(stage, silent)
    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server)
        call, story = called(endpoint)
        if stage != "connecting":
            await until(lambda: server.peers and server.peers[0].requests)
        if stage == "mid-reply":
            await until(lambda: story.body == b"abc")
        before = list(story.events)
        call.cancel()
        call.cancel()
        if server.peers:
            await until(lambda: server.ended)
        await asyncio.sleep(0.01)
        assert story.events == before, "a cancelled call is silent"
        assert repr(endpoint).endswith("in_flight=0 idle=0>")
        endpoint.close()


async def test_a_call_may_be_cancelled_by_what_it_brings() -> None:
    async with ScriptedServer(sends(CHUNKED + b"3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n\r\n")) as server:
        endpoint = endpoint_at(server)
        call, story = called(endpoint)
        story.on_received = lambda data: call.cancel()
        await until(lambda: server.ended)
        assert story.events == ["began", "received"]
        endpoint.close()


async def test_a_call_that_is_cancelled_after_its_end_harms_nobody() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server)
        call, story = called(endpoint)
        await until(lambda: story.over)
        second, other = called(endpoint)
        call.cancel()
        await until(lambda: other.over)
        assert (other.events[-1], len(server.peers)) == ("ended", 1)
        second.cancel()
        endpoint.close()


# Back-pressure


async def test_a_call_that_is_paused_stops_its_server_and_goes_on_when_resumed() -> None:
    """TCP itself holds the sender: nothing piles up on the way."""
    total, sent = 64 << 20, [0]

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % total)
        while sent[0] < total:
            await peer.send(b"x" * (1 << 18))
            sent[0] += 1 << 18
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server)
        call, story = called(endpoint)
        received = [0]

        def count(data: bytes) -> None:
            story.body = b""
            received[0] += len(data)

        story.on_received = count
        await until(lambda: received[0])
        call.pause()
        call.pause()
        await until_still(lambda: sent[0])
        stopped = received[0]
        assert sent[0] < total // 2, "the sender stands"
        await asyncio.sleep(0.05)
        assert received[0] == stopped, "and nothing arrives"
        call.resume()
        call.resume()
        await until(lambda: story.over, seconds=20)
        assert (received[0], story.events[-1]) == (total, "ended")
        endpoint.close()


async def until_still(value: Callable[[], int]) -> None:
    """Waits until a number no longer changes."""
    last, same = -1, 0
    async with asyncio.timeout(10):
        while same < 20:
            await asyncio.sleep(0.005)
            same = same + 1 if value() == last else 0
            last = value()


async def test_a_call_that_was_paused_before_it_was_connected_begins_paused() -> None:
    async with ScriptedServer(sends(OK)) as server:
        endpoint = endpoint_at(server)
        call, story = called(endpoint)
        call.pause()
        await until(lambda: server.peers and server.peers[0].requests)
        await asyncio.sleep(0.02)
        assert story.events == []
        call.resume()
        await until(lambda: story.over)
        assert story.body == b"{}"
        endpoint.close()


async def test_a_connection_that_was_paused_is_given_back_awake() -> None:
    async with ScriptedServer() as server:
        endpoint = endpoint_at(server)
        call, story = called(endpoint)
        story.on_received = lambda data: call.pause()
        await until(lambda: story.over)
        assert (await told(endpoint)).events[-1] == "ended"
        assert len(server.peers) == 1
        endpoint.close()


# Time-outs, by a clock that the test moves


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


PATIENCE = Patience(connect=2, first=10, between=5, until=150.0)


async def waiting(script: Callable[[Peer], Awaitable[None]], ready: Callable[[Story], bool], to: float,
                  patience: Patience = PATIENCE) -> tuple[Story, list[float]]:
    """The story of a call whose server hangs once `ready`, with the clock moved on by `to`, second by second; and when
    it failed, in seconds after it hung."""
    clock = Clock()
    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server, clock)
        _, story = called(endpoint, patience)
        await until(lambda: server.peers and server.peers[0].requests and ready(story))
        hung, failed = clock.now, []
        while clock.now < hung + to and not failed:
            endpoint.sweep(clock.now)
            if story.over:
                failed.append(clock.now - hung)
            clock.now += 1
        await until(lambda: not failed or server.ended)
        endpoint.close()
    return story, failed


@pytest.mark.parametrize(("sent", "ready", "after", "limit"), [
    ([], lambda story: True, 10, "first_token"),
    ([OK[:20]], lambda story: True, 10, "first_token"),
    ([CHUNKED], lambda story: story.status, 10, "first_token"),
    ([CHUNKED + b"1\r\na\r\n"], lambda story: story.body, 5, "between_tokens"),
])  # fmt: skip
async def test_each_wait_has_its_limit(
    sent: list[bytes], ready: Callable[[Story], bool], after: float, limit: str
) -> None:
    story, failed = await waiting(sends(*sent), ready, to=30)
    assert failed == [after]
    assert isinstance(story.failure, TimedOut)
    assert (story.failure.limit, str(story.failure)) == (limit, f"the {limit} time-out passed")


async def test_the_whole_has_a_limit_whatever_arrives() -> None:
    story, failed = await waiting(sends(CHUNKED + b"1\r\na\r\n"), lambda story: bool(story.body), to=100,
                                  patience=Patience(connect=2, first=10, between=1000, until=150.0))  # fmt: skip
    assert failed == [50]
    assert isinstance(story.failure, TimedOut)
    assert story.failure.limit == "total"


async def test_without_limits_a_call_may_take_for_ever() -> None:
    _, failed = await waiting(sends(CHUNKED + b"1\r\na\r\n"), lambda story: bool(story.body), to=10_000,
                              patience=Patience(connect=2))  # fmt: skip
    assert failed == []


async def test_each_token_begins_the_wait_anew() -> None:
    clock, gate = Clock(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(CHUNKED)
        for _ in range(4):
            await peer.send(b"1\r\na\r\n")
            await gate.wait()
            gate.clear()
        await peer.send(b"0\r\n\r\n")
        await peer.left()

    async with ScriptedServer(script) as server:
        endpoint = endpoint_at(server, clock)
        _, story = called(endpoint, PATIENCE)
        for count in range(1, 5):
            await until(lambda count=count: len(story.body) == count)
            clock.now += 4
            endpoint.sweep(clock.now)
            gate.set()
        await until(lambda: story.over)
        assert story.events[-1] == "ended"
        endpoint.close()


async def test_a_call_that_is_paused_waits_for_its_reader_and_not_for_its_server() -> None:
    clock = Clock()
    async with ScriptedServer(sends(CHUNKED + b"1\r\na\r\n")) as server:
        endpoint = endpoint_at(server, clock)
        call, story = called(endpoint, PATIENCE)
        await until(lambda: story.body)
        call.pause()
        clock.now += 20
        endpoint.sweep(clock.now)
        assert not story.over
        call.resume()
        clock.now += 4
        endpoint.sweep(clock.now)
        assert not story.over, "its time begins anew"
        clock.now += 2
        endpoint.sweep(clock.now)
        assert isinstance(story.failure, TimedOut)
        endpoint.close()


async def test_a_paused_call_too_ends_when_the_whole_has_taken_too_long() -> None:
    clock = Clock()
    async with ScriptedServer(sends(CHUNKED + b"1\r\na\r\n")) as server:
        endpoint = endpoint_at(server, clock)
        call, story = called(endpoint, PATIENCE)
        await until(lambda: story.body)
        call.pause()
        clock.now = 150.0
        endpoint.sweep(clock.now)
        assert isinstance(story.failure, TimedOut)
        assert story.failure.limit == "total"
        endpoint.close()


def kinds(of: type[UpstreamFailure]) -> Iterator[type[UpstreamFailure]]:
    for each in of.__subclasses__():
        yield each
        yield from kinds(each)


def test_every_failure_has_a_kind_of_its_own() -> None:
    named = [each.kind for each in kinds(UpstreamFailure)]
    assert sorted(named) == ["disconnected", "malformed", "timed_out", "unreachable"]
