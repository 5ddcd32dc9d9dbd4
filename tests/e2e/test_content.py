"""What is kept of exchanges is what the guards left of them, and stands in the clear nowhere."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio

from tests.e2e.asking import ask, request
from tests.fakes.behaviour import Behaviour, Fault, Place
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
PROMPT, REPLY, MAIL, USER = "promptcanary7781", "replycanary7782", "jo.canary7783@example.org", "usercanary7784"
CANARIES = (PROMPT, REPLY, MAIL, USER)


def routing(fake: FakeVLLM) -> dict[str, Any]:
    content = {"for": "30d", "keep": ["prompt", "reply"]}
    guards = {"prompt": {"personal_data": "redact", "words": {"action": "block", "deny": ["forbidden"]}},
              "reply": {"personal_data": "redact"}}
    pseudonyms = {"prompt": {"personal_data": {"action": "redact", "style": "pseudonym"}}}
    split = {"split": {"v1": 1}}
    return {
        "versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}},
        "models": {"m": {**split, "policy": "guards", "content": content},
                   "restored": {**split, "policy": "pseudonyms", "content": content},
                   "prompts": {**split, "content": {**content, "keep": ["prompt"]}, "retention": "short"},
                   "nothing": split},
        "policies": {"guards": guards, "pseudonyms": pseudonyms}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEWRIGHT_MASTER_KEY", base64.b64encode(os.urandom(32)).decode())
        folder = tmp_path_factory.mktemp("content")
        async with GatewayProcess(folder, routing(fake), log_level="debug",
                                  retention={"classes": {"short": {"content": "1d"}}}) as gateway:
            yield gateway


async def asked(gateway: GatewayProcess, said: str, stream: bool = False, model: str = "m", **more: Any) -> str:
    """The id of an exchange in which this was said, by the openai client."""
    client = openai.AsyncOpenAI(base_url=gateway.base_url + "/v1", api_key="none", max_retries=0)
    async with client:
        if stream:
            raw = await client.chat.completions.with_raw_response.create(
                model=model, messages=[{"role": "user", "content": said}], user=USER, stream=True, extra_body=more)
            async for _ in raw.parse():
                pass
        else:
            raw = await client.chat.completions.with_raw_response.create(
                model=model, messages=[{"role": "user", "content": said}], user=USER, extra_body=more)
    return str(raw.headers["x-request-id"])


async def post(gateway: GatewayProcess, path: str, **body: Any) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        return await client.post(gateway.admin_url + path, json={"reason": "a test", **body})


async def opened(gateway: GatewayProcess, exchange: str) -> dict[str, Any]:
    """What is kept of an exchange, waited for."""
    found: dict[str, Any] = {}

    async def is_there() -> bool:
        reply = await post(gateway, f"/admin/content/{exchange}")
        found.update(reply.json() if reply.status_code == 200 else {})
        return reply.status_code == 200

    await gateway.until(is_there, f"the content of {exchange}")
    return found


async def is_kept(gateway: GatewayProcess, exchange: str) -> bool:
    """Whether anything is, once the exchange is in the ledger: sealed content is there before its record is."""
    record = await gateway.recorded(id=exchange)
    return bool(record["content"])


def stands_in(gateway: GatewayProcess) -> list[tuple[str, str]]:
    files = [path for path in gateway.folder.rglob("*") if path.is_file() and path.suffix != ".yaml"]
    return [(path.name, canary) for path in files for canary in CANARIES if canary.encode() in path.read_bytes()]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_what_is_kept_is_what_the_guards_left(gateway: GatewayProcess, fake: FakeVLLM, stream: bool) -> None:
    fake.default = Behaviour(text=(f" {REPLY}", " write", f" to {MAIL}", " now"))
    exchange = await asked(gateway, f"{PROMPT} from {MAIL}", stream)
    found = await opened(gateway, exchange)
    assert found["prompt"]["messages"][0]["content"] == f"{PROMPT} from [EMAIL]"
    assert found["prompt"]["user"] == USER
    reply = found["reply"] if stream else json.dumps(found["reply"])
    assert REPLY in reply
    assert "[EMAIL]" in reply
    assert MAIL not in json.dumps(found)
    assert found["media"].startswith("text/event-stream" if stream else "application/json")
    assert found["as_recorded"]
    assert stands_in(gateway) == []


async def test_what_was_blocked_is_kept_nowhere(gateway: GatewayProcess) -> None:
    heard = await ask(gateway.port, request(messages=[{"role": "user", "content": f"forbidden {PROMPT}"}]))
    assert heard.status == 400
    assert not await is_kept(gateway, dict(heard.headers)["x-request-id"])


async def test_what_failed_before_it_began_is_kept_nowhere(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    for behaviour in (Behaviour(status=400, body=b'{"error": {"message": "no"}}'),
                      Behaviour(fault=Fault.RESET, at=Place.HEAD)):
        fake.default = behaviour
        heard = await ask(gateway.port, request(messages=[{"role": "user", "content": PROMPT}]))
        assert heard.status >= 400
        assert not await is_kept(gateway, dict(heard.headers)["x-request-id"])


async def test_of_a_stream_that_was_abandoned_what_had_left_is_kept(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    fake.default = Behaviour(text=(f"{REPLY} ",) * 50, token_delay=0.05)
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=True, messages=[{"role": "user", "content": PROMPT}]))
        await client.read_until(REPLY.encode())
        client.abort()
    await gateway.until(lambda: gateway.ledger(outcome="abandoned"), "the record")
    (record,) = gateway.ledger(outcome="abandoned")
    found = await opened(gateway, record["id"])
    assert found["prompt"]["messages"][0]["content"] == PROMPT
    assert 0 < found["reply"].count(REPLY) < 50
    assert found["as_recorded"]


async def test_a_request_may_say_no(gateway: GatewayProcess) -> None:
    assert not await is_kept(gateway, await asked(gateway, PROMPT, store=False))
    assert await is_kept(gateway, await asked(gateway, PROMPT, store=True))


async def test_a_model_without_a_rule_keeps_nothing(gateway: GatewayProcess) -> None:
    assert not await is_kept(gateway, await asked(gateway, PROMPT, model="nothing"))


async def test_a_model_may_keep_one_side_under_a_class(gateway: GatewayProcess) -> None:
    exchange = await asked(gateway, PROMPT, model="prompts")
    found = await opened(gateway, exchange)
    assert found["prompt"]["messages"][0]["content"] == PROMPT
    assert found["reply"] is None
    assert (await gateway.recorded(id=exchange))["retention"] == found["retention"] == "short"


async def test_a_reply_in_which_pseudonyms_were_restored_is_not_kept(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """It has back what had been taken out of the prompt."""
    fake.default = Behaviour(text=("Dear", " <EMAIL_1>", ", yes."))
    found = await opened(gateway, await asked(gateway, f"write to {MAIL}", model="restored"))
    assert found["prompt"]["messages"][0]["content"] == "write to <EMAIL_1>"
    assert found["reply"] is None
    assert "pseudonyms" in found["withheld"]


async def test_erasing_leaves_nothing_and_a_report_that_can_be_shown(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    fake.default = Behaviour(text=(REPLY,))
    exchange = await asked(gateway, PROMPT, user=USER + "-gone")
    await opened(gateway, exchange)
    whose = {"tenant": "default", "user": USER + "-gone"}
    held = (await post(gateway, "/admin/holds", **whose)).json()["hold"]
    refused = await post(gateway, "/admin/erasures", **whose)
    assert (refused.status_code, refused.json()["error"]["hold"]) == (409, held["id"])
    await post(gateway, f"/admin/holds/{held['id']}/release")
    done = (await post(gateway, "/admin/erasures", **whose)).json()
    assert done["report"]["destroyed"]["contents"] == [exchange]
    assert len(done["report"]["destroyed"]["keys"]) == 1
    assert done["filed"]
    assert (await post(gateway, f"/admin/content/{exchange}")).status_code == 404
    assert (await gateway.recorded(id=exchange))["content"], "the record stays as it was written"
    assert stands_in(gateway) == []


async def test_an_export_has_all_of_a_subject_and_of_nobody_else(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    fake.default = Behaviour(text=(REPLY,))
    mine = [await asked(gateway, PROMPT, stream, user=USER + "-mine") for stream in (True, False)]
    await asked(gateway, "another's", user=USER + "-other")
    for exchange in mine:
        await opened(gateway, exchange)
        await gateway.recorded(id=exchange)
    reply = await post(gateway, "/admin/exports", user=USER + "-mine")
    lines = [json.loads(line) for line in reply.text.splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds == ["subject", "exchange", "exchange", "content", "content", "end"]
    assert sorted(line["content"]["id"] for line in lines if line["kind"] == "content") == sorted(mine)
    assert all(PROMPT in json.dumps(line["content"]) for line in lines if line["kind"] == "content")


async def test_nothing_was_left_in_the_clear_when_it_ended(gateway: GatewayProcess) -> None:
    await gateway.stop()
    assert stands_in(gateway) == []
    assert not list((gateway.state / "content").glob("*.sealed"))
