"""Whatever becomes of a reply, each attempt is noted once, and the call, its connection and the budget are let go.

How each failure looks to a client is tests/e2e's to show; here it is what is left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.exchange import Exchange
from gateway.pipeline import Pipeline
from gateway.refusal import Draining
from gateway.reply import Flow, Reply
from gateway.stages.assign import Assign
from gateway.stages.infer import Infer
from gateway.stages.read import Read
from gateway.stages.stage import Step
from models.endpoint import Endpoints
from routing.retrying import RetryBudget
from tests.gateway.exchanges import (
    KEYS,
    FaultList,
    HandClock,
    RecordingWire,
    endpoints_at,
    exchange_of,
    request_of,
    snapshot_of,
)
from tests.models.protocol.recordings import recording
from tests.models.scripted_server import Peer, ScriptedServer, until

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
CHAT = recording("chat_stream_continuous")
WHOLE = recording("chat_whole")
EVENTS = [event + b"\n\n" for event in CHAT.split(b"\n\n")[:-1]]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def whole(body: bytes, status: int = 200, kind: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (status, kind, len(body), body)


def sends(*pieces: bytes, stays: bool = True) -> Callable[[Peer], Awaitable[None]]:
    """A script: one request, these bytes, and then it waits for the client to leave, or closes."""

    async def script(peer: Peer) -> None:
        await peer.request()
        for piece in pieces:
            await peer.send(piece)
        if stays:
            await peer.left()

    return script


class Breaking(Step):
    """A stage whose flow breaks at the frame that it is told to break at."""

    def __init__(self, at: int) -> None:
        self.at = at

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        return reply.through(BreakingFlow(self.at))


class BreakingFlow(Flow):
    def __init__(self, at: int) -> None:
        self.left = at

    def frame(self, frame: bytes) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyError("a bug")
        self.next.frame(frame)


class Case:
    """One exchange through the real stages, with a clock that the test moves."""

    def __init__(self, endpoints: Endpoints, clock: HandClock, document: dict[str, Any], stages: list[Step],
                 body: dict[str, Any]) -> None:  # fmt: skip
        self.endpoints, self.clock, self.budget, self.log = endpoints, clock, RetryBudget(), FaultList()
        infer = Infer(clock, lambda: 0.0, self.budget, self.log)
        self.pipeline = Pipeline([*stages, Read(64, KEYS), Assign(), infer], self.log)
        self.wire = RecordingWire()
        self.wire.settle = self.pipeline.settle
        self.exchange = exchange_of(request_of(body), snapshot_of(document, endpoints), wire=self.wire, clock=clock)
        self.pipeline.start(self.exchange)

    async def over(self) -> Case:
        await until(lambda: self.exchange.settled)
        return self

    @property
    def attempts(self) -> list[tuple[str, int]]:
        return [(attempt.result, attempt.status) for attempt in self.exchange.record.attempts]

    def check_nothing_is_left(self) -> None:
        assert repr(self.budget) == "<RetryBudget 0 of 3>"
        assert self.budget.requests == 0
        assert [endpoint.in_flight for endpoint in self.endpoints] == [0] * len(list(self.endpoints))


@asynccontextmanager
async def asked(*scripts: Callable[[Peer], Awaitable[None]], streamed: bool = True, stages: list[Step] | None = None,
                **body: Any) -> AsyncIterator[Case]:
    """One exchange with a version on a server for each script; the first is asked first."""
    clock = HandClock()
    servers = [ScriptedServer(script) for script in scripts]
    for server in servers:
        await server.__aenter__()
    endpoints = endpoints_at(clock)
    document = {"versions": {"v1": {"served_model": "s", "endpoints": [server.url for server in servers]}},
                "models": {"m": {"split": {"v1": 1}}}}  # fmt: skip
    try:
        yield Case(endpoints, clock, document, stages or [], {"model": "m", "stream": streamed, **body})
    finally:
        endpoints.close()
        await asyncio.sleep(0)
        for server in servers:
            await server.__aexit__()


async def test_a_stream_that_is_whole_is_one_attempt_and_its_usage_is_counted() -> None:
    async with asked(sends(STREAM, *map(chunk, EVENTS), b"0\r\n\r\n")) as case:
        record = (await case.over()).exchange.record
        assert case.attempts == [("answered", 200)]
        assert (record.prompt_tokens, record.completion_tokens, record.usage_source) == (36, 6, "reported")
        assert record.finish_reason == "length"
        assert case.wire.body.endswith(b"data: [DONE]\n\n")
        case.check_nothing_is_left()


async def test_a_whole_reply_is_one_attempt_and_its_usage_is_counted() -> None:
    async with asked(sends(whole(WHOLE)), streamed=False) as case:
        record = (await case.over()).exchange.record
        assert case.attempts == [("answered", 200)]
        assert (record.prompt_tokens, record.completion_tokens, record.finish_reason) == (36, 6, "length")
        case.check_nothing_is_left()


@pytest.mark.parametrize(("pieces", "stays", "result"), [
    ([chunk(EVENTS[0])], False, "upstream_disconnected"),
    ([chunk(EVENTS[0]), b"zz\r\n"], True, "upstream_malformed"),
    ([chunk(EVENTS[0]), chunk(b"data: {oh\n\n")], True, "upstream_malformed"),
    ([chunk(EVENTS[0]), b"0\r\n\r\n"], True, "upstream_disconnected"),
    ([chunk(EVENTS[0]), chunk(b'data: {"error": {"message": "died", "code": 500}}\n\n')], True, "upstream_error"),
])  # fmt: skip
async def test_a_stream_that_breaks_is_one_attempt_that_failed(pieces: list[bytes], stays: bool, result: str) -> None:
    """Not one that answered and one that failed: the metrics count attempts."""
    async with asked(sends(STREAM, *pieces, stays=stays)) as case:
        await case.over()
        assert case.attempts == [(result, 200)]
        assert b"[DONE]" not in case.wire.body
        case.check_nothing_is_left()


@pytest.mark.parametrize(("script", "result", "status"), [
    (sends(stays=False), "upstream_disconnected", 0), (sends(b"SSH-2.0\r\n"), "upstream_malformed", 0),
    (sends(whole(b"{}", 503)), "upstream_error", 503), (sends(whole(b"{}", 404)), "upstream_error", 404),
    (sends(whole(b"<html>", 200)), "upstream_malformed", 200), (sends(whole(b"{}", 401)), "upstream_unauthorized", 401),
    (sends(whole(b"", 302)), "upstream_malformed", 302),
])  # fmt: skip
async def test_a_reply_that_fails_at_once_is_one_attempt_that_failed(script: Any, result: str, status: int) -> None:
    async with asked(script) as case:
        await case.over()
        assert case.attempts == [(result, status)]
        case.check_nothing_is_left()


async def test_a_second_server_is_a_second_attempt() -> None:
    async with asked(sends(whole(b"{}", 503)), sends(STREAM, *map(chunk, EVENTS), b"0\r\n\r\n")) as case:
        await case.over()
        assert case.attempts == [("upstream_error", 503), ("answered", 200)]
        assert case.wire.status == 200
        case.check_nothing_is_left()


async def test_where_all_fail_the_last_one_is_what_the_client_hears_of() -> None:
    async with asked(sends(stays=False), sends(whole(b'{"error":{"message":"full"}}', 503))) as case:
        await case.over()
        assert case.attempts == [("upstream_disconnected", 0), ("upstream_error", 503)]
        assert (case.wire.status, case.wire.error) == (503, {"message": "full"})
        case.check_nothing_is_left()


async def test_a_spent_budget_leaves_it_at_one_attempt() -> None:
    gate = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await gate.wait()
        await peer.send(whole(b"{}", 503))
        await peer.left()

    async with asked(script, sends(whole(WHOLE)), streamed=False) as case:
        case.budget.retries = 3
        gate.set()
        await case.over()
        assert (case.attempts, case.wire.status) == ([("upstream_error", 503)], 503)
        assert (case.budget.requests, case.budget.retries) == (0, 3)


@pytest.mark.parametrize("pieces", [[], [STREAM], [STREAM, chunk(EVENTS[0])]], ids=["sent", "head", "mid-stream"])
@pytest.mark.parametrize("end", ["abandoned", "cut-short"])
async def test_an_exchange_that_is_ended_from_outside_lets_go_of_everything(pieces: list[bytes], end: str) -> None:
    async with asked(sends(*pieces)) as case:
        if len(pieces) == 2:
            await until(lambda: case.wire.writes)
        else:
            await asyncio.sleep(0.01)
        if end == "abandoned":
            case.pipeline.abandon(case.exchange)
        else:
            case.pipeline.cut_short(case.exchange, Draining("Going."))
        assert case.exchange.settled
        assert [result for result, _ in case.attempts] == ["cancelled"]
        case.check_nothing_is_left()


async def test_an_abandoned_stream_is_counted_as_far_as_it_went() -> None:
    async with asked(sends(STREAM, *map(chunk, EVENTS[:4]))) as case:
        await until(lambda: case.wire.body_so_far.count(b"data: ") == 4)
        case.pipeline.abandon(case.exchange)
        record = case.exchange.record
        assert (record.prompt_tokens, record.completion_tokens, record.usage_source) == (36, 3, "reported")


@pytest.mark.parametrize("at", [0, 2])
async def test_a_bug_on_the_replys_way_ends_it_and_lets_go_of_everything(at: int) -> None:
    async with asked(sends(STREAM, *map(chunk, EVENTS), b"0\r\n\r\n"), stages=[Breaking(at)]) as case:
        await case.over()
        assert case.log.faults == [("reply_failed", "KeyError")]
        assert (case.exchange.record.outcome, case.exchange.record.code) == ("failed", "internal_error")
        assert b"[DONE]" not in case.wire.sent
        case.check_nothing_is_left()


@pytest.mark.parametrize(("streamed", "pieces", "seconds", "fails"), [
    (True, [], 29, False), (True, [], 31, True), (True, [STREAM, chunk(EVENTS[0])], 14, False),
    (True, [STREAM, chunk(EVENTS[0])], 16, True), (False, [], 599, False), (False, [], 600, True),
])  # fmt: skip
async def test_a_stream_has_time_outs_of_its_own_and_the_whole_has_one(
    streamed: bool, pieces: list[bytes], seconds: float, fails: bool
) -> None:
    """By default 30 s to the first token, 15 s between two, 10 minutes for everything."""
    async with asked(sends(*pieces), streamed=streamed) as case:
        if pieces:
            await until(lambda: case.wire.writes)
        else:
            await until(lambda: all(repr(endpoint).endswith("in_flight=1 idle=0>") for endpoint in case.endpoints))
            await asyncio.sleep(0.01)
        case.clock.now += seconds
        case.endpoints.sweep(case.clock.now)
        assert case.exchange.settled is fails
        if fails:
            assert [result for result, _ in case.attempts] == ["upstream_timeout"]
            case.check_nothing_is_left()
        else:
            case.pipeline.abandon(case.exchange)


async def test_what_a_server_says_of_itself_stays_behind() -> None:
    body = whole(WHOLE).replace(b"\r\n\r\n", b"\r\nserver: uvicorn\r\nx-request-id: theirs\r\nset-cookie: a=b\r\n"
                                b"retry-after: 7\r\nvary: Origin\r\n\r\n", 1)  # fmt: skip
    async with asked(sends(body), streamed=False) as case:
        await case.over()
        assert case.wire.headers.keys().isdisjoint({"server", "set-cookie", "vary"})
        assert (case.wire.headers["retry-after"], case.wire.headers["x-request-id"]) == ("7", case.exchange.id)


async def test_a_streams_head_tells_what_it_is_and_what_it_took() -> None:
    async with asked(sends(STREAM, *map(chunk, EVENTS), b"0\r\n\r\n")) as case:
        await case.over()
        assert case.wire.status == 200
        assert case.wire.headers["content-type"] == "text/event-stream"
        assert case.wire.headers["x-gatewright-attempts"] == "1"
