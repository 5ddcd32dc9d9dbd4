"""Guard models behind vLLM, through a real gateway: what they say is done, and what they do not say is a failure."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.fakes.behaviour import Behaviour
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.guardrails.guard_models.replies import chat, completion

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASKED = {"on_error": "block", "deadline_ms": 5000}
POLICIES: dict[str, Any] = {
    "llama": {"prompt": {"guard_models": {"llama": {"action": "block", "when": "before"}}}, **ASKED},
    "answers": {"reply": {"guard_models": {"llama": "block"}}, **ASKED},
    "qwen": {"prompt": {"guard_models": {"qwen": {"action": "block", "threshold": 0.6}}}, **ASKED},
    "open": {"prompt": {"guard_models": {"llama": "flag"}}, "on_error": "allow", "deadline_ms": 5000},
    "hasty": {"prompt": {"guard_models": {"llama": "block"}}, "on_error": "block", "deadline_ms": 300},
}
NOT_ONE_OF_ITS = Behaviour(body=json.dumps(completion("I cannot say.")).encode())


def verdict(request: Request) -> Behaviour:
    """As the models do: what is dangerous is unsafe, what is borderline controversial."""
    asked = request.json
    text = asked["prompt"].partition("<BEGIN CONV")[2] if "prompt" in asked else asked["messages"][-1]["content"]
    if request.path == "/v1/completions":
        told: Any = completion("\n\nunsafe\nS9" if "bomb" in text else "\n\nsafe")
    else:
        safety = "Unsafe" if "bomb" in text else "Controversial" if "borderline" in text else "Safe"
        told = chat(f"Safety: {safety}\nCategories: {'None' if safety == 'Safe' else 'Violent'}")
    return Behaviour(body=json.dumps(told).encode())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard() -> AsyncIterator[FakeVLLM]:
    async with FakeVLLM("guard") as guard:
        yield guard


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def it_judges(guard: FakeVLLM) -> None:
    guard.reset()
    guard.choose(verdict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, guard: FakeVLLM, tmp_path_factory: pytest.TempPathFactory
                  ) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("guard-models"), routing(fake, guard.url)) as gateway:
        yield gateway


def routing(fake: FakeVLLM, *guards: str) -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]},
                         "lg": {"served_model": "guard", "endpoints": list(guards)}},
            "models": {name: {"split": {"v1": 1}, "policy": name} for name in POLICIES},
            "guard_models": {"llama": {"format": "llama_guard_3", "version": "lg", "categories": ["S1", "S9"]},
                             "qwen": {"format": "qwen3_guard", "version": "lg"}},
            "policies": POLICIES, "moderations": {"policy": "llama"}}


@pytest_asyncio.fixture(loop_scope="module")
async def client(gateway: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base = gateway.base_url + "/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0, timeout=15) as client:
        yield client


async def told(client: openai.AsyncOpenAI, model: str, text: str) -> Any:
    return await client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": text}])


async def code(client: openai.AsyncOpenAI, model: str, text: str) -> str:
    try:
        await told(client, model, text)
    except openai.APIStatusError as error:
        return str(error.code)
    return "answered"


async def test_what_it_finds_unsafe_is_blocked_and_what_it_finds_safe_passes(
        fake: FakeVLLM, guard: FakeVLLM, gateway: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as blocked:
        await told(client, "llama", "How do I build a bomb, project nightjar?")
    assert blocked.value.code == "content_blocked"
    assert "guard_models.llama (S9_INDISCRIMINATE_WEAPONS)" in blocked.value.message
    assert await code(client, "llama", "How do I bake bread?") == "answered"
    row = await gateway.recorded(model="llama", outcome="refused")
    assert "prompt:guard_models.llama:block:1" in row["guards"]
    assert {request.json["model"] for request in guard.inference} == {"guard"}
    assert "S1: Violent Crimes.\nS9: Indiscriminate Weapons.\n<END" in guard.inference[0].json["prompt"]
    assert not any(b"bomb" in request.body for request in fake.inference)
    assert "nightjar" not in gateway.log


async def test_controversial_is_what_the_threshold_says(client: openai.AsyncOpenAI) -> None:
    assert [await code(client, "qwen", text) for text in ("a borderline thing", "a bomb", "bread")] == [
        "answered", "content_blocked", "answered"]


async def test_what_the_model_answers_is_judged_as_the_agents(
        fake: FakeVLLM, guard: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    fake.script(Behaviour(text=("Take", " flour.", " Then", " build", " a", " bomb.")),
                Behaviour(text=("Take flour.",)))
    stopped = json.loads((await told(client, "answers", "How do I bake bread?")).content)["choices"][0]
    assert (stopped["finish_reason"], "bomb" in stopped["message"]["content"]) == ("content_filter", False)
    whole = json.loads((await told(client, "answers", "How do I bake bread?")).content)["choices"][0]
    assert whole["message"]["content"] == "Take flour."
    assert all("'Agent' messages" in request.json["prompt"] for request in guard.inference)


async def test_it_only_flags_where_the_policy_says_so(client: openai.AsyncOpenAI) -> None:
    reply = await told(client, "open", "How do I build a bomb?")
    assert reply.headers["x-gatewright-guard"] == "prompt=flagged"


@pytest.mark.parametrize("behaviour", [NOT_ONE_OF_ITS, Behaviour(status=500), Behaviour(status=400)])
async def test_no_verdict_is_what_the_policy_says_and_is_counted(
        guard: FakeVLLM, gateway: GatewayProcess, client: openai.AsyncOpenAI, behaviour: Behaviour) -> None:
    guard.choose(lambda request: behaviour)
    assert await code(client, "llama", "How do I bake bread?") == "guard_unavailable"
    reply = await told(client, "open", "How do I bake bread?")
    assert reply.headers["x-gatewright-guard"] == "prompt=unchecked"

    async def counted() -> bool:
        asks = await gateway.counted("gatewright_guard_model_asks_total", "outcome")
        failures = await gateway.counted("gatewright_guard_failures_total", "guard")
        wanted = "unreadable" if behaviour is NOT_ONE_OF_ITS else "refused"
        return asks.get(wanted, 0) >= 2 and failures.get("guard_models.llama", 0) >= 2

    await gateway.until(counted, "the failures in the metrics")


async def test_one_that_is_late_is_let_go_at_the_deadline(
        guard: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    guard.choose(lambda request: Behaviour(head_delay=60))
    assert await code(client, "hasty", "How do I bake bread?") == "guard_unavailable"
    await asyncio.wait_for(guard.inference[0].closed_by_client.wait(), 5)


async def test_a_client_that_leaves_ends_the_question_too(
        guard: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    guard.choose(lambda request: Behaviour(head_delay=60))
    asked = asyncio.ensure_future(told(client, "llama", "How do I bake bread?"))
    await guard.until(lambda: bool(guard.inference))
    asked.cancel()
    await asyncio.wait_for(guard.inference[0].closed_by_client.wait(), 5)
    with pytest.raises(asyncio.CancelledError):
        await asked


async def test_moderations_ask_it_about_each_input(guard: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    reply = await client.moderations.create(input=["Bread?", "A bomb?"])
    assert [result.flagged for result in reply.results] == [False, True]
    assert reply.results[1].categories.illicit_violent
    assert len(guard.inference) == 2


async def test_down_it_is_told_by_ready_and_another_endpoint_answers_in_its_place(
        fake: FakeVLLM, guard: FakeVLLM, gateway: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    """Its version is in no split: it is probed all the same, and its being down leaves the worker ready."""
    async def warns() -> bool:
        async with httpx.AsyncClient(trust_env=False) as plain:
            ready = await plain.get(gateway.base_url + "/ready")
        return ready.status_code == 200 and any("guard model llama" in one for one in ready.json()["degraded"])

    assert not await warns()
    async with FakeVLLM("guard") as gone:
        gone_url = gone.url
    await gateway.apply(routing(fake, gone_url))
    await gateway.until(warns, "the warning of a guard model that is down")
    assert await code(client, "llama", "How do I bake bread?") == "guard_unavailable"
    assert (await told(client, "open", "Bread?")).headers["x-gatewright-guard"] == "prompt=unchecked"
    await gateway.apply(routing(fake, gone_url, guard.url))
    assert [await code(client, "llama", "Bread?") for _ in range(3)] == ["answered"] * 3
    assert not await warns()
