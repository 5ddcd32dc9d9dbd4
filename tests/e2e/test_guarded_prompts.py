"""Guards on requests, through a real gateway: what was redacted is nowhere in what the server receives, and nowhere in
what the gateway writes."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
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

pytestmark = pytest.mark.asyncio(loop_scope="module")
MAIL = "ann.lee@example.org"
ESCAPED = '{"to": "ann.lee\\u0040example.org", "text": "hi\\n' + MAIL + ' \\"x\\""}'
TOOL: Any = {"type": "function", "function": {
    "name": "send", "description": f"as {MAIL} does", "parameters": {
        "type": "object", "properties": {"to": {"type": "string", "enum": [MAIL], "default": MAIL}}}}}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("/v1/chat/completions", {
        "messages": [
            {"role": "system", "content": f"You serve {MAIL}."},
            {"role": "developer", "content": [{"type": "text", "text": MAIL}]},
            {"role": "user", "name": MAIL, "content": [
                {"type": "text", "text": f"é {MAIL} 😀", "extra": {"deep": MAIL}}]},
            {"role": "assistant", "content": None, "reasoning_content": MAIL, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "send", "arguments": ESCAPED}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": f"sent to {MAIL}"},
            {"role": MAIL, "content": "who?"}],
        "tools": [TOOL], "stop": [MAIL], "chat_template": f"{{{{ '{MAIL}' }}}}", "guided_choice": [MAIL],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"description": MAIL}}},
        "vllm_xargs": {"unheard_of": [[MAIL]]}, "metadata": {"note": MAIL}}),
    "completions": ("/v1/completions", {"prompt": [f"to {MAIL}", MAIL], "suffix": MAIL}),
    "embeddings": ("/v1/embeddings", {"input": ["a", MAIL]}),
    "responses": ("/v1/responses", {"instructions": MAIL, "text": {"format": {"type": "text", "hint": MAIL}}, "input": [
        {"role": "user", "content": [{"type": "input_text", "text": MAIL}]},
        {"type": "function_call", "call_id": "c1", "name": "send", "arguments": ESCAPED},
        {"type": "function_call_output", "call_id": "c1", "output": MAIL}]}),
    "messages": ("/v1/messages", {"max_tokens": 4, "system": [{"type": "text", "text": MAIL}], "messages": [
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "send", "input": {"to": MAIL}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": [
            {"type": "text", "text": MAIL}]}]}]}),
    "rerank": ("/v1/rerank", {"query": MAIL, "documents": ["x", {"text": MAIL}]}),
    "score": ("/v1/score", {"text_1": MAIL, "text_2": ["x", MAIL]}),
    "tokenize": ("/tokenize", {"prompt": MAIL}),
}
POLICIES = {
    "redacting": {"prompt": {"personal_data": "redact"}},
    "naming": {"prompt": {"personal_data": {"action": "redact", "style": "pseudonym"}}},
    "blocking": {"prompt": {"personal_data": "block"}},
    "counting": {"prompt": {"personal_data": "shadow"}},
    "open": {"prompt": {"personal_data": "redact"}, "on_error": "allow"},
}


def routing(fake: FakeVLLM) -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "policies": POLICIES,
            "models": {"tried": {"split": {"v1": 1}, "policy": "counting", "shadow_policy": "blocking"}, **{
                name: {"split": {"v1": 1}, "policy": name} for name in POLICIES}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("prompts"), routing(fake), log_level="debug") as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def http(guarded: GatewayProcess) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(base_url=guarded.base_url, trust_env=False, timeout=30, limits=limits) as client:
        yield client


def chat(model: str, content: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": content}]}


def assert_clean(request: Request) -> None:
    """No canary in any writing of it: neither as it is nor escaped."""
    assert b"ann" not in request.body
    assert b"example.org" not in request.body


@pytest.mark.parametrize("form", BODIES)
async def test_the_server_receives_nothing_of_what_was_redacted(
        fake: FakeVLLM, http: httpx.AsyncClient, form: str) -> None:
    path, body = BODIES[form]
    fake.reset()
    reply = await http.post(path, json={"model": "redacting", **body})
    assert reply.headers["x-gatewright-guard"] == "prompt=redacted"
    assert_clean(fake.inference[-1])
    count = json.dumps(body).count("ann.lee")
    assert fake.inference[-1].body.count(b"[EMAIL]") == count, "each of them was replaced where it stood"


async def test_arguments_are_still_json_and_say_the_same(fake: FakeVLLM, http: httpx.AsyncClient) -> None:
    path, body = BODIES["chat"]
    fake.reset()
    await http.post(path, json={"model": "redacting", **body})
    sent = fake.inference[-1].json["messages"][3]["tool_calls"][0]
    assert json.loads(sent["function"]["arguments"]) == {"to": "[EMAIL]", "text": 'hi\n[EMAIL] "x"'}
    assert sent["id"] == "call_1"


async def test_a_form_s_fields_are_judged_and_its_file_stays_as_it_came(
        fake: FakeVLLM, http: httpx.AsyncClient) -> None:
    fake.reset()
    sound = bytes(range(256)) + MAIL.encode()
    fields = {"model": "redacting", "prompt": f"Names: {MAIL}.", "language": "en"}
    await http.post("/v1/audio/transcriptions", data=fields, files={"file": ("a.wav", sound, "audio/wav")})
    received = fake.inference[-1].body
    assert b"Names: [EMAIL]." in received
    assert sound in received
    assert received.count(MAIL.encode()) == 1


async def test_a_block_reaches_the_official_client_as_a_bad_request_and_no_server(
        fake: FakeVLLM, guarded: GatewayProcess) -> None:
    fake.reset()
    async with openai.AsyncOpenAI(base_url=guarded.base_url + "/v1", api_key="any", max_retries=3) as client:
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError) as caught:
                await client.chat.completions.create(**chat("blocking", f"I am {MAIL}"), stream=stream)  # type: ignore[call-overload]
            assert (caught.value.code, caught.value.param) == ("content_blocked", "messages[0].content")
            assert "personal_data (EMAIL)" in caught.value.message
            assert MAIL not in caught.value.message
            assert caught.value.response.headers["x-gatewright-guard"] == "prompt=blocked"
    assert fake.inference == []


async def test_token_ids_are_refused_or_told(fake: FakeVLLM, http: httpx.AsyncClient) -> None:
    fake.reset()
    refused = await http.post("/v1/completions", json={"model": "redacting", "prompt": [1, 2, 3]})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "content_unreadable")
    passed = await http.post("/v1/completions", json={"model": "open", "prompt": [1, 2, 3]})
    assert (passed.status_code, passed.headers["x-gatewright-guard"]) == (200, "prompt=unchecked")
    assert len(fake.inference) == 1


async def test_shadow_changes_no_byte_and_is_counted(
        fake: FakeVLLM, guarded: GatewayProcess, http: httpx.AsyncClient) -> None:
    fake.reset()
    reply = await http.post("/v1/chat/completions", json=chat("tried", MAIL), headers={"x-request-id": "tried-1"})
    assert "x-gatewright-guard" not in reply.headers
    assert fake.inference[-1].json["messages"][0]["content"] == MAIL
    row = await guarded.recorded(client_request_id="tried-1")
    assert json.loads(row["guards"]) == ["prompt:personal_data:shadow:1"]
    assert json.loads(row["guard_differences"]) == ["prompt personal_data:EMAIL shadow->block"]
    counted = await guarded.counted("gatewright_guard_differences_total", "shadow")
    assert counted == {"block": 1}


async def test_ledger_metrics_and_story_tell_what_guards_did(
        guarded: GatewayProcess, http: httpx.AsyncClient) -> None:
    body = chat("redacting", f"éé {MAIL}")
    reply = await http.post("/v1/chat/completions", json=body, headers={"x-request-id": "told-1"})
    row = await guarded.recorded(client_request_id="told-1")
    (finding,) = json.loads(row["findings"])
    assert finding == {"side": "prompt", "guard": "personal_data", "label": "EMAIL", "action": "redact",
                       "score": finding["score"], "start": 3, "end": 3 + len(MAIL), "place": "messages[0].content"}
    assert set(json.loads(row["guard_seconds"])) == {"prompt:patterns"}
    command = [sys.executable, "-m", "operations.cli", "explain", reply.headers["x-request-id"],
               "--admin", guarded.admin_url]
    told = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    assert "In the request, the guard personal_data redacted what it found, once (EMAIL)." in told.stdout
    counted = await guarded.counted("gatewright_guard_findings_total", "action")
    assert counted["redact"] >= 1
    assert (await guarded.counted("gatewright_guard_seconds_count", "guard"))["patterns"] >= 1


async def test_a_long_request_is_judged_too(fake: FakeVLLM, http: httpx.AsyncClient) -> None:
    fake.reset()
    await http.post("/v1/chat/completions", json=chat("redacting", "word " * 100_000 + MAIL + " word" * 100_000))
    assert fake.inference[-1].json["messages"][0]["content"] == "word " * 100_000 + "[EMAIL]" + " word" * 100_000


async def test_no_pseudonym_of_one_exchange_appears_in_another(fake: FakeVLLM, http: httpx.AsyncClient) -> None:
    """Thousands of conversations at once, whose servers speak of names that they were given and of names that they were
    not: each client gets back what it sent itself, and nothing else."""
    fake.reset()
    fake.choose(lambda request: Behaviour(text=tuple(re.split("(?=[ <])", _answer(request)))))
    at_once = asyncio.Semaphore(100)

    async def one(number: int) -> None:
        own = [f"user{number}x{index}@mail.example.org" for index in range(1 + number % 3)]
        async with at_once:
            reply = await http.post("/v1/chat/completions", json={
                **chat("naming", f"I am {' and '.join(own)}"), "stream": number % 2 == 0, "max_tokens": 100})
        text = _text(reply)
        assert set(re.findall(r"user\d+x\d+@mail\.example\.org", text)) == set(own), text
        assert f"<EMAIL_{len(own) + 1}>" in text, "a name that was not given stays a name"

    await asyncio.gather(*(one(number) for number in range(2000)))
    assert all(b"@mail.example.org" not in request.body for request in fake.inference)
    fake.reset()


def _answer(request: Request) -> str:
    given = len(re.findall(r"<EMAIL_\d>", request.json["messages"][0]["content"]))
    return "You are " + " ".join(f"<EMAIL_{number}> ," for number in range(1, given + 3)) + " it seems"


def _text(reply: httpx.Response) -> str:
    if not reply.text.startswith("data:"):
        return str(reply.json()["choices"][0]["message"]["content"])
    events = [json.loads(line[5:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    return "".join(event["choices"][0]["delta"].get("content", "") for event in events if event.get("choices"))


async def test_what_was_found_is_in_no_file_of_the_gateway(guarded: GatewayProcess, http: httpx.AsyncClient) -> None:
    for name in POLICIES:
        await http.post("/v1/chat/completions", json=chat(name, MAIL), headers={"x-request-id": f"last-{name}"})
    for name in POLICIES:
        await guarded.recorded(client_request_id=f"last-{name}")
    for path in guarded.folder.rglob("*"):
        if path.is_file():
            assert b"ann.lee" not in path.read_bytes(), path.name
            assert b"@mail.example.org" not in path.read_bytes(), path.name
    assert '"event":"content_blocked"' in guarded.log
    assert '"event":"guard_failed"' in guarded.log
