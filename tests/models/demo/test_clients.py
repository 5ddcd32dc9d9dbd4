"""The clients that applications use, against the server; and what happens when they hang up."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from anthropic import AsyncAnthropic
from openai import AsyncOpenAI, BadRequestError, NotFoundError

from tests.models.demo.conftest import MODEL, Serve, Server, Until
from tests.models.demo.scripted import saying

HI = [{"role": "user", "content": "Hi"}]
WISHES = [
    ("/v1/chat/completions", {"messages": HI}),
    ("/v1/completions", {"prompt": "\x02", "max_tokens": 400}),
    ("/v1/responses", {"input": "Hi"}),
    ("/v1/messages", {"model": MODEL, "max_tokens": 400, "messages": HI}),
]


@pytest.fixture
async def openai(serve: Serve) -> AsyncIterator[AsyncOpenAI]:
    server = await serve("Hello, you!")
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


async def test_openai_chats_whole_and_in_a_stream(openai: AsyncOpenAI) -> None:
    whole = await openai.chat.completions.create(model=MODEL, messages=HI)
    stream = await openai.chat.completions.create(
        model=MODEL, messages=HI, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert whole.choices[0].message.content == "Hello, you!"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == "Hello, you!"
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    assert whole.usage.completion_tokens == 12


async def test_openai_gets_several_choices_stops_and_logprobs(openai: AsyncOpenAI) -> None:
    reply = await openai.chat.completions.create(
        model=MODEL, messages=HI, n=2, stop=["you"], logprobs=True, top_logprobs=1
    )
    assert [choice.message.content for choice in reply.choices] == ["Hello, ", "Hello, "]
    assert reply.choices[1].logprobs.content[0].top_logprobs[0].token == "H"


async def test_openai_responds_and_goes_on(openai: AsyncOpenAI) -> None:
    first = await openai.responses.create(model=MODEL, input="Hi")
    second = await openai.responses.create(model=MODEL, input="And?", previous_response_id=first.id)
    assert (first.output_text, second.status) == ("Hello, you!", "completed")
    async with openai.responses.stream(model=MODEL, input="Hi") as stream:
        assert (await stream.get_final_response()).output_text == "Hello, you!"


async def test_openai_embeds(openai: AsyncOpenAI) -> None:
    """The client asks for base64 unless told otherwise."""
    reply = await openai.embeddings.create(model=MODEL, input="b")
    assert reply.data[0].embedding == [1.0, 0.0]


async def test_openai_raises_what_a_refusal_means(openai: AsyncOpenAI) -> None:
    with pytest.raises(NotFoundError, match="does not exist"):
        await openai.chat.completions.create(model="nope", messages=HI)
    with pytest.raises(BadRequestError, match="temperature must be in"):
        await openai.chat.completions.create(model=MODEL, messages=HI, temperature=5)


async def test_anthropic_chats_whole_and_in_a_stream(serve: Serve) -> None:
    server = await serve("Hello, you!")
    async with AsyncAnthropic(base_url=server.url, api_key="none", max_retries=0) as client:
        whole = await client.messages.create(model=MODEL, max_tokens=20, messages=HI)
        assert (whole.content[0].text, whole.stop_reason) == ("Hello, you!", "end_turn")
        async with client.messages.stream(model=MODEL, max_tokens=20, messages=HI) as stream:
            assert await stream.get_final_text() == "Hello, you!"


async def hung_up(server: Server, path: str, wish: dict[str, object], until: Until) -> None:
    """Asks, waits until the engine is at work, and hangs up in the middle."""
    asking = asyncio.create_task(server.http.post(path, json=wish))
    await until(lambda: any(server.engine.load))
    asking.cancel()
    await asyncio.wait({asking})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("path", "wish"), WISHES, ids=[path for path, _ in WISHES])
async def test_one_who_hangs_up_frees_the_seat(
    serve: Serve, until: Until, path: str, wish: dict[str, object], stream: bool
) -> None:
    gate = threading.Semaphore(3)
    server = await serve(saying("x" * 500), seats=1, gate=gate)
    await hung_up(server, path, wish | {"stream": stream}, until)

    def nobody_is_there() -> bool:
        gate.release()
        return server.engine.load == (0, 0)

    await until(nobody_is_there)
    assert server.engine.count.rows < 400


async def test_one_who_hangs_up_while_waiting_is_never_run(serve: Serve, until: Until) -> None:
    gate = threading.Semaphore(0)
    server = await serve(saying("x" * 5), seats=1, gate=gate)
    first = asyncio.create_task(server.chat())
    await until(lambda: server.engine.load == (0, 1))
    second = asyncio.create_task(server.chat(stream=True))
    await until(lambda: server.engine.load == (0, 2))
    second.cancel()
    await asyncio.wait({second})
    await until(lambda: all(sequence.cancelled for sequence in server.engine._arrived))
    gate.release(1 << 20)
    assert (await first).status_code == 200
    await until(lambda: server.engine.load == (0, 0))
    assert len(server.network.reads) == 1
