"""POST /v1/feedback through a real gateway, by OpenAI's own client: kept, drained, and of one's own exchanges only."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHOP, BANK = "gw_shop", "gw_bank"
ASK: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def keyed(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    """A gateway with two tenants and two workers."""
    keys = [{"id": name, "tenant": name, "sha256": hashlib.sha256(f"gw_{name}".encode()).hexdigest()}
            for name in ("shop", "bank")]
    folder = tmp_path_factory.mktemp("feedback")
    async with GatewayProcess(folder, routing_to(fake.url), auth="required", keys=keys, workers=2) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def shop(keyed: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=keyed.base_url + "/v1", api_key=SHOP, max_retries=0, timeout=20) as client:
        yield client


async def asked(client: openai.AsyncOpenAI) -> str:
    """The id of an exchange that was answered."""
    reply = await client.chat.completions.with_raw_response.create(**ASK)
    return reply.headers["x-request-id"]


async def said(client: openai.AsyncOpenAI, **body: Any) -> Any:
    return await client.post("/feedback", body=body, cast_to=object)


def signals(gateway: GatewayProcess, exchange_id: str) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(f"file:{gateway.state / 'gatewright.db'}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        found = database.execute("select * from signal where exchange_id = ? order by at, id", (exchange_id,))
        return [dict(row) for row in found]


async def test_feedback_of_each_kind_comes_into_the_ledger(keyed: GatewayProcess, shop: openai.AsyncOpenAI) -> None:
    exchange_id = await asked(shop)
    told = await said(shop, exchange_id=exchange_id, metric="helpful", value=True, comment="thanks, jo@example.org")
    assert (told["object"], told["exchange_id"], told["comment"]) == ("feedback", exchange_id, "thanks, [EMAIL]")
    await said(shop, exchange_id=exchange_id, metric="stars", value=4)
    await said(shop, exchange_id=exchange_id, metric="tone", value="too formal")
    await keyed.until(lambda: len(signals(keyed, exchange_id)) == 3, "three signals")
    rows = signals(keyed, exchange_id)
    assert [(row["kind"], row["name"], row["value"], row["tenant"], json.loads(row["body"])) for row in rows] == [
        ("feedback", "helpful", 1.0, "shop", {"value": True, "comment": "thanks, [EMAIL]"}),
        ("feedback", "stars", 4.0, "shop", {"value": 4.0}),
        ("feedback", "tone", None, "shop", {"value": "too formal"})]
    assert rows[0]["id"] == told["id"]
    assert b"example.org" not in (keyed.state / "gatewright.db").read_bytes()


async def test_another_tenants_exchange_is_unknown_in_the_same_words(
        keyed: GatewayProcess, shop: openai.AsyncOpenAI) -> None:
    exchange_id = await asked(shop)
    messages = []
    async with openai.AsyncOpenAI(base_url=keyed.base_url + "/v1", api_key=BANK, max_retries=0) as bank:
        for wanted in (exchange_id, exchange_id[:-1] + ("0" if exchange_id[-1] != "0" else "1")):
            with pytest.raises(openai.NotFoundError) as refused:
                await said(bank, exchange_id=wanted, metric="helpful", value=False)
            assert refused.value.code == "exchange_not_found"
            messages.append(refused.value.message.replace(wanted, "ID"))
    assert messages[0] == messages[1]
    assert signals(keyed, exchange_id) == []


async def test_without_a_key_nothing_is_taken(keyed: GatewayProcess, shop: openai.AsyncOpenAI) -> None:
    exchange_id = await asked(shop)
    async with httpx.AsyncClient(trust_env=False) as plain:
        body = {"exchange_id": exchange_id, "metric": "helpful", "value": True}
        reply = await plain.post(keyed.base_url + "/v1/feedback", json=body)
        refused = await plain.post(keyed.base_url + "/v1/chat/completions", json=ASK)
        other_method = await plain.get(keyed.base_url + "/v1/feedback")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")
    assert (other_method.status_code, other_method.headers["allow"]) == (405, "POST")
    with pytest.raises(openai.NotFoundError):  # an exchange that nobody was known to have
        await said(shop, exchange_id=refused.headers["x-request-id"], metric="helpful", value=True)


async def test_it_is_no_exchange_and_is_not_counted_as_one(keyed: GatewayProcess, shop: openai.AsyncOpenAI) -> None:
    exchange_id = await asked(shop)
    await keyed.recorded(id=exchange_id)
    before = len(keyed.ledger())
    await said(shop, exchange_id=exchange_id, metric="helpful", value=True)
    await keyed.until(lambda: signals(keyed, exchange_id), "the signal")
    assert len(keyed.ledger()) == before
    assert "feedback" not in await keyed.counted("gatewright_requests_total", "endpoint")


async def test_many_at_once_are_all_kept_also_where_their_workers_are_killed(
        keyed: GatewayProcess, shop: openai.AsyncOpenAI) -> None:
    """Whoever has an answer finds the feedback in the ledger, whatever was killed right after it."""
    exchange_id = await asked(shop)
    kept: list[str] = []

    async def say(number: int) -> None:
        with contextlib.suppress(openai.APIConnectionError):  # its worker was killed before the answer
            kept.append((await said(shop, exchange_id=exchange_id, metric=f"m{number}", value=number))["id"])

    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(say(number))
        await keyed.until(lambda: len(kept) >= 25, "some answers", 60)
        for pid in (await keyed.worker_pids()).values():
            os.kill(pid, signal.SIGKILL)
    await keyed.until(lambda: set(kept) <= {row["id"] for row in signals(keyed, exchange_id)}, "all that was kept", 60)
    ids = [row["id"] for row in signals(keyed, exchange_id)]
    assert len(ids) == len(set(ids))
    await keyed.until(keyed.is_ready, "new workers", 60)


async def test_feedback_is_taken_by_any_worker_in_a_later_life(keyed: GatewayProcess, shop: openai.AsyncOpenAI) -> None:
    """Days later nothing of the process that answered is left but the key."""
    exchange_id = await asked(shop)
    for pid in (await keyed.worker_pids()).values():
        os.kill(pid, signal.SIGKILL)
    await keyed.until(keyed.is_ready, "new workers", 60)
    await said(shop, exchange_id=exchange_id, metric="helpful", value=False)
    await keyed.until(lambda: signals(keyed, exchange_id), "the signal")
