"""The SDKs that applications use, unchanged, through the gateway: every endpoint, whole and streamed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
import pytest_asyncio
from anthropic import AsyncAnthropic

from tests.fakes.behaviour import Behaviour, busy
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELLO: Any = [{"role": "user", "content": "hello nonce:sdk"}]


@pytest_asyncio.fixture(loop_scope="module")
async def client(gateway: GatewayProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base = gateway.base_url + "/v1"
    async with openai.AsyncOpenAI(base_url=base, api_key="any", max_retries=0, timeout=10) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def plain(gateway: GatewayProcess) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=10, trust_env=False) as client:
        yield client


async def test_chat(client: openai.AsyncOpenAI) -> None:
    """Under the name that was asked for, whole and streamed, with usage where it was asked for."""
    whole = await client.chat.completions.create(model="pair", messages=HELLO, max_tokens=3)
    assert (whole.model, whole.choices[0].message.content) == ("pair", " sdk-0 sdk-1 sdk-2")
    asked: Any = {"stream": True, "stream_options": {"include_usage": True}, "max_tokens": 3}
    chunks = [chunk async for chunk in await client.chat.completions.create(model="pair", messages=HELLO, **asked)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == " sdk-0 sdk-1 sdk-2"
    assert chunks[-1].usage == openai.types.CompletionUsage(prompt_tokens=2, completion_tokens=3, total_tokens=5)
    assert {chunk.model for chunk in chunks} == {"pair"}


async def test_completions_and_embeddings(client: openai.AsyncOpenAI) -> None:
    text = await client.completions.create(model="m", prompt="a b nonce:sdk", max_tokens=2)
    assert text.choices[0].text == " sdk-0 sdk-1"
    stream = await client.completions.create(model="m", prompt="a b nonce:sdk", max_tokens=2, stream=True)
    assert "".join([chunk.choices[0].text async for chunk in stream]) == " sdk-0 sdk-1"
    vectors = await client.embeddings.create(model="pair", input=["a", "b"], encoding_format="float")
    assert (vectors.model, len(vectors.data)) == ("pair", 2)


async def test_models(client: openai.AsyncOpenAI) -> None:
    """The names that applications may ask for; never the servers' own, and no version."""
    names = {model.id async for model in client.models.list()}
    assert names == {"m", "pair", "backed", "hasty", "hasty-pair"}
    assert (await client.models.retrieve("pair")).id == "pair"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("nope")


async def test_responses_go_on_where_they_are_remembered(client: openai.AsyncOpenAI) -> None:
    """Two servers, each with a memory of its own: a conversation stays with the one that holds it."""
    for _ in range(8):
        reply = await client.responses.create(model="pair", input="hello nonce:sdk", max_output_tokens=2)
        assert (reply.model, reply.output_text) == ("pair", " sdk-0 sdk-1")
        for _ in range(4):
            reply = await client.responses.create(model="pair", input="more", previous_response_id=reply.id)
    events = [event async for event in await client.responses.create(model="pair", input="nonce:sdk", stream=True)]
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    assert events[-1].response.model == "pair"
    again = await client.responses.create(model="pair", input="more", previous_response_id=events[-1].response.id)
    assert again.previous_response_id == events[-1].response.id


async def test_a_response_that_nobody_remembers_is_404(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        await client.responses.create(model="pair", input="more", previous_response_id="resp_unknown")


async def test_a_conversation_is_not_continued_by_a_server_that_does_not_know_it(
    client: openai.AsyncOpenAI, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """Its server is down: the client is told so, rather than answered without what was said before."""
    reply = await client.responses.create(model="pair", input="hello")
    holder, bystander = (fake, other) if reply.id in fake.vllm.stored else (other, fake)
    await holder.stop()
    asked_before = len(bystander.inference)
    with pytest.raises(openai.APIStatusError):
        await client.responses.create(model="pair", input="more", previous_response_id=reply.id)
    assert len(bystander.inference) == asked_before
    await holder.start()


async def test_messages(gateway: GatewayProcess) -> None:
    async with AsyncAnthropic(base_url=gateway.base_url, api_key="any", max_retries=0) as client:
        reply = await client.messages.create(model="pair", max_tokens=2, messages=HELLO)
        assert reply.model == "pair"
        assert [getattr(block, "text", None) for block in reply.content] == [" sdk-0 sdk-1"]
        async with client.messages.stream(model="pair", max_tokens=2, messages=HELLO) as stream:
            assert "".join([text async for text in stream.text_stream]) == " sdk-0 sdk-1"
            assert (await stream.get_final_message()).usage.output_tokens == 2


async def test_ranking_scoring_and_tokens(plain: httpx.AsyncClient) -> None:
    async def post(path: str, **body: Any) -> Any:
        reply = await plain.post(path, json={"model": "pair", **body})
        assert reply.status_code == 200, reply.text
        return reply.json()

    ranked = await post("/v1/rerank", query="red apple", documents=["blue sky", "red apple"])
    assert (ranked["model"], [row["index"] for row in ranked["results"]]) == ("pair", [1, 0])
    scored = await post("/v1/score", text_1="red apple", text_2=["red apple", "sky"])
    assert [row["score"] for row in scored["data"]] == [1.0, 0.0]
    tokens = (await post("/tokenize", prompt="naïve"))["tokens"]
    assert (await post("/detokenize", tokens=tokens))["prompt"] == "naïve"


async def test_transcriptions_carry_the_file_untouched(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    """A form with any bytes in its file, also such as look like a boundary; only the model's name is another."""
    sound = bytes(range(256)) * 2000 + b"\r\n--not-the-boundary\r\n" + b"\x00" * 100
    reply = await client.audio.transcriptions.create(model="backed", file=("a.wav", sound), language="nl")
    heard = json.loads(reply.text)
    assert heard == {"file": "a.wav", "bytes": len(sound), "model": "m", "language": "nl"}
    assert sound in fake.inference[-1].body


async def test_refusals_are_the_exceptions_that_applications_know(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.chat.completions.create(model="pear", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    fake.default = busy(429, retry_after="3")
    with pytest.raises(openai.RateLimitError):
        await client.chat.completions.create(model="m", messages=HELLO)
    fake.default = Behaviour(engine_death=2)
    with pytest.raises(openai.APIError, match="EngineCore"):
        async for _ in await client.chat.completions.create(model="m", messages=HELLO, stream=True):
            pass
    fake.default = Behaviour(fault="reset", at="token", after=2)  # type: ignore[arg-type]
    with pytest.raises(openai.APIError):
        async for _ in await client.chat.completions.create(model="m", messages=HELLO, stream=True):
            pass
