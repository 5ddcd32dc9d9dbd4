"""Files and batches through a real gateway, driven by OpenAI's own client."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
import pytest_asyncio

from tests.fakes.behaviour import Behaviour
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
ENDPOINT = "/v1/chat/completions"
KEYS = {"shop": "sk-shop-0123456789", "rival": "sk-rival-0123456789"}
SETTINGS: dict[str, Any] = {
    "auth": "required", "workers": 2,
    "keys": [{"id": f"{name}-key", "tenant": name, "sha256": hashlib.sha256(key.encode()).hexdigest()}
             for name, key in KEYS.items()],
    "batches": {"quiet": "50ms", "file_bytes": 4 << 20, "lines": 2000}}  # fmt: skip
BLOCKED = {"policies": {"strict": {"prompt": {"secrets": {"action": "block"}}}}}


def routing(*urls: str) -> dict[str, Any]:
    versions = {"v1": {"served_model": "m", "endpoints": list(urls)}}
    models = {"m": {"split": {"v1": 1}, "batch": {"in_flight": 8, "priority": 10}},
              "guarded": {"split": {"v1": 1}, "policy": "strict"}}  # fmt: skip
    return {"versions": versions, "models": models, **BLOCKED}


def line(custom_id: str, prompt: str = "hello", model: str = "m", **more: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], "max_tokens": 4}
    return {"custom_id": custom_id, "method": "POST", "url": ENDPOINT, "body": body} | more


def jsonl(*lines: Any) -> bytes:
    return b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("gateway"), routing(fake.url), **SETTINGS) as gateway:
        yield gateway


def client_of(gateway: GatewayProcess, tenant: str = "shop") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key=KEYS[tenant], max_retries=0)


@pytest_asyncio.fixture(loop_scope="module")
async def client(gateway: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with client_of(gateway) as client:
        yield client


async def made(client: openai.AsyncOpenAI, *lines: Any, **more: Any) -> Any:
    sent = await client.files.create(file=("input.jsonl", jsonl(*lines)), purpose="batch")
    return await client.batches.create(input_file_id=sent.id, endpoint=ENDPOINT, completion_window="24h", **more)


async def ended(client: openai.AsyncOpenAI, batch_id: str, within: float = 30.0) -> Any:
    async with asyncio.timeout(within):
        while True:
            batch = await client.batches.retrieve(batch_id)
            if batch.status in ("completed", "failed", "expired", "cancelled"):
                return batch
            await asyncio.sleep(0.1)


async def lines_in(client: openai.AsyncOpenAI, file_id: str | None) -> list[dict[str, Any]]:
    if file_id is None:
        return []
    content = (await client.files.content(file_id)).content
    return [json.loads(one) for one in content.splitlines()]


async def test_a_batch_is_answered_line_by_line_in_the_order_of_its_input(
    client: openai.AsyncOpenAI, gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    names = [f"q{number}" for number in range(40)]
    batch = await made(client, *(line(name, f"nonce:{name}") for name in names), metadata={"night": "1"})
    assert (batch.object, batch.status, batch.completion_window) == ("batch", "validating", "24h")
    batch = await ended(client, batch.id)
    assert (batch.status, batch.request_counts.total, batch.request_counts.completed) == ("completed", 40, 40)
    assert batch.error_file_id is None
    assert batch.metadata == {"night": "1"}
    told = await lines_in(client, batch.output_file_id)
    assert [one["custom_id"] for one in told] == names
    assert {one["response"]["status_code"] for one in told} == {200}
    assert all(one["error"] is None for one in told)
    assert batch.usage.output_tokens == sum(one["response"]["body"]["usage"]["completion_tokens"] for one in told) > 0
    assert {json.loads(request.body)["priority"] for request in fake.inference} == {10}
    await gateway.until(lambda: len(gateway.ledger(batch=batch.id, outcome="answered")) == 40, "its records")
    row = gateway.ledger(batch=batch.id)[0]
    assert (row["purpose"], row["tenant"], row["key"]) == ("batch", "shop", "shop-key")
