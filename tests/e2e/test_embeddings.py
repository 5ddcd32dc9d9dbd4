"""Embeddings asked together, through a real gateway, by the official client: each gets its own, as the ledger tells."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import sys
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import openai
import pytest
import pytest_asyncio

from tests.e2e.asking import ask
from tests.fakes.behaviour import Behaviour
from tests.fakes.bodies import vector
from tests.fakes.upstream import FakeVLLM
from tests.gateway.gathering.house import inputs_of, refuses
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEYS = [{"id": name, "tenant": name, "sha256": sha256(name.encode()).hexdigest()} for name in ("shop", "bank")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gathering(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    routing: dict[str, Any] = {
        "versions": {"v1": {"served_model": "m", "endpoints": [fake.url], "price": {"prompt": 1, "completion": 1}}},
        "models": {"finder": {"split": {"v1": 1}, "gather": {"wait": "20ms"}},
                   "single": {"split": {"v1": 1}, "gather": "none"},
                   "remembering": {"split": {"v1": 1}, "gather": {"wait": "20ms"}, "cache": {"ttl": "10m"}}}}
    async with GatewayProcess(tmp_path_factory.mktemp("gathering"), routing, auth="required", keys=KEYS) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def client(gathering: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=gathering.base_url + "/v1", api_key="shop", max_retries=0) as client:
        yield client


def sent(model: str, given: Any, name: str, key: str = "shop", **more: Any) -> bytes:
    body = json.dumps({"model": model, "input": given, **more}).encode()
    return (f"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-request-id: {name}\r\n"
            f"authorization: Bearer {key}\r\ncontent-length: {len(body)}\r\n\r\n").encode() + body


async def test_many_who_ask_at_once_are_a_few_calls(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    fake.default = Behaviour(head_delay=0.01)
    told = await asyncio.gather(*(
        client.embeddings.create(model="finder", input=[f"text {number}", "common"], encoding_format="float")
        for number in range(200)))
    assert [[row.embedding for row in one.data] for one in told] == [
        [vector(f"text {number}"), vector("common")] for number in range(200)]
    assert sum(len(inputs_of(request)) for request in fake.inference) == 400
    assert max(len(inputs_of(request)) for request in fake.inference) <= 64
    assert len(fake.inference) < 100
    assert {one.model for one in told} == {"finder"}
    assert len({one.id for one in told if hasattr(one, "id")}) in (0, 200)


async def test_the_client_s_own_encoding_comes_through(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    """Unless told otherwise, the client asks for base64 and decodes it: rows are passed on as they are."""
    def encoded(*texts: str) -> bytes:
        rows = [{"object": "embedding", "index": place, "embedding":
                 base64.b64encode(struct.pack("<2f", len(text), 0.5)).decode()} for place, text in enumerate(texts)]
        return json.dumps({"object": "list", "model": "m", "data": rows,
                           "usage": {"prompt_tokens": 3, "total_tokens": 3}}).encode()

    fake.choose(lambda request: Behaviour(body=encoded(*inputs_of(request)), head_delay=0.01))
    told = await asyncio.gather(*(client.embeddings.create(model="finder", input="x" * size) for size in (1, 2, 3, 4)))
    assert [one.data[0].embedding for one in told] == [[float(size), 0.5] for size in (1, 2, 3, 4)]


async def test_the_ledger_and_explain_say_who_went_together(gathering: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(head_delay=0.05))
    first = asyncio.create_task(ask(gathering.port, sent("finder", "first", "first")))
    await fake.request()
    others = await asyncio.gather(*(
        ask(gathering.port, sent("finder", ["word " * size], f"other-{size}")) for size in (1, 2, 3)))
    assert {(await first).status, *(heard.status for heard in others)} == {200}
    assert [len(inputs_of(request)) for request in fake.inference] == [1, 3]
    rows = [await gathering.recorded(client_request_id=f"other-{size}") for size in (1, 2, 3)]
    assert {row["usage_source"] for row in rows} == {"apportioned"}
    assert [row["cost_micros"] for row in rows] == [row["prompt_tokens"] for row in rows]
    told = [json.loads(heard.body)["usage"]["prompt_tokens"] for heard in others]
    assert [row["prompt_tokens"] for row in rows] == told
    alone = await gathering.recorded(client_request_id="first")
    assert alone["usage_source"] == "reported"
    story = await explained(gathering, str(rows[0]["id"]))
    assert "asked together with 2 others: answered with status 200" in story


async def test_metrics_tell_of_calls_and_waits(gathering: GatewayProcess, fake: FakeVLLM) -> None:
    before = await gathering.counted("gatewright_upstream_attempts_total")
    await asyncio.gather(*(ask(gathering.port, sent("finder", f"metric {n}", f"metric-{n}")) for n in range(50)))
    calls = len(fake.inference)

    async def counted() -> bool:
        now = await gathering.counted("gatewright_upstream_attempts_total")
        return now.get("", 0) - before.get("", 0) == calls

    async def told() -> bool:  # by the worker's next status
        return "finder" in await gathering.counted("gatewright_gather_shared_total", by="model")

    await gathering.until(counted, "each call to be counted once")
    await gathering.until(told, "the worker to say what it gathered")
    shared = await gathering.counted("gatewright_gather_shared_total", by="model")
    waits = await gathering.counted("gatewright_gather_wait_seconds_count", by="model")
    requests = await gathering.counted("gatewright_gather_requests_sum", by="model")
    assert 0 < shared["finder"] <= requests["finder"] == waits["finder"]


async def test_tenants_do_not_share_a_call(gathering: GatewayProcess, fake: FakeVLLM) -> None:
    fake.default = Behaviour(head_delay=0.02)
    await asyncio.gather(*(ask(gathering.port, sent("finder", f"{key} {n}", f"{key}-{n}", key))
                           for n in range(10) for key in ("shop", "bank")))
    for request in fake.inference:
        assert len({text.split()[0] for text in inputs_of(request)}) == 1


async def test_a_bad_input_is_its_sender_s_alone(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    fake.default = Behaviour(head_delay=0.01)
    fake.choose(refuses("rotten"))
    told = await asyncio.gather(*(
        client.embeddings.create(model="finder", input=text, encoding_format="float")
        for text in ("good", "rotten", "fine", "well")), return_exceptions=True)
    assert isinstance(told[1], openai.BadRequestError)
    assert "rotten is no good" in str(told[1])
    assert [one.data[0].embedding for place, one in enumerate(told) if place != 1] == [  # type: ignore[union-attr]
        vector(text) for text in ("good", "fine", "well")]


async def test_what_is_remembered_is_each_one_s_own_reply(gathering: GatewayProcess, fake: FakeVLLM) -> None:
    fake.default = Behaviour(head_delay=0.01)
    once = await asyncio.gather(*(ask(gathering.port, sent("remembering", f"r {n}", f"a{n}")) for n in range(20)))
    calls = len(fake.inference)
    again = await asyncio.gather(*(ask(gathering.port, sent("remembering", f"r {n}", f"b{n}")) for n in range(20)))
    assert calls < 20
    assert len(fake.inference) == calls
    assert {heard.header("x-gatewright-cache") for heard in again} == {"hit"}
    assert [heard.body for heard in again] == [heard.body for heard in once]


async def test_a_model_that_does_not_gather_is_asked_each_time(gathering: GatewayProcess, fake: FakeVLLM) -> None:
    await asyncio.gather(*(ask(gathering.port, sent("single", f"s {n}", f"s{n}")) for n in range(20)))
    assert len(fake.inference) == 20


async def explained(gateway: GatewayProcess, exchange: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "operations.cli", "explain", exchange, "--admin", gateway.admin_url,
        stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()
