"""A client that leaves: upstream is let go at once, and the exchange is on record as abandoned."""

from __future__ import annotations

import asyncio
import os
import random

import pytest

from tests.e2e.asking import ask, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROMPT_SECONDS = 1.0  # how soon upstream must be let go


async def test_a_client_that_leaves_mid_stream_frees_its_server(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Its connection upstream closes within a second, and the tokens made so far are on record."""
    fake.script(Behaviour(tokens=10_000, token_delay=0.01))
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=True, name="mid-stream"))
        await client.read_until(b"mid-stream-5")
        client.abort()
    upstream = await fake.request()
    await asyncio.wait_for(upstream.closed_by_client.wait(), PROMPT_SECONDS)
    row = await gateway.recorded(client_request_id="mid-stream")
    assert (row["outcome"], row["blame"]) == ("abandoned", "caller")
    assert 5 <= row["completion_tokens"] <= upstream.sent_tokens
    assert row["prompt_tokens"] == 1


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("place", [Place.HEAD, Place.IN_HEAD, Place.BODY, Place.IN_TOKEN])
async def test_a_client_that_leaves_before_it_heard_anything_frees_its_server(
    gateway: GatewayProcess, fake: FakeVLLM, place: Place, stream: bool
) -> None:
    """Also where the reply has not begun, or is held until it is whole."""
    name = f"unheard-{place}-{stream}"
    fake.script(Behaviour(fault=Fault.HANG, at=place))
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=stream, name=name))
        upstream = await fake.request()
        client.abort()
    await asyncio.wait_for(upstream.closed_by_client.wait(), PROMPT_SECONDS)
    assert (await gateway.recorded(client_request_id=name))["outcome"] == "abandoned"


async def test_a_request_sent_ahead_dies_with_its_connection(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """What waited behind a stream on the same connection never reaches upstream."""
    fake.script(Behaviour(fault=Fault.HANG, at=Place.TOKEN, after=1))
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=True, name="ahead-1") + request(name="ahead-2"))
        await client.read_until(b"ahead-1-0")
        client.abort()
    upstream = await fake.request()
    await asyncio.wait_for(upstream.closed_by_client.wait(), PROMPT_SECONDS)
    assert (await ask(gateway.port, request(name="after"))).status == 200
    assert [seen.header("x-request-id") is not None for seen in fake.inference] == [True, True]
    assert b"ahead-2" not in b"".join(seen.body for seen in fake.inference)


async def test_leaving_is_no_failure_of_the_server(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Twenty clients leave; the next is served by the same server, and none was asked twice."""
    fake.default = Behaviour(fault=Fault.HANG, at=Place.TOKEN, after=1)
    for i in range(20):
        async with RawClient(gateway.port) as client:
            await client.send(request("pair" if i % 2 else "m", stream=True, name=f"leaver-{i}"))
            if i % 2 == 0:
                await client.read_until(b"-0")
            client.abort()
    fake.default = Behaviour()
    heard = await ask(gateway.port, request(name="stays"))
    assert (heard.status, heard.header("x-gatewright-attempts")) == (200, "1")


async def test_hundreds_who_leave_at_any_moment_leave_nothing_behind(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """Connections upstream, descriptors of the worker and requests in flight return to where they were."""
    chance = random.Random(7)
    (worker,) = (await gateway.worker_pids()).values()
    await ask(gateway.port, request(name="before"))
    before = len(os.listdir(f"/proc/{worker}/fd"))
    fake.default = other.default = Behaviour(tokens=50, token_delay=0.01, head_delay=0.02)

    async def come_and_go(i: int) -> None:
        async with RawClient(gateway.port) as client:
            await client.send(request("pair", stream=chance.random() < 0.7, name=f"crowd-{i}"))
            await asyncio.sleep(chance.random() * 0.3)
            client.abort()

    for start in range(0, 300, 60):
        await asyncio.gather(*(come_and_go(i) for i in range(start, start + 60)))

    def is_quiet() -> bool:
        running = [seen for seen in (*fake.inference, *other.inference) if not seen.finished.is_set()]
        open_now = [seen for seen in running if not seen.closed_by_client.is_set()]
        return not open_now and len(os.listdir(f"/proc/{worker}/fd")) <= before + 2

    # Idle connections upstream are kept for some seconds, on purpose.
    await gateway.until(is_quiet, "the worker to have let go of everything", 15)
    await gateway.until(lambda: len(crowd_of(gateway)) == 300, "all 300 on record")
    assert {row["outcome"] for row in crowd_of(gateway)} <= {"abandoned", "answered"}


def crowd_of(gateway: GatewayProcess) -> list[dict[str, object]]:
    return [row for row in gateway.ledger() if row["client_request_id"].startswith("crowd-")]
