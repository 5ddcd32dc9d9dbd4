"""Classifiers of an operator's own and of the program, through a real gateway: by policy, and when they are away."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.e2e.test_names import classifier_pid, in_flight, sent, status, told
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.guardrails.classifiers.checkpoints import sequence_checkpoint, token_checkpoint

pytestmark = pytest.mark.asyncio(loop_scope="module")
OWN = {"prompt": {"classifiers": {"guard": "block", "persons": {"action": "redact", "style": "pseudonym",
                                                                "labels": ["PER"]}}}}
POLICIES: dict[str, Any] = {
    "closed": {**OWN, "deadline_ms": 8000}, "open": {**OWN, "on_error": "allow", "deadline_ms": 8000},
    "hasty": {**OWN, "deadline_ms": 300}, "hasty-open": {**OWN, "on_error": "allow", "deadline_ms": 300},
}


def checkpoints(folder: Path) -> dict[str, Any]:
    sequence_checkpoint(folder / "guard", ["LABEL_0", "LABEL_1"], ["", "attack"])
    token_checkpoint(folder / "persons", ["O", "B-PER"], {"maria": "B-PER"})
    small = {"window_tokens": 16, "overlap_tokens": 4}
    return {"load": [], "models": {name: {"checkpoint": f"./{name}", **small} for name in ("guard", "persons")}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    folder = tmp_path_factory.mktemp("classifiers")
    routing = {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "policies": POLICIES,
               "models": {name: {"split": {"v1": 1}, "policy": name} for name in POLICIES}}
    async with GatewayProcess(folder, routing, classifiers=checkpoints(folder)) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def client(guarded: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base = guarded.base_url + "/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0, timeout=20) as client:
        yield client


async def ready(gateway: GatewayProcess) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(gateway.base_url + "/ready")
        return {"status": answer.status_code, **answer.json()}


async def loaded(gateway: GatewayProcess) -> None:
    async def is_loaded() -> bool:
        return (await ready(gateway))["degraded"] == []

    await gateway.until(is_loaded, "the checkpoints", 60)


async def failures(gateway: GatewayProcess, mode: str) -> float:
    return (await gateway.counted("gatewright_guard_failures_total", "mode")).get(mode, 0)


async def test_a_worker_is_ready_while_checkpoints_load_and_says_which(guarded: GatewayProcess) -> None:
    """First of all tests here: torch takes a second or more to be imported."""
    state = await ready(guarded)
    assert state["status"] == 200
    assert state["degraded"] == [f"classifier {name}: {word}" for name in ("guard", "persons")
                                 for word in ("loading", "away") if f"classifier {name}: {word}" in state["degraded"]]
    assert len(state["degraded"]) == 2
    await loaded(guarded)


async def test_what_a_checkpoint_finds_is_done_as_the_policy_says(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    await loaded(guarded)
    await told(client, "closed", "the weather was fine, Maria.")
    assert sent(fake) == "the weather was fine, <PER_1>."
    with pytest.raises(openai.BadRequestError) as refused:
        await told(client, "closed", "the weather was fine and the attack was fine")
    assert refused.value.code == "content_blocked"
    assert "classifiers.guard" in str(refused.value)
    row = await guarded.recorded(model="closed", code="content_blocked")
    assert "LABEL_1" in str(row["findings"])


async def test_what_it_did_is_in_the_metrics(guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    await loaded(guarded)
    await told(client, "closed", "the weather was fine.")

    async def counted() -> bool:
        texts = await guarded.counted("gatewright_classifier_texts_total", "classifier")
        batches = await guarded.counted("gatewright_classifier_batch_seconds_count", "classifier")
        up = await guarded.counted("gatewright_classifier_up", "classifier")
        return up == {"guard": 1, "persons": 1} and all(
            one.get(name, 0) > 0 for one in (texts, batches) for name in ("guard", "persons"))

    await guarded.until(counted, "the counts")


async def test_killed_it_is_what_the_policy_says_degraded_and_back(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    await loaded(guarded)
    before = {mode: await failures(guarded, mode) for mode in ("block", "allow")}
    pid = classifier_pid(guarded)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)  # so that it is asked, and has not answered when it dies
    asked = asyncio.ensure_future(told(client, "open", "an attack on Maria while it dies"))
    await guarded.until(lambda: in_flight(guarded), "the request on its way")
    os.kill(pid, signal.SIGKILL)
    reply = await asked
    assert reply.headers["x-gatewright-guard"] == "prompt=unchecked"
    assert sent(fake) == "an attack on Maria while it dies"
    assert await status(client, "closed", "Maria, before it is back") == 503
    state = await ready(guarded)
    assert (state["status"], len(state["degraded"])) == (200, 2)
    await loaded(guarded)
    assert await status(client, "closed", "Maria, once it is back") == 200
    assert sent(fake) == "<PER_1>, once it is back"
    for mode in ("block", "allow"):
        async def more(mode: str = mode) -> bool:
            return await failures(guarded, mode) > before[mode]

        await guarded.until(more, f"failures of mode {mode}")


async def test_stopped_it_costs_the_deadline_and_is_what_the_policy_says(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    await loaded(guarded)
    before = await failures(guarded, "allow")
    pid = classifier_pid(guarded)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        assert await status(client, "hasty", "the weather, Maria, while it hangs") == 503
        reply = await told(client, "hasty-open", "Maria, while it hangs")
        assert reply.headers["x-gatewright-guard"] == "prompt=unchecked"
    finally:
        os.kill(pid, signal.SIGCONT)
    assert sent(fake) == "Maria, while it hangs"

    async def more() -> bool:
        return await failures(guarded, "allow") > before

    await guarded.until(more, "the count of failures")
    await loaded(guarded)


async def test_flooded_it_lets_nothing_pass_unsaid(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    """More than can be read in time: closed, it is declined; open, it says that it was not checked."""
    await loaded(guarded)
    filler = "the weather was fine and " * 400

    async def closed(number: int) -> int:
        return await status(client, "hasty", f"Letter {number} of maria. {filler}")

    async def checked(number: int) -> bool:
        reply = await told(client, "hasty-open", f"Note {number} of maria. {filler}")
        return "unchecked" not in reply.headers["x-gatewright-guard"]

    statuses, checks = await asyncio.gather(asyncio.gather(*(closed(number) for number in range(30))),
                                            asyncio.gather(*(checked(number) for number in range(30))))
    assert set(statuses) <= {200, 503}
    assert 503 in statuses
    assert False in checks
    letters = [request.body for request in fake.requests if b"Letter" in request.body]
    assert len(letters) == statuses.count(200)
    assert not any(b"maria" in body for body in letters)
    notes = [request.body for request in fake.requests if b"Note" in request.body]
    assert sum(b"maria" not in body for body in notes) == checks.count(True)


async def test_a_policy_with_a_classifier_that_is_not_loaded_is_refused_and_told_the_nearest(
        guarded: GatewayProcess, fake: FakeVLLM) -> None:
    versions = {"v1": {"served_model": "m", "endpoints": [fake.url]}}
    for rules, message in (({"classifiers": {"gaurd": "block"}}, "did you mean 'guard'"),
                           ({"toxicity": {"action": "block", "tier": "transformer"}}, "the classifier safety"),
                           ({"topics": {"action": "block", "deny": {"a": ["b"]}}}, "the classifier topics")):
        with pytest.raises(AssertionError, match=message):
            await guarded.apply({"versions": versions, "models": {"m": {"split": {"v1": 1}}},
                                 "policies": {"p": {"prompt": rules}}})
