"""Names and addresses, through a real gateway with its classifier process: found, given back, never let by unsaid."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
PSEUDONYM = {"action": "redact", "style": "pseudonym"}
POLICIES: dict[str, Any] = {
    "closed": {"prompt": {"names": PSEUDONYM}, "on_error": "block", "deadline_ms": 4000},
    "hasty": {"prompt": {"names": "redact"}, "on_error": "block", "deadline_ms": 300},
    "open": {"prompt": {"names": {"action": "redact"}, "personal_data": "redact"}, "on_error": "allow",
             "deadline_ms": 8000},
}
SAID = "Maria Lopez of 14 Rosewood Lane, Springfield wrote to Maria Lopez and to John Carter."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    routing = {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "policies": POLICIES,
               "models": {name: {"split": {"v1": 1}, "policy": name} for name in POLICIES}}
    async with GatewayProcess(tmp_path_factory.mktemp("names"), routing, classifiers={"load": ["names"]}) as gateway:
        await gateway.until(lambda: '"event":"classifier_ready"' in gateway.log, "the classifier")
        await gateway.until(lambda: '"event":"classifier_connected"' in gateway.log, "the connection")
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def client(guarded: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base = guarded.base_url + "/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0, timeout=10) as client:
        yield client


async def status(client: openai.AsyncOpenAI, model: str, text: str) -> int:
    """200, or 503 where the guard could not decide."""
    try:
        reply = await told(client, model, text)
    except openai.InternalServerError as error:
        return error.status_code if error.code == "guard_unavailable" else 0
    return int(reply.status_code)


async def told(client: openai.AsyncOpenAI, model: str, text: str, **asked: Any) -> Any:
    return await client.chat.completions.with_raw_response.create(
        model=model, messages=[{"role": "user", "content": text}], **asked)


def sent(fake: FakeVLLM) -> str:
    text: str = json.loads(fake.inference[-1].body)["messages"][-1]["content"]
    return text


async def in_flight(gateway: GatewayProcess) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        workers = (await client.get(gateway.admin_url + "/admin/workers")).json()["workers"]
    return any(worker["exchanges_in_flight"] for worker in workers)


def classifier_pid(gateway: GatewayProcess) -> int | None:
    return next((pid for pid, command in gateway.processes().items() if "operations.classifier" in command), None)


async def test_the_model_sees_pseudonyms_of_names_and_the_client_the_names(
        fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    says = ("Dear", " <PERSON", "_2> and", " person_1", ", at <ADD", "RESS_1>", ".")
    fake.script(Behaviour(text=says))
    text = ""
    async for chunk in await client.chat.completions.create(
            model="closed", messages=[{"role": "user", "content": SAID}], stream=True, max_tokens=len(says)):
        text += "".join(choice.delta.content or "" for choice in chunk.choices)
    assert sent(fake) == "<PERSON_1> of <ADDRESS_1> wrote to <PERSON_1> and to <PERSON_2>."
    assert text == "Dear John Carter and Maria Lopez, at 14 Rosewood Lane, Springfield."


async def test_findings_of_patterns_and_of_the_model_are_redacted_together(
        fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    await told(client, "open", "I am Maria Lopez, maria.lopez@example.org.")
    assert sent(fake) == "I am [PERSON], [EMAIL]."


async def test_a_killed_classifier_is_what_the_policy_says_and_is_back_soon(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    """Fail closed: 503 until it is back. Fail open: passed on, and marked as unchecked. Nothing passes unsaid."""
    before = classifier_pid(guarded)
    assert before is not None
    os.kill(before, signal.SIGSTOP)  # so that it is asked, and has not answered when it dies
    asked = asyncio.ensure_future(told(client, "open", "Tell Maria Lopez."))
    await guarded.until(lambda: in_flight(guarded), "the request on its way")
    os.kill(before, signal.SIGKILL)
    reply = await asked
    assert reply.headers["x-gatewright-guard"] == "prompt=unchecked"
    assert sent(fake) == "Tell Maria Lopez."

    statuses: list[int] = []

    async def is_back() -> bool:
        statuses.append(await status(client, "closed", "Tell Maria Lopez."))
        return statuses[-1] == 200

    await guarded.until(is_back, "the next life of the classifier")
    assert set(statuses) <= {200, 503}
    assert sent(fake) == "Tell <PERSON_1>."
    assert classifier_pid(guarded) not in (None, before)

    async def counted() -> bool:
        return (await guarded.counted("gatewright_guard_failures_total", "guard")).get("names", 0) >= 1

    await guarded.until(counted, "the count of failures")


async def test_a_classifier_that_hangs_costs_the_deadline_and_is_refused(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    pid = classifier_pid(guarded)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(openai.InternalServerError) as refused:
            await told(client, "hasty", "Tell Maria Lopez what hangs.")
        assert refused.value.code == "guard_unavailable"
    finally:
        os.kill(pid, signal.SIGCONT)
    await guarded.recorded(model="hasty", code="guard_unavailable")

    async def answers() -> bool:
        return await status(client, "hasty", "Tell Maria Lopez.") == 200

    await guarded.until(answers, "the classifier that goes on")


async def test_a_flood_is_refused_and_no_name_slips_by(
        fake: FakeVLLM, guarded: GatewayProcess, client: openai.AsyncOpenAI) -> None:
    """More text than can be read in time: some requests are declined, and none that is passed on has a name in it."""
    async def one(number: int) -> int:
        text = f"Letter {number}. " + "The committee thanked Maria Lopez for her work on the depot. " * 60
        return await status(client, "hasty", text)

    statuses = await asyncio.gather(*(one(number) for number in range(40)))
    assert set(statuses) <= {200, 503}
    assert 503 in statuses
    passed = [request.body for request in fake.requests if b"Letter" in request.body]
    assert len(passed) == statuses.count(200)
    assert not any(b"Lopez" in body for body in passed)


async def test_a_policy_with_names_and_no_classifier_is_refused_and_says_what_to_set(
        fake: FakeVLLM, tmp_path: Any) -> None:
    plain = {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "models": {"m": {"split": {"v1": 1}}}}
    async with GatewayProcess(tmp_path, plain) as gateway:
        named = plain | {"policies": {"p": {"prompt": {"names": "redact"}}}}
        with pytest.raises(AssertionError, match="set classifiers: 1"):
            await gateway.apply(named)
