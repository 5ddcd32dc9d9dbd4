"""More than there is room for is refused at once, and clearly; those who were let in do not feel it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.asking import ask, assert_our_error, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = {"in_flight": 10, "connections": 60, "idle_time": "30s", "body_bytes": 100_000}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("overload"), routing_to(fake.url), limits=ROOM) as gateway:
        yield gateway


async def test_beyond_the_limit_in_flight_requests_are_refused_and_none_waits(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """Ten are served; forty hear at once that they may come again; upstream never sees them."""
    fake.default = Behaviour(head_delay=0.5, tokens=1)
    heard = await asyncio.gather(*(ask(gateway.port, request(name=f"o{i}", stream=i % 2 == 0)) for i in range(50)))
    served = [each for each in heard if each.status == 200]
    assert len(served) == len(fake.inference) == 10
    for each in heard:
        if each.status != 200:
            assert_our_error(each, 429, 503)
            assert each.header("retry-after") is not None
    fake.default = Behaviour()
    assert (await ask(gateway.port, request(name="after"))).status == 200


async def test_a_place_is_free_again_however_its_exchange_ended(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Answered, failed, refused, abandoned: a hundred of each through room for ten."""
    for i in range(100):
        fake.default = [Behaviour(), Behaviour(fault="reset", at="token", after=1), Behaviour(status=400)][i % 3]  # type: ignore[arg-type]
        await ask(gateway.port, request(name=f"p{i}", stream=True))
        await ask(gateway.port, request("unknown"))
        async with RawClient(gateway.port) as client:
            await client.send(request(name=f"q{i}", stream=True))
            client.abort()
    fake.default = Behaviour(head_delay=0.3, tokens=1)

    async def are_ten_served() -> bool:
        heard = await asyncio.gather(*(ask(gateway.port, request(name=f"r{i}")) for i in range(10)))
        return {each.status for each in heard} == {200}

    await gateway.until(are_ten_served, "all ten places to be free")


async def test_beyond_the_limit_of_connections_a_client_is_told_and_others_go_on(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """Idle connections up to the limit; the next is refused with a status; when they go, there is room again."""
    crowd = [RawClient(gateway.port) for _ in range(60)]
    for client in crowd:
        await client.__aenter__()
    await crowd[0].send(request(name="inside"))
    assert (await crowd[0].read_answers(1))[0].status == 200
    refused = await ask(gateway.port, request(name="outside"))
    if refused.status:
        assert_our_error(refused, 429, 503)
    for client in crowd:
        await client.close()

    async def is_served() -> bool:
        return (await ask(gateway.port, request(name="later"))).status == 200

    await gateway.until(is_served, "room again")


async def test_a_body_beyond_the_limit_is_refused_before_it_is_read(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """413 from its length alone, or as soon as it has grown too large; upstream never hears of it."""
    large = request(name="large", padding="x" * 200_000)
    assert_our_error(await ask(gateway.port, large), 413)
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    chunked = (
        head
        + b"transfer-encoding: chunked\r\n\r\n10000\r\n"
        + b"x" * 65536
        + b"\r\n10000\r\n"
        + b"x" * 65536
        + b"\r\n0\r\n\r\n"
    )
    assert_our_error(await ask(gateway.port, chunked), 413)
    assert fake.inference == []


async def test_counters_tell_what_the_ledger_tells(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """After all of the above: /metrics and the ledger agree, outcome by outcome."""

    async def agree() -> bool:
        counted = await gateway.counted("gatewright_requests_total", by="outcome")
        recorded = Counter(row["outcome"] for row in gateway.ledger())
        return {outcome: n for outcome, n in counted.items() if n} == recorded

    await gateway.until(agree, "the counters and the ledger to agree")
