"""What is in the ledger's column for cost, whole or streamed, however it ended, and whoever answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.asking import ask, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
ONE, SPARE = {"prompt": 1000, "completion": 10_000}, {"prompt": 7, "completion": 70_000}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def priced(fake: FakeVLLM, other: FakeVLLM, tmp_path_factory: pytest.TempPathFactory
                 ) -> AsyncIterator[GatewayProcess]:
    """`m` costs a thousandth for a token of the prompt and a hundredth for one of the completion."""
    versions: dict[str, Any] = {
        "one": {"served_model": "m", "endpoints": [fake.url], "price": ONE},
        "spare": {"served_model": "m", "endpoints": [other.url], "price": SPARE},
        "free": {"served_model": "m", "endpoints": [fake.url]}}
    models = {"m": {"split": {"one": 1}}, "backed": {"split": {"one": 1}, "fallback": ["spare"]},
              "free": {"split": {"free": 1}}}
    folder = tmp_path_factory.mktemp("costs")
    async with GatewayProcess(folder, {"versions": versions, "models": models}) as gateway:
        yield gateway


def expected(row: dict[str, Any], price: dict[str, int]) -> int:
    cost: int = row["prompt_tokens"] * price["prompt"] + row["completion_tokens"] * price["completion"]
    return cost


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("choices", [1, 3])
async def test_an_answer_costs_its_tokens_and_every_choice_counts(
        priced: GatewayProcess, stream: bool, choices: int) -> None:
    name = f"answer-{stream}-{choices}"
    await ask(priced.port, request(stream=stream, name=name, n=choices, max_tokens=5))
    row = await priced.recorded(client_request_id=name)
    assert (row["completion_tokens"], row["usage_source"]) == (5 * choices, "reported")
    assert row["cost_micros"] == expected(row, ONE) == 1000 + 50_000 * choices


async def test_a_stream_that_is_left_costs_what_was_made_of_it(priced: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(tokens=10_000, token_delay=0.01))
    async with RawClient(priced.port) as client:
        await client.send(request(stream=True, name="left"))
        await client.read_until(b"left-5")
        client.abort()
    row = await priced.recorded(client_request_id="left")
    assert row["outcome"] == "abandoned"
    assert 50_000 < row["cost_micros"] == expected(row, ONE)


async def test_a_stream_that_breaks_costs_what_came(priced: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(fault=Fault.RESET, at=Place.TOKEN, after=4))
    await ask(priced.port, request(stream=True, name="broken"))
    row = await priced.recorded(client_request_id="broken")
    assert (row["outcome"], row["cost_micros"]) == ("failed", 41_000)


async def test_the_fallback_s_price_counts(priced: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(fault=Fault.RESET, at=Place.HEAD))
    await ask(priced.port, request("backed", name="backed", max_tokens=2))
    row = await priced.recorded(client_request_id="backed")
    assert (row["arm_served"], row["cost_micros"]) == ("spare", expected(row, SPARE))


async def test_without_a_price_nothing_costs_anything_and_sums_agree(priced: GatewayProcess) -> None:
    await ask(priced.port, request("free", name="free"))
    await ask(priced.port, request("no-such-model", name="stray"))
    assert (await priced.recorded(client_request_id="free"))["cost_micros"] == 0
    assert (await priced.recorded(client_request_id="stray"))["cost_micros"] == 0
    told = await priced.counted("gatewright_cost_total")
    assert round(told[""] * 1e6) == sum(row["cost_micros"] for row in priced.ledger())
