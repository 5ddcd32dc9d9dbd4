"""Which version answers whom: the same for a user on every worker, and shared out as the weights say."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.asking import Heard, ask, request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
USERS = 300


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    versions = {name: {"served_model": "m", "endpoints": [fake.url]} for name in ("old", "new")}
    models = {
        "m": {"split": {"old": 70, "new": 30}},
        "by-header": {"split": {"old": 1, "new": 1}, "sticky": "header:X-T"},
    }
    routing = {"versions": versions, "models": models}
    async with GatewayProcess(tmp_path_factory.mktemp("assignment"), routing, workers=2) as gateway:
        yield gateway


async def ask_in_turns(gateway: GatewayProcess, asked: list[bytes]) -> list[Heard]:
    """Each on a connection of its own, fifty at a time."""
    turns = [asked[i : i + 50] for i in range(0, len(asked), 50)]
    return [heard for turn in turns for heard in await asyncio.gather(*(ask(gateway.port, each) for each in turn))]


async def test_a_user_keeps_a_version_on_every_worker(gateway: GatewayProcess) -> None:
    """Three hundred users ask four times each: one version each, and both workers took part."""
    asked = [request(name=f"u{user}", user=f"user-{user}", max_tokens=1) for user in range(USERS)] * 4
    heard: list[Heard] = []
    while {row["worker"] for row in gateway.ledger()} != {"w0", "w1"}:  # which worker takes whom is the kernel's choice
        heard += await ask_in_turns(gateway, asked)
        await gateway.recorded(id=heard[-1].header("x-request-id"))
    seen = {(i % USERS, each.header("x-gatewright-version")) for i, each in enumerate(heard)}
    assert len(seen) == USERS
    shares = Counter(version for _, version in seen)
    # Users are fixed and assignment is a hash: these shares are always the same ones. 70 % of 300, three deviations.
    assert abs(shares["m@old"] - 0.7 * USERS) < 3 * (USERS * 0.7 * 0.3) ** 0.5
    chances = {(row["arm_assigned"], round(row["propensity"], 6)) for row in gateway.ledger()}
    assert chances == {("old", 0.7), ("new", 0.3)}


async def test_a_header_can_be_the_unit(gateway: GatewayProcess) -> None:
    asked = [request("by-header", headers=f"x-t: tenant-{i % 20}\r\n", max_tokens=1) for i in range(80)]
    heard = await ask_in_turns(gateway, asked)
    seen = {(i % 20, each.header("x-gatewright-version")) for i, each in enumerate(heard)}
    assert len(seen) == 20
    assert len({version for _, version in seen}) == 2


async def test_a_version_can_be_asked_for(gateway: GatewayProcess) -> None:
    """Pinned by name, whatever the split says; the client gets the name back that it asked for."""
    for version in ("old", "new"):
        heard = await ask(gateway.port, request(f"m@{version}", user="user-1"))
        assert heard.header("x-gatewright-version") == f"m@{version}"
        assert b'"model":"m@%b"' % version.encode() in heard.body
    assert (await ask(gateway.port, request("m@nope"))).status == 404
