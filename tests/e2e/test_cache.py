"""What is remembered and shared, through a real gateway with a real Redis: in both forms, for a crowd, across workers
and hosts, and past every fault of the cache's own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.e2e.asking import Heard, ask, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient
from tests.redis import RedisServer

pytestmark = pytest.mark.asyncio(loop_scope="module")
SAME: dict[str, Any] = {"messages": [{"role": "user", "content": "What is the capital of France?"}], "temperature": 0}


def routing(fake: FakeVLLM) -> dict[str, Any]:
    return {
        "versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}},
        "models": {"m": {"split": {"v1": 1}, "cache": {"ttl": "10m"}, "policy": "p"}, "open": {"split": {"v1": 1}}},
        "policies": {"p": {"prompt": {"personal_data": "redact"}, "reply": {"personal_data": "flag"}}},
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def remembering(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("cache"), routing(fake)) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


def cached(heard: Heard) -> str | None:
    return heard.header("x-gatewright-cache")


async def test_the_official_client_gets_the_same_answer_in_either_form(
    remembering: GatewayProcess, fake: FakeVLLM,
) -> None:
    body: dict[str, Any] = {"model": "m", **SAME}
    async with openai.AsyncOpenAI(base_url=remembering.base_url + "/v1", api_key="any", max_retries=0) as client:
        asked = await client.chat.completions.create(**body)
        stream = await client.chat.completions.create(**body, stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
    assert len(fake.inference) == 1
    told = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert told == asked.choices[0].message.content
    assert chunks[-1].usage == asked.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == asked.choices[0].finish_reason


async def test_a_crowd_makes_one_call_and_each_gets_all_of_it(remembering: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(first_token_delay=0.3, token_delay=0.005))
    crowd = await asyncio.gather(*(
        ask(remembering.port, request(stream=True, name=f"crowd-{number}", seed=6, **SAME)) for number in range(300)))
    assert len(fake.inference) == 1
    assert {heard.status for heard in crowd} == {200}
    assert len({heard.body for heard in crowd}) == 1
    assert all(heard.done for heard in crowd)
    told = [cached(heard) for heard in crowd]
    assert (told.count("miss"), told.count("coalesced") + told.count("hit")) == (1, 299)


async def test_a_leader_that_hangs_up_takes_nobody_with_it(remembering: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(first_token_delay=0.2, token_delay=0.02))
    body = SAME | {"seed": 7}
    leader = RawClient(remembering.port)
    async with leader:
        await leader.send(request(stream=True, name="leader", **body))
        await fake.until(lambda: len(fake.inference) == 1)
        followers = [asyncio.create_task(ask(remembering.port, request(stream=True, name=f"f{n}", **body)))
                     for n in range(5)]
        await asyncio.sleep(0.3)
    heard = await asyncio.gather(*followers)
    assert all(one.done for one in heard)
    assert len(fake.inference) == 1
    record = await remembering.recorded(client_request_id="leader")
    assert (record["outcome"], record["cache"]) == ("abandoned", "miss")


async def test_a_remembered_reply_is_accounted_for(remembering: GatewayProcess, fake: FakeVLLM) -> None:
    body = SAME | {"seed": 8}
    await ask(remembering.port, request(name="asked", **body))
    assert cached(await ask(remembering.port, request(name="again", **body))) == "hit"
    asked = await remembering.recorded(client_request_id="asked")
    again = await remembering.recorded(client_request_id="again")
    assert (again["cache"], again["usage_source"], again["attempts"]) == ("hit", "cached", "[]")
    assert (again["prompt_tokens"], again["completion_tokens"]) == (asked["prompt_tokens"], asked["completion_tokens"])
    assert again["cost_micros"] == 0


async def test_what_the_guards_take_out_is_not_part_of_the_question(
    remembering: GatewayProcess, fake: FakeVLLM,
) -> None:
    """Two addresses that are redacted alike are one question: the model never saw either."""
    def asks(mail: str) -> bytes:
        return request(messages=[{"role": "user", "content": f"Write to {mail}"}], temperature=0, name=mail)

    first, second = await ask(remembering.port, asks("ada@example.com")), await ask(remembering.port, asks("b@c.org"))
    assert (cached(first), cached(second)) == ("miss", "hit")
    assert second.header("x-gatewright-guard")


async def test_a_model_without_a_cache_is_asked_each_time(remembering: GatewayProcess, fake: FakeVLLM) -> None:
    for _ in range(2):
        assert cached(await ask(remembering.port, request("open", **SAME))) == "bypass"
    assert len(fake.inference) == 2


async def test_two_hosts_share_what_either_was_answered(
    fake: FakeVLLM, server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GATEWRIGHT_MASTER_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    async with (GatewayProcess(tmp_path / "a", routing(fake), cache=server.url) as one,
                GatewayProcess(tmp_path / "b", routing(fake), cache=server.url) as other):
        first = await ask(one.port, request(stream=True, **SAME))
        await one.until(lambda: server.client().dbsize() == 1, "the entry in Redis")
        second = await ask(other.port, request(stream=True, **SAME))
        assert (cached(first), cached(second)) == ("miss", "hit")
        assert first.body == second.body
        server.pause()
        third = await ask(other.port, request(stream=True, **(SAME | {"seed": 1})))
        server.resume()
        assert (third.done, cached(third)) == (True, "miss")
        assert '"event":"cache_away"' in other.log


async def test_an_operator_makes_it_forget(remembering: GatewayProcess, fake: FakeVLLM, server: RedisServer) -> None:
    body = SAME | {"seed": 9}
    await ask(remembering.port, request(**body))
    assert cached(await ask(remembering.port, request(**body))) == "hit"
    dry = await gatewright(remembering, "cache", "purge", "--model", "m", "--reason", "a test", "--dry-run", "--json")
    assert json.loads(dry) == {"dry_run": True, "would_purge": {"model": "m"}}
    assert cached(await ask(remembering.port, request(**body))) == "hit"
    told = await gatewright(remembering, "cache", "purge", "--model", "m", "--reason", "a test")
    assert told == "purged model m; 0 entries from the shared server\n"

    async def forgotten() -> bool:
        return cached(await ask(remembering.port, request(**body))) == "miss"

    await remembering.until(forgotten, "the cache to forget")
    acts = json.loads(await gatewright(remembering, "act", "list", "--json"))["acts"]
    assert (acts[0]["kind"], acts[0]["reason"], acts[0]["details"]) == ("cache.purge", "a test", {"model": "m"})


async def test_what_it_holds_and_saves_is_told(remembering: GatewayProcess, fake: FakeVLLM) -> None:
    for _ in range(3):
        await ask(remembering.port, request(**(SAME | {"seed": 10})))

    async def told() -> Any:
        stats = json.loads(await gatewright(remembering, "cache", "stats", "--json"))
        return stats["workers"]["w0"]["entries"] and stats["models"]["m"]["saved_tokens"] and stats

    await remembering.until(told, "the statistics")
    stats = await told()
    assert stats["models"]["m"]["requests"]["hit"] >= 2
    assert 0 < stats["workers"]["w0"]["bytes"] <= stats["workers"]["w0"]["max_bytes"]
    counted = await remembering.counted("gatewright_cache_requests_total", by="result")
    assert counted["hit"] >= 2
    assert (await remembering.counted("gatewright_cache_saved_tokens_total"))[""] > 0


@pytest.mark.parametrize("wrong", [{}, {"all": True, "model": "m"}])
async def test_a_purge_says_what_it_is_of(wrong: dict[str, Any], remembering: GatewayProcess) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        refused = await client.post(remembering.admin_url + "/admin/cache/purge", json={"reason": "x", **wrong})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_purge")


async def gatewright(gateway: GatewayProcess, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "operations.cli", *arguments, "--admin", gateway.admin_url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT)  # fmt: skip
    out, _ = await process.communicate()
    return out.decode()


async def test_a_request_under_one_key_is_made_once_by_all_workers(fake: FakeVLLM, tmp_path: Path) -> None:
    """Sixteen at once, and again after a restart: one call of the model server, one answer."""
    body: dict[str, Any] = {"model": "open", "messages": SAME["messages"]}
    headers = {"Idempotency-Key": "0f9c-42"}
    async with GatewayProcess(tmp_path, routing(fake), workers=2) as gateway:
        async with openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key="any", max_retries=5) as client:
            told = await asyncio.gather(*(
                client.chat.completions.create(**body, extra_headers=headers) for _ in range(16)))
        assert len({one.id for one in told}) == 1
        assert len(fake.inference) == 1
        await gateway.stop()
        await gateway.start()
        async with openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key="any") as client:
            again = await client.chat.completions.create(**body, extra_headers=headers)
    assert again.id == told[0].id
    assert len(fake.inference) == 1
