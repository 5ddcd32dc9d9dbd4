"""Guards on replies, through a real gateway: whatever the server writes and however its bytes are cut on their way."""

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
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO: Any = [{"role": "user", "content": "hello"}]
# What a model says, token by token: an address and a card number, split where splits hurt.
SAYS = ("Dear", " Ann", ",", " write", " to", " ann", ".lee", "@ex", "ample", ".org", " — or", " pay", " with", " 41",
        "11 1111", " 1111", " 1111", ".", " “Thanks”", " 😀", "\n", "Bye")
TEXT = "".join(SAYS)
REDACTED = "Dear Ann, write to [EMAIL] — or pay with [CREDIT_CARD]. “Thanks” 😀\nBye"
POLICIES = {
    "redacting": {"prompt": {"personal_data": {"action": "redact", "style": "pseudonym"}},
                  "reply": {"personal_data": "redact"}},
    "blocking": {"reply": {"personal_data": {"action": "block", "labels": ["CREDIT_CARD"]}}},
    "counting": {"reply": {"personal_data": "shadow"}},
}
CUTS: dict[str, dict[str, Any]] = {
    "as vLLM writes": {}, "byte by byte": {"pieces": (1,)}, "in odd pieces": {"pieces": (3, 1, 7, 50, 2)},
    "all at once": {"one_write": True}, "with CRLF": {"newline": "\r\n"}, "over two data lines": {"split_data": True},
    "with comments": {"comments": True, "data_space": False},
}


def routing(fake: FakeVLLM) -> dict[str, Any]:
    return {"versions": {"v1": {"served_model": "m", "endpoints": [fake.url]}}, "policies": POLICIES,
            "models": {"plain": {"split": {"v1": 1}}, **{
                name: {"split": {"v1": 1}, "policy": name} for name in POLICIES}}}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("guarded"), routing(fake)) as gateway:
        yield gateway


@pytest_asyncio.fixture(loop_scope="module")
async def client(guarded: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base = guarded.base_url + "/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0, timeout=10) as client:
        yield client


async def streamed(client: openai.AsyncOpenAI, model: str, **asked: Any) -> tuple[str, str]:
    """The text that the official client puts together, and how it ended."""
    text, finish = "", ""
    async for chunk in await client.chat.completions.create(
            model=model, messages=asked.pop("messages", HELLO), stream=True, **asked):
        for choice in chunk.choices:
            text += choice.delta.content or ""
            finish = choice.finish_reason or finish
    return text, finish


@pytest.mark.parametrize("cut", CUTS)
async def test_a_redacted_stream_reads_the_same_however_its_bytes_were_cut(
        fake: FakeVLLM, client: openai.AsyncOpenAI, cut: str) -> None:
    fake.script(Behaviour(text=SAYS, **CUTS[cut]))
    assert await streamed(client, "redacting", max_tokens=len(SAYS)) == (REDACTED, "length")


async def test_the_whole_reply_reads_as_its_stream(fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    fake.script(Behaviour(text=SAYS))
    reply = await client.chat.completions.create(model="redacting", messages=HELLO, max_tokens=len(SAYS))
    assert reply.choices[0].message.content == REDACTED


async def test_a_blocked_stream_ends_well_formed_and_upstream_is_let_go(
        fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    fake.script(Behaviour(text=(*SAYS, *[" on"] * 500), token_delay=0.01))
    text, finish = await streamed(client, "blocking", max_tokens=600)
    assert (text, finish) == ("Dear Ann, write to ann.lee@example.org — or pay with ", "content_filter")
    await asyncio.wait_for(fake.requests[-1].closed_by_client.wait(), 1.0)
    fake.script(Behaviour(text=SAYS))
    whole = await client.chat.completions.create(model="blocking", messages=HELLO, max_tokens=len(SAYS))
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (text, "content_filter")


async def test_in_shadow_the_client_gets_the_bytes_of_a_model_without_guards(
        fake: FakeVLLM, guarded: GatewayProcess) -> None:
    bodies = []
    async with httpx.AsyncClient(base_url=guarded.base_url, timeout=10, trust_env=False) as plain:
        for model in ("plain", "counting"):
            fake.script(Behaviour(text=SAYS))
            reply = await plain.post("/v1/chat/completions", json={
                "model": model, "messages": HELLO, "stream": True, "max_tokens": len(SAYS)})
            events = reply.content.replace(model.encode(), b"M").split(b"\n\n")
            bodies.append([drop_ids(event) for event in events])
    assert bodies[0] == bodies[1]


def drop_ids(event: bytes) -> Any:
    if not event.startswith(b"data: {"):
        return event
    return {name: value for name, value in json.loads(event[6:]).items() if name not in ("id", "created")}


async def test_pseudonyms_go_up_and_come_back(fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    """The model sees names that stand for the values; the client gets the values, however the model wrote the names."""
    says = ("I", " wrote", " to <", "EMAIL", "_1", "> and", " email_2", ", not", " <EMAIL_3>", ".")
    fake.script(Behaviour(text=says))
    messages: Any = [{"role": "user", "content": "Write to ann@lee.org and bob@lee.org, then to ann@lee.org again."}]
    text, _ = await streamed(client, "redacting", messages=messages, max_tokens=len(says))
    sent = json.loads(fake.requests[-1].body)["messages"][0]["content"]
    assert sent == "Write to <EMAIL_1> and <EMAIL_2>, then to <EMAIL_1> again."
    assert text == "I wrote to ann@lee.org and bob@lee.org, not <EMAIL_3>."


async def test_what_was_found_is_told_in_metrics_ledger_and_never_with_the_text(
        fake: FakeVLLM, client: openai.AsyncOpenAI, guarded: GatewayProcess) -> None:
    fake.script(Behaviour(text=SAYS))
    await streamed(client, "redacting", max_tokens=len(SAYS), extra_headers={"x-request-id": "told-redacted"})
    fake.script(Behaviour(text=SAYS))
    await streamed(client, "blocking", max_tokens=len(SAYS), extra_headers={"x-request-id": "told-blocked"})
    redacted = await guarded.recorded(client_request_id="told-redacted")
    told = json.loads(redacted["findings"]) if isinstance(redacted["findings"], str) else redacted["findings"]
    assert [(finding["label"], finding["action"], finding["side"]) for finding in told] == [
        ("EMAIL", "redact", "reply"), ("CREDIT_CARD", "redact", "reply")]
    assert TEXT[told[0]["start"] : told[0]["end"]] == "ann.lee@example.org"
    blocked = await guarded.recorded(client_request_id="told-blocked")
    assert (blocked["outcome"], blocked["blame"], blocked["code"], blocked["finish_reason"]) == (
        "refused", "policy", "content_blocked", "content_filter")
    found = await guarded.counted("gatewright_guard_findings_total", by="action")
    assert (found["redact"] >= 2, found["block"] >= 1) == (True, True)
    written = b"".join(path.read_bytes() for path in guarded.state.rglob("*") if path.is_file())
    written += guarded.log_path.read_bytes()
    assert b"ann.lee" not in written
    assert b"4111" not in written.replace(b" ", b"")
