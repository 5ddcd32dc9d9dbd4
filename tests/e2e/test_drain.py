"""SIGTERM: not ready first, then what is in flight finishes, then what is left is told, then exit 0."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.asking import Heard, ask, assert_broken_stream, assert_our_error, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
DRAIN = {"grace": "1s", "finish": "3s"}
READY = b"GET /ready HTTP/1.1\r\nhost: a\r\n\r\n"


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("drain")
    async with GatewayProcess(folder, routing_to(fake.url), workers=2, drain=DRAIN) as gateway:
        yield gateway


def long_or_short(seen: Request) -> Behaviour:
    """Streams that end within the drain, streams that never do, and whole replies that take a second."""
    asked = str(seen.json["messages"])
    if "endless" in asked:
        return Behaviour(tokens=100_000, token_delay=0.05)
    return Behaviour(tokens=30, token_delay=0.05) if seen.json["stream"] else Behaviour(tokens=30, head_delay=1.5)


async def test_a_drain_harms_none_that_finish_and_tells_the_rest(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Forty in flight: thirty-two finish whole, eight are ended by an error event; each is on record; exit 0."""
    fake.choose(long_or_short)
    short = [f"short-{i}" for i in range(32)]
    endless = [f"endless-{i}" for i in range(8)]
    asked = [ask(gateway.port, request(stream=i % 2 == 0, name=name), 20) for i, name in enumerate(short)]
    asked += [ask(gateway.port, request(stream=True, name=name), 20) for name in endless]
    running = asyncio.gather(*asked)
    await fake.until(lambda: len(fake.inference) == 40)
    gateway.terminate()
    heard = await running
    for name, each in zip(short, heard[:32], strict=True):
        assert (each.status, each.text) == (200, "".join(f" {name}-{i}" for i in range(30)))
    for each in heard[32:]:
        assert_broken_stream(each)
    assert await gateway.wait() == 0
    outcomes = {row["client_request_id"]: row["outcome"] for row in gateway.ledger()}
    assert {name: outcomes.get(name) for name in short} == dict.fromkeys(short, "answered")
    assert {outcomes.get(name) for name in endless} <= {"failed", "refused", "abandoned"}
    assert all(seen.closed_by_client.is_set() or seen.finished.is_set() for seen in fake.inference)


async def test_ready_says_no_before_the_door_closes(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """During the grace a load balancer sees 503 and applications are still served."""
    assert (await ask(gateway.port, READY)).status == 200
    gateway.terminate()

    async def is_not_ready() -> bool:
        return (await ask(gateway.port, READY)).status == 503

    await gateway.until(is_not_ready, "503 from /ready", 1)
    assert (await ask(gateway.port, request(name="grace"))).status == 200
    assert await gateway.wait() == 0


async def test_idle_connections_do_not_hold_up_a_drain(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Kept-alive clients are closed in order, after the answer that they were waiting for."""
    clients = [RawClient(gateway.port) for _ in range(20)]
    for client in clients:
        await client.__aenter__()
        await client.send(request(name="idle"))
        await client.read_answers(1)
    begun = time.monotonic()
    gateway.terminate()
    for client in clients:
        await client.read_answers(2, 10)
        assert (client.closed, len(client.answers)) == (True, 1)
        await client.close()
    assert await gateway.wait() == 0
    assert time.monotonic() - begun < 3  # the drain's own limit


async def test_a_server_that_hangs_does_not_hold_up_a_drain(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Those who had heard nothing yet get a status of their own, and the server is let go."""
    fake.default = Behaviour(fault=Fault.HANG, at=Place.HEAD)
    running: list[asyncio.Task[Heard]] = [
        asyncio.create_task(ask(gateway.port, request(stream=stream, name="hang"), 20)) for stream in (True, False)
    ]
    await fake.until(lambda: len(fake.inference) == 2)
    gateway.terminate()
    for heard in await asyncio.gather(*running):
        assert_our_error(heard, 502, 503, 504)
    assert await gateway.wait() == 0
    assert all(seen.closed_by_client.is_set() for seen in fake.inference)


async def test_a_request_on_an_open_connection_is_not_lost_in_a_drain(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Either it is answered, or refused so that the client may send it elsewhere, or the connection ends unanswered."""
    async with RawClient(gateway.port) as client:
        await client.send(request(name="one"))
        await client.read_answers(1)
        gateway.terminate()
        while not client.closed:
            count = len(client.answers) + 1
            await client.send(request(name=f"n{count}"))
            await client.read_answers(count)
        statuses = [answer.status for answer in client.answers if answer.complete]
    assert set(statuses) <= {200, 503}
    assert all(answer.complete for answer in client.answers)
    assert client.closed
    assert await gateway.wait() == 0
    assert len(gateway.ledger(outcome="answered")) == statuses.count(200)
