"""`gatewright explain` on whatever can become of an exchange: the command against a real gateway."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import pytest
import pytest_asyncio

from tests.e2e.asking import Heard, ask, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
POLICY = {"prompt": {"personal_data": "redact", "words": {"action": "block", "deny": ["project nightjar"]}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def telling(fake: FakeVLLM, other: FakeVLLM, tmp_path_factory: pytest.TempPathFactory
                  ) -> AsyncIterator[GatewayProcess]:
    price = {"prompt": 0.15, "completion": 0.6}
    versions: dict[str, Any] = {
        "one": {"served_model": "m", "endpoints": [fake.url], "price": price},
        "two": {"served_model": "m", "endpoints": [fake.url, other.url], "price": price},
        "spare": {"served_model": "m", "endpoints": [other.url]}}
    models = {"m": {"split": {"one": 1}}, "pair": {"split": {"two": 1}},
              "backed": {"split": {"one": 1}, "fallback": ["spare"]},
              "guarded": {"split": {"one": 1}, "policy": "house"}}
    folder = tmp_path_factory.mktemp("explain")
    routing = {"versions": versions, "models": models, "policies": {"house": POLICY}}
    async with GatewayProcess(folder, routing) as gateway:
        yield gateway


async def explained(gateway: GatewayProcess, exchange_id: str, *options: str) -> str:
    await gateway.recorded(id=exchange_id)
    command = [sys.executable, "-m", "operations.cli", "explain", exchange_id, "--admin", gateway.admin_url, *options]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    return done.stdout


async def story(gateway: GatewayProcess, heard: Heard) -> str:
    exchange_id = heard.header("x-request-id")
    assert exchange_id is not None
    return await explained(gateway, exchange_id)


def moments(told: str) -> list[str]:
    """The lines of the timeline that have a time of their own, without it."""
    return [line[13:] for line in told.splitlines() if line.startswith("+")]


async def test_a_whole_answer(telling: GatewayProcess) -> None:
    told = await story(telling, await ask(telling.port, request(user="ada", name="whole", max_tokens=5)))
    came, attempt, end = moments(told)
    assert came == "It came from a caller without a key and asked chat.completions for one reply."
    assert re.fullmatch(r"Attempt 1 went to http://\S+ \(one\): answered with status 200 after \S+ [mµ]?s\.", attempt)
    assert end == "It was answered with status 200."
    for words in ("The caller named it whole.", "because the user falls at", "takes 100.0% of all units", "of length.",
                  "tokens       1 of prompt, 5 of completion, as reported", "content      not kept",
                  "cost         0.000003: a million tokens of prompt cost 0.15, 0.6 of completion (revision 1)"):
        assert words in told
    assert re.search(r"Its user has the pseudonym [0-9a-f]{32}\.", told)
    assert "ada" not in told


async def test_a_stream(telling: GatewayProcess) -> None:
    told = await story(telling, await ask(telling.port, request(stream=True, name="stream")))
    assert [line.split(" ")[0] for line in moments(told)] == ["It", "Attempt", "The", "It"]
    assert "for a stream." in told
    assert "The first token went out." in told
    assert "between its tokens on average" in told


async def test_a_model_that_there_is_not(telling: GatewayProcess) -> None:
    told = await story(telling, await ask(telling.port, request("no-such")))
    assert "It named no model that the gateway knows, so no version was chosen." in told
    assert "No model server was asked." in told
    assert moments(told)[-1] == (
        "It was refused with status 404 and code model_not_found. The fault lay with the caller.")


async def test_what_a_guard_has_blocked_and_what_one_has_redacted(telling: GatewayProcess) -> None:
    blocked = await story(telling, await ask(telling.port, request("guarded", name="project nightjar")))
    assert "In the request, the guard words blocked what it found, once" in blocked
    assert "It asked for model guarded under revision 1; no version was chosen." in blocked
    assert moments(blocked)[-1].endswith("code content_blocked. The fault lay with a policy.")
    redacted = await story(telling, await ask(telling.port, request("guarded", name="jo@example.org")))
    assert "In the request, the guard personal_data redacted what it found, once (EMAIL)." in redacted
    digests = [re.findall(r"policy       rules of digest ([0-9a-f]{16})\n", told) for told in (blocked, redacted)]
    assert digests[0] == digests[1] != []


async def test_a_retry_and_a_fallback(telling: GatewayProcess, fake: FakeVLLM) -> None:
    """Where an idle connection has gone stale, the same server is asked once more: then there are three attempts."""
    fake.default = Behaviour(fault=Fault.RESET, at=Place.HEAD)
    told = await story(telling, await ask(telling.port, request("backed")))
    _, first, *_, last, end = moments(told)
    assert "(one): upstream_disconnected after" in first
    assert "(spare): answered with status 200 after" in last
    assert "Version spare answered in its place, as the fallback." in told
    assert "cost         none: revision 1 sets no price for spare" in told
    assert end == "It was answered with status 200."
    for number in range(30):  # which server is asked first is drawn
        heard = await ask(telling.port, request("pair", name=f"retried-{number}"))
        if heard.header("x-gatewright-attempts") != "1":
            break
    told = await story(telling, heard)
    assert [line.split(" ")[0] for line in moments(told)][:3] == ["It", "Attempt", "Attempt"]
    assert "fallback" not in told


async def test_a_stream_that_broke_and_one_that_was_left(telling: GatewayProcess, fake: FakeVLLM) -> None:
    fake.script(Behaviour(fault=Fault.RESET, at=Place.TOKEN, after=3))
    told = await story(telling, await ask(telling.port, request(stream=True)))
    assert moments(told)[-1].startswith("It failed with status 200 and code upstream_disconnected.")
    assert "Part of the reply had gone out by then" in told
    assert "3 of completion" in told
    fake.script(Behaviour(tokens=10_000, token_delay=0.01))
    async with RawClient(telling.port) as client:
        await client.send(request(stream=True, name="left"))
        await client.read_until(b"left-2")
        client.abort()
    left = await explained(telling, (await telling.recorded(client_request_id="left"))["id"])
    assert moments(left)[-1] == "It was abandoned with status 200. Its client had left."


async def test_what_was_said_of_it_stands_behind_it_and_in_json_too(telling: GatewayProcess) -> None:
    heard = await ask(telling.port, request(name="judged"))
    exchange_id = heard.header("x-request-id")
    assert exchange_id is not None
    async with httpx.AsyncClient(trust_env=False) as client:
        for value in (True, True, False):
            body = {"exchange_id": exchange_id, "metric": "helpful", "value": value, "comment": "call 030 1234567"}
            assert (await client.post(telling.base_url + "/v1/feedback", json=body)).status_code == 200

    async def told() -> bool:
        return "no longer true" in await explained(telling, exchange_id)

    await telling.until(told, "the feedback")
    whole = json.loads(await explained(telling, exchange_id, "--json"))
    assert [one["body"]["value"] for one in whole["exchange"]["signals"]] == [True, False]
    assert whole["exchange"]["price"] == {"prompt": 0.15, "completion": 0.6}
    assert whole["exchange"]["copies"] == []
    feedback = [one for one in whole["timeline"] if one["says"].startswith("Feedback: helpful is")]
    assert [one["after_seconds"] >= whole["exchange"]["total_seconds"] for one in feedback] == [True, True]
    number, writer = whole["exchange"]["sequence"], exchange_id[:22]
    place = f"kept as all records are; number {number} in the chain of {writer}, "
    assert whole["figures"]["record"] == place + "not sealed yet"
    async with httpx.AsyncClient(trust_env=False) as client:
        sealing = await client.post(telling.admin_url + "/admin/audit/seal", json={"reason": "a test"})
    assert sealing.status_code < 300, sealing.text
    assert f"{place}sealed by checkpoint " in await explained(telling, exchange_id)
    assert whole["story"][0].startswith(f"Exchange {exchange_id} began at")
