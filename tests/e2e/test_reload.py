"""New routing under load: nobody notices, and every exchange lives its whole life on one revision."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.asking import Heard, ask, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLIENTS, RELOADS = 200, 20


def revision(number: int, fake: FakeVLLM, other: FakeVLLM) -> dict[str, Any]:
    """A revision whose versions carry its number, so that a reply tells on which revision it was assigned."""
    endpoints = [fake.url, other.url] if number % 3 else [other.url]
    versions = {f"a{number}": {"served_model": "m", "endpoints": endpoints, "defaults": {"seed": number}},
                f"b{number}": {"served_model": "m", "endpoints": [fake.url]}}  # fmt: skip
    return {"versions": versions, "models": {"m": {"split": {f"a{number}": 1, f"b{number}": number}}}}


@pytest_asyncio.fixture(loop_scope="module")
async def gateway(
    fake: FakeVLLM, other: FakeVLLM, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("reload")
    async with GatewayProcess(folder, revision(1, fake, other), workers=2) as gateway:
        yield gateway


def assert_of_one_revision(heard: Heard, name: str, stream: bool) -> None:
    assert heard.status == 200, heard
    assert heard.text == "".join(f" {name}-{i}" for i in range(4))
    assert heard.done == stream
    version, number = heard.header("x-gatewright-version"), heard.header("x-gatewright-revision")
    assert version in (f"m@a{number}", f"m@b{number}")


async def test_two_hundred_clients_do_not_notice_twenty_reloads(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """No request fails; each names a version of the revision that it names; the ledger tells the same."""
    fake.default = other.default = Behaviour(tokens=4, first_token_delay=0.01, token_delay=0.01)
    over = asyncio.Event()
    revisions: dict[str, str] = {}

    async def keep_asking(client: int) -> None:
        count = 0
        while not over.is_set():
            name, stream = f"c{client}r{count}", bool((client + count) % 2)
            heard = await ask(gateway.port, request(stream=stream, name=name, user=f"user-{client}"), 20)
            assert_of_one_revision(heard, name, stream)
            revisions[name] = heard.header("x-gatewright-revision") or ""
            count += 1
            await asyncio.sleep(0.2)

    async def keep_applying() -> None:
        for number in range(2, 2 + RELOADS):
            assert await gateway.apply(revision(number, fake, other)) == number
        over.set()

    await asyncio.gather(keep_applying(), *(keep_asking(client) for client in range(CLIENTS)))
    await gateway.until(lambda: len(gateway.ledger()) >= len(revisions), "the ledger to hold all of them")
    rows = gateway.ledger()
    assert {row["client_request_id"]: str(row["revision"]) for row in rows} == revisions
    assert Counter(row["outcome"] for row in rows) == {"answered": len(revisions)}
    assert len(set(revisions.values())) > RELOADS / 2


async def test_a_stream_ends_on_the_revision_it_began_on(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """Its server is gone from the routing before it ends, and it ends all the same."""
    fake.script(Behaviour(tokens=40, token_delay=0.05))
    async with RawClient(gateway.port) as client:
        pinned = request("m@b1", stream=True, name="lasting")
        await client.send(pinned)
        await client.read_until(b"lasting-1")
        await gateway.apply(revision(3, other, other))
        answer = (await client.read_answers(1))[0]
    assert b"lasting-39" in answer.body
    assert answer.header("x-gatewright-revision") == "1"
    assert (await ask(gateway.port, request("m@b1", name="gone"))).status == 404


async def test_a_revision_that_is_refused_changes_nothing(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """The one before it goes on."""
    broken = {"versions": {}, "models": {"m": {"split": {"nowhere": 1}}}}
    with pytest.raises(AssertionError, match="nowhere"):
        await gateway.apply(broken)
    heard = await ask(gateway.port, request(name="still"))
    assert (heard.status, heard.header("x-gatewright-revision")) == (200, "1")
