"""Similar questions, through a real gateway with its classifier process and the real model of sentences."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.e2e.test_names import classifier_pid
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")
# Seconds, not milliseconds: the machine of a test may be busy, and what is tested is not its speed.
SEMANTIC = {"threshold": 0.8, "time": "5s", "recheck": 0}
ASKED, ALIKE = "How do I reset my password?", "What is the way to reset my password?"
OTHER = "Which museum in Vienna is open on Monday?"


def routing(fake: FakeVLLM) -> dict[str, Any]:
    by_version = {**SEMANTIC, "embedder": {"version": "v1"}}
    return {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "models": {
        "m": {"split": {"v1": 1}, "cache": {"ttl": "10m", "semantic": SEMANTIC}},
        "checked": {"split": {"v1": 1}, "cache": {"ttl": "10m", "semantic": {**SEMANTIC, "recheck": 1}}},
        "own": {"split": {"v1": 1}, "cache": {"ttl": "10m", "semantic": by_version}}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("similar")
    async with GatewayProcess(folder, routing(fake), classifiers={"load": ["minilm"]}) as gateway:
        await loaded(gateway)
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def client(gateway: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base = gateway.base_url + "/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0, timeout=20) as client:
        yield client


async def loaded(gateway: GatewayProcess) -> None:
    async def is_loaded() -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            return bool((await client.get(gateway.base_url + "/ready")).json()["degraded"] == [])

    await gateway.until(is_loaded, "the sentence model", 60)


async def ask(client: openai.AsyncOpenAI, text: str, model: str = "m", **more: Any) -> Any:
    return await client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": text}], temperature=0, **more)


def cached(reply: Any) -> str:
    return str(reply.headers["x-gatewright-cache"])


async def test_the_same_in_other_words_is_not_asked_again(
        gateway: GatewayProcess, client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    asked = await ask(client, ASKED)
    alike = await ask(client, ALIKE, extra_headers={"x-request-id": "alike"})
    assert (cached(asked), cached(alike), len(fake.inference)) == ("miss", "similar", 1)
    assert alike.parse().choices[0].message.content == asked.parse().choices[0].message.content
    similarity = float(alike.headers["x-gatewright-similarity"])
    assert 0.8 <= similarity < 1
    row = await gateway.recorded(client_request_id="alike")
    assert (row["cache"], round(row["similarity"], 4), row["attempts"], row["usage_source"]) == (
        "similar", similarity, "[]", "cached")
    assert row["parent"] == asked.headers["x-request-id"]


async def test_it_is_streamed_where_a_stream_is_asked_for(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    whole = (await ask(client, ASKED)).parse().choices[0].message.content
    asked = len(fake.inference)
    stream = await client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": ALIKE}], temperature=0, stream=True)
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert len(fake.inference) == asked


@pytest.mark.parametrize("text", [OTHER, "How do I not reset my password?", "How do I reset my 2 passwords?"])
async def test_another_question_is_asked(client: openai.AsyncOpenAI, text: str) -> None:
    await ask(client, ASKED)
    assert cached(await ask(client, text)) == "miss"


async def test_a_client_may_want_its_own(client: openai.AsyncOpenAI) -> None:
    await ask(client, ASKED)
    text = "Please tell me how to reset my password."
    assert cached(await ask(client, text, extra_headers={"x-gatewright-cache": "exact"})) == "miss"
    assert cached(await ask(client, text)) == "hit"


async def test_what_came_of_it_is_counted(gateway: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    await ask(client, ASKED)
    await ask(client, ALIKE)

    async def counted() -> bool:
        requests = await gateway.counted("gatewright_cache_requests_total", "result")
        looks = await gateway.counted("gatewright_cache_looks_total", "result")
        vectors = await gateway.counted("gatewright_cache_vectors", "worker")
        return requests.get("similar", 0) > 0 and looks.get("found", 0) > 0 and vectors.get("w0", 0) > 0

    await gateway.until(counted, "the counts")


async def test_a_version_of_the_routing_may_give_the_vectors(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    """The fake's vectors tell a text's length and letters alone: what is the same but for marks is near."""
    asked = await ask(client, "When do the shops here open?", "own")
    embedded = [sent for sent in fake.inference if sent.path == "/v1/embeddings"]
    assert (cached(asked), len(embedded)) == ("miss", 1)


async def test_what_is_rechecked_is_asked_behind_the_reply_and_told(
        gateway: GatewayProcess, client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    await ask(client, ASKED, "checked")
    alike = await ask(client, ALIKE, "checked")
    assert cached(alike) == "similar"
    await fake.until(lambda: len(fake.inference) == 2)
    row = await gateway.recorded(purpose="recheck")
    assert (row["parent"], row["outcome"], row["model"]) == (alike.headers["x-request-id"], "answered", "checked")

    async def counted() -> bool:
        return sum((await gateway.counted("gatewright_cache_rechecks_total", "result")).values()) == 1

    await gateway.until(counted, "the count")
    async with httpx.AsyncClient(trust_env=False) as admin:
        told = (await admin.get(f"{gateway.admin_url}/admin/exchanges/{row['parent']}")).text
    assert "Asked for all the same" in told or "recheck" in told


async def test_killed_the_embedder_is_a_miss_and_comes_back(
        gateway: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    await ask(client, ASKED)
    pid = classifier_pid(gateway)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await gateway.until(lambda: classifier_pid(gateway) != pid, "its end")
    text = "In which way can I reset my password?"
    assert cached(await ask(client, text, extra_body={"seed": 1})) == "miss"
    await loaded(gateway)
    await ask(client, ASKED, extra_body={"seed": 2})
    assert cached(await ask(client, ALIKE, extra_body={"seed": 2})) == "similar"


async def test_hosts_share_what_was_asked_in_other_words_and_tenants_do_not(
        fake: FakeVLLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gateways on one Redis that has search. What one tenant asked of the first is found by itself alone on the
    second, and no more once it is purged there."""
    monkeypatch.setenv("GATEWRIGHT_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    server = RedisServer(tmp_path / "redis", search=True)
    settings: dict[str, Any] = {"cache": server.url, "classifiers": {"load": ["minilm"]}, "auth": "required", "keys": [
        {"id": name, "tenant": name, "sha256": sha256(name.encode()).hexdigest()} for name in ("shop", "bank")]}
    try:
        async with (GatewayProcess(tmp_path / "a", routing(fake), **settings) as one,
                    GatewayProcess(tmp_path / "b", routing(fake), **settings) as other):
            await loaded(one)
            await loaded(other)
            assert await asked_by("shop", one, ASKED) == "miss"
            await one.until(lambda: len(server.client().keys("gatewright*")) == 2, "entry and vector on the server")
            assert await asked_by("bank", other, ALIKE) == "miss"
            assert await asked_by("shop", other, ALIKE) == "similar"
            async with httpx.AsyncClient(trust_env=False) as admin:
                purge = {"reason": "test", "tenant": "shop"}
                answer = await admin.post(f"{other.admin_url}/admin/cache/purge", json=purge)
            assert answer.status_code == 200
            await other.until(lambda: "cache_purged" in other.log, "the purge")
            text = "Please tell me how to reset my password."
            assert await asked_by("shop", other, text) == "miss"
            assert len(fake.inference) == 3
    finally:
        server.stop()


async def asked_by(key: str, gateway: GatewayProcess, text: str) -> str:
    async with openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key=key, max_retries=0, timeout=20) as client:
        return cached(await ask(client, text))
