"""Each wait has its own limit: connecting, the first token, the next token, the whole. Upstream is let go at each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.asking import ask, assert_broken_stream, assert_our_error, request
from tests.e2e.conftest import HASTY, SETTINGS
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.black_hole import BlackHole
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROMPT_SECONDS = 1.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(
    fake: FakeVLLM, other: FakeVLLM, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GatewayProcess]:
    """As elsewhere, and with servers that take no connection at all."""
    with BlackHole() as hole:
        versions = {
            "one": {"served_model": "m", "endpoints": [fake.url]},
            "two": {"served_model": "m", "endpoints": [fake.url, other.url]},
            "hole": {"served_model": "m", "endpoints": [hole.url]},
        }
        models = {name: {"split": {name: 1}, "timeouts": HASTY} for name in versions}
        models["from-hole"] = {"split": {"hole": 1}, "fallback": ["one"], "timeouts": HASTY}
        routing = {"versions": versions, "models": models}
        async with GatewayProcess(tmp_path_factory.mktemp("gateway"), routing, **SETTINGS) as gateway:
            yield gateway


async def let_go(fake: FakeVLLM) -> None:
    """The server's connection is closed soon after the client heard of the failure."""
    await asyncio.wait_for((await fake.request()).closed_by_client.wait(), PROMPT_SECONDS)


async def code_of(gateway: GatewayProcess, name: str) -> str:
    row = await gateway.recorded(client_request_id=name)
    assert (row["outcome"], row["blame"]) == ("failed", "upstream")
    return str(row["code"])


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_a_server_that_takes_no_connection_is_given_up(gateway: GatewayProcess, stream: bool) -> None:
    heard = await ask(gateway.port, request("hole", stream=stream, name=f"hole-{stream}"))
    assert_our_error(heard, 502, 503, 504)


async def test_and_another_is_asked_where_there_is_one(gateway: GatewayProcess) -> None:
    heard = await ask(gateway.port, request("from-hole", name="from-hole", max_tokens=1))
    assert (heard.status, heard.text) == (200, " from-hole-0")
    assert heard.header("x-gatewright-version") == "from-hole@one"


@pytest.mark.parametrize("place", [Place.HEAD, Place.IN_HEAD, Place.BODY])
async def test_a_stream_that_does_not_begin_ends_in_504(gateway: GatewayProcess, fake: FakeVLLM, place: Place) -> None:
    """The limit of the first token holds from the question to the first event, whatever of the reply's head came."""
    fake.default = Behaviour(fault=Fault.HANG, at=place)
    heard = await ask(gateway.port, request("one", stream=True, name=f"first-{place}"))
    assert_our_error(heard, 504)
    await let_go(fake)
    assert "timeout" in await code_of(gateway, f"first-{place}")


@pytest.mark.parametrize("place", [Place.HEAD, Place.BODY])
async def test_a_stream_that_does_not_begin_is_begun_elsewhere(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM, place: Place
) -> None:
    """Within the total, a server that is silent is left for one that answers."""
    asked = []

    def choose(seen: object) -> Behaviour | None:
        asked.append(seen)
        return Behaviour(fault=Fault.HANG, at=place) if len(asked) == 1 else None

    fake.choose(choose)
    other.choose(choose)
    heard = await ask(gateway.port, request("two", stream=True, name="elsewhere", max_tokens=1))
    assert (heard.status, heard.text, heard.done) == (200, " elsewhere-0", True)
    assert heard.header("x-gatewright-attempts") == "2"


@pytest.mark.parametrize("place", [Place.TOKEN, Place.IN_TOKEN, Place.UTF8, Place.CHUNK_SIZE])
async def test_a_stream_that_stops_ends_with_an_error(gateway: GatewayProcess, fake: FakeVLLM, place: Place) -> None:
    """The limit between tokens; what had come stays."""
    fake.script(Behaviour(fault=Fault.HANG, at=place, after=2))
    heard = await ask(gateway.port, request("one", stream=True, name=f"stop-{place}"))
    assert_broken_stream(heard)
    assert heard.text == f" stop-{place}-0 stop-{place}-1"
    await let_go(fake)
    assert "timeout" in await code_of(gateway, f"stop-{place}")


async def test_a_stream_that_is_slow_and_steady_is_cut_by_the_total(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """No single wait is too long, and yet it has to end."""
    fake.script(Behaviour(tokens=1000, token_delay=0.1))
    heard = await ask(gateway.port, request("one", stream=True, name="steady"))
    assert_broken_stream(heard)
    assert heard.text.startswith(" steady-0 steady-1 steady-2")
    await let_go(fake)


async def test_a_slow_stream_within_its_limits_is_left_alone(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(tokens=4, first_token_delay=0.3, token_delay=0.3))
    heard = await ask(gateway.port, request("one", stream=True, name="slow"))
    assert (heard.status, heard.done, heard.error) == (200, True, None)


@pytest.mark.parametrize("place", [Place.HEAD, Place.BODY, Place.TOKEN])
async def test_a_whole_reply_that_does_not_come_ends_in_504(
    gateway: GatewayProcess, fake: FakeVLLM, place: Place
) -> None:
    """A whole reply may take long, and has the total only."""
    fake.default = Behaviour(fault=Fault.HANG, at=place)
    heard = await ask(gateway.port, request("one", name=f"total-{place}"))
    assert_our_error(heard, 504)
    await let_go(fake)
    assert "timeout" in await code_of(gateway, f"total-{place}")


async def test_a_whole_reply_may_take_longer_than_a_token(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(head_delay=1.2))
    assert (await ask(gateway.port, request("one", name="long"))).status == 200
