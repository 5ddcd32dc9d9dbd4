"""Where a slow guard runs, through a real gateway with its classifier process, which is stopped where a test wants to
look before the verdict: beside the model not a byte of the reply leaves before it; after the model nothing waits."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import openai
import pytest
import pytest_asyncio

from tests.e2e.asking import Heard, ask, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICIES: dict[str, Any] = {
    "blocking": {"prompt": {"names": "block"}, "deadline_ms": 8000},
    "flagging": {"prompt": {"names": "flag"}, "deadline_ms": 8000},
    "hasty": {"prompt": {"names": "block"}, "deadline_ms": 300},
    "open": {"prompt": {"names": "block"}, "deadline_ms": 300, "on_error": "allow"},
    "after": {"prompt": {"names": {"action": "flag", "when": "after"}}, "deadline_ms": 8000},
}
SECRET = "The reply that nobody is to see."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def placed(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    routing = {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "policies": POLICIES,
               "models": {name: {"split": {"v1": 1}, "policy": name} for name in POLICIES}}
    async with GatewayProcess(tmp_path_factory.mktemp("places"), routing, classifiers={"load": ["names"]}) as gateway:
        await gateway.until(lambda: '"event":"classifier_ready"' in gateway.log, "the classifier")
        await gateway.until(lambda: '"event":"classifier_connected"' in gateway.log, "the connection")
        yield gateway


@contextmanager
def stopped(gateway: GatewayProcess) -> Iterator[None]:
    """The classifier as long as it tells nothing."""
    pid = next(pid for pid, command in gateway.processes().items() if "operations.classifier" in command)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def named(model: str, text: str, *, stream: bool, name: str) -> bytes:
    return request(model, stream=stream, name=name, messages=[{"role": "user", "content": text}], max_tokens=8)


def spoken(fake: FakeVLLM) -> None:
    fake.script(Behaviour(text=tuple(f"{word} " for word in SECRET.split())))


async def said(fake: FakeVLLM, stream: bool) -> None:
    """Returns once the server has answered, or begun to."""
    await fake.until(lambda: bool(fake.inference and (fake.inference[-1].sent_tokens or not stream)))


@pytest.mark.parametrize("stream", [True, False])
async def test_a_block_beside_the_model_reaches_the_official_client_and_nothing_of_the_reply_does(
        fake: FakeVLLM, placed: GatewayProcess, stream: bool) -> None:
    spoken(fake)
    async with openai.AsyncOpenAI(base_url=placed.base_url + "/v1", api_key="any", max_retries=0) as client:
        with stopped(placed):
            asking = asyncio.ensure_future(client.chat.completions.create(
                model="blocking", stream=stream, messages=[{"role": "user", "content": f"Ask Maria Lopez, {stream}."}]))
            await said(fake, stream)
        with pytest.raises(openai.BadRequestError) as caught:
            await asking
    assert (caught.value.code, caught.value.param) == ("content_blocked", "messages[0].content")
    assert caught.value.response.headers["x-gatewright-guard"] == "prompt=blocked"
    assert "reply" not in caught.value.response.text
    row = await placed.recorded(code="content_blocked", streamed=stream)
    assert (row["outcome"], row["status"], row["blame"]) == ("refused", 400, "policy")
    assert json.loads(row["attempts"])[0]["result"] in ("cancelled", "answered")


@pytest.mark.parametrize("stream", [True, False])
async def test_the_first_byte_waits_for_the_verdict_and_then_all_is_there(
        fake: FakeVLLM, placed: GatewayProcess, stream: bool) -> None:
    spoken(fake)
    async with RawClient(placed.port) as client:
        with stopped(placed):
            await client.send(named("flagging", f"Greet John Carter, {stream}.", stream=stream, name=f"wait-{stream}"))
            await said(fake, stream)
            with pytest.raises(TimeoutError):
                await client.read_answers(1, 0.2)
        [answer] = await client.read_answers(1, 10)
    heard = Heard(answer.status, answer.headers, bytes(answer.body), answer.complete)
    assert (heard.status, heard.text.split()) == (200, SECRET.split())
    assert heard.header("x-gatewright-guard") == "prompt=flagged"


@pytest.mark.parametrize("stream", [True, False])
async def test_a_guard_beside_that_is_late_means_what_the_policy_says(
        fake: FakeVLLM, placed: GatewayProcess, stream: bool) -> None:
    with stopped(placed):
        refused = await ask(placed.port, named("hasty", f"Late {stream}", stream=stream, name=f"hasty-{stream}"))
        passed = await ask(placed.port, named("open", f"Late {stream}", stream=stream, name=f"open-{stream}"))
    assert (refused.status, refused.error["code"]) == (503, "guard_unavailable")  # type: ignore[index]
    assert (passed.status, passed.header("x-gatewright-guard")) == (200, "prompt=unchecked")
    row = await placed.recorded(client_request_id=f"hasty-{stream}")
    assert json.loads(row["guard_failures"]) == ["prompt:names:timeout:block"]


async def test_a_client_that_leaves_before_the_verdict_frees_its_server(
        fake: FakeVLLM, placed: GatewayProcess) -> None:
    fake.script(Behaviour(tokens=10_000, token_delay=0.01))
    with stopped(placed):
        async with RawClient(placed.port) as client:
            await client.send(named("blocking", "A word of Maria Lopez.", stream=True, name="left"))
            upstream = await fake.request()
            client.abort()
        await asyncio.wait_for(upstream.closed_by_client.wait(), 2)
        assert (await placed.recorded(client_request_id="left"))["outcome"] == "abandoned"


async def test_a_server_that_fails_before_the_verdict_is_told_of_after_it(
        fake: FakeVLLM, placed: GatewayProcess) -> None:
    fake.script(Behaviour(status=404, body=b'{"error":{"message":"gone","code":404}}'),
                Behaviour(fault=Fault.RESET, at=Place.TOKEN, after=3))
    with stopped(placed):
        refused = asyncio.ensure_future(ask(placed.port, named("blocking", "What is it?", stream=True, name="a")))
        await fake.request()
        broken = asyncio.ensure_future(ask(placed.port, named("blocking", "How is it done?", stream=True, name="b")))
        await fake.request(1)
        await asyncio.sleep(0.1)
        assert not any(asking.done() for asking in (refused, broken))
    assert ((await refused).status, (await refused).error["message"]) == (404, "gone")  # type: ignore[index]
    assert (await broken).error["code"] == "upstream_disconnected"  # type: ignore[index]
    assert (await broken).status == 200


async def test_what_is_found_after_the_model_is_told_by_ledger_metrics_log_and_story(
        fake: FakeVLLM, placed: GatewayProcess) -> None:
    with stopped(placed):
        heard = await ask(placed.port, named("after", "Write to Maria Lopez.", stream=True, name="after"))
        assert (heard.status, heard.done, heard.header("x-gatewright-guard")) == (200, True, None)
        row = await placed.recorded(client_request_id="after")
        assert json.loads(row["guards"]) == []

    def story() -> str:
        command = [sys.executable, "-m", "operations.cli", "explain", row["id"], "--admin", placed.admin_url]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    async def told() -> bool:
        return "Afterwards, in the request, the guard names flagged" in await asyncio.to_thread(story)

    await placed.until(told, "the signal in the story")

    async def counted() -> bool:
        return (await placed.counted("gatewright_guard_findings_total", "action")).get("flag", 0) >= 1

    await placed.until(counted, "the signal in the metrics")
    assert '"event":"found_afterwards"' in placed.log
    assert "Lopez" not in placed.log
