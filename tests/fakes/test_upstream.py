"""The fake upstream answers as vLLM does, and fails exactly where it is told to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx2 as httpx
import openai
import pytest
from anthropic import AsyncAnthropic
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.behaviour import Behaviour, Fault, Place, busy
from tests.fakes.black_hole import BlackHole
from tests.fakes.bodies import Frame
from tests.fakes.bytes_plan import EVENTS, End, Reply, Send, plan
from tests.fakes.malformed import BROKEN_ANSWERS, BROKEN_HTTP
from tests.fakes.request_reader import Incomplete, RawRequest, RequestReader
from tests.fakes.upstream import FakeVLLM

CHAT: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "say it nonce:abc"}], "max_tokens": 3}


@pytest.fixture
async def fake() -> AsyncIterator[FakeVLLM]:
    async with FakeVLLM("m") as fake:
        yield fake


@pytest.fixture
async def client(fake: FakeVLLM) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=fake.url + "/v1", api_key="k", max_retries=0, timeout=5) as client:
        yield client


async def raw(fake: FakeVLLM, body: dict[str, Any], path: str = "/v1/chat/completions") -> bytes:
    """Everything that the fake sends on one connection, up to its end."""
    data = json.dumps(body).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", fake.port)
    head = f"POST {path} HTTP/1.1\r\nhost: f\r\nconnection: close\r\ncontent-type: application/json\r\n"
    writer.write(head.encode() + b"content-length: %d\r\n\r\n" % len(data) + data)
    received = b""
    try:
        while part := await asyncio.wait_for(reader.read(65536), 5):
            received += part
    except ConnectionResetError:
        received += b"<reset>"
    finally:
        writer.close()
    return received


async def test_a_whole_chat_answer_has_vllms_keys_in_vllms_order(fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    reply = await client.chat.completions.create(**CHAT)
    assert reply.choices[0].message.content == " abc-0 abc-1 abc-2"
    assert reply.choices[0].finish_reason == "length"
    assert reply.usage is not None
    assert reply.usage.completion_tokens == 3
    body = json.loads((await raw(fake, CHAT)).partition(b"\r\n\r\n")[2])
    expected = "id object created model choices service_tier system_fingerprint usage prompt_logprobs prompt_token_ids"
    assert list(body) == [*expected.split(), "prompt_text", "kv_transfer_params", "ec_transfer_params", "metrics"]


async def test_a_stream_has_one_token_an_event_and_its_usage_last(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(**CHAT, stream=True, stream_options={"include_usage": True})
    chunks = [chunk async for chunk in stream]
    assert [chunk.choices[0].delta.content for chunk in chunks[:-1]] == ["", " abc-0", " abc-1", " abc-2"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 3
    assert all("usage" not in chunk.model_fields_set for chunk in chunks[:-1])
    assert [chunk.system_fingerprint is not None for chunk in chunks] == [False] * 4 + [True]


async def test_a_reply_that_stops_ends_with_an_empty_delta_and_counts_the_token_that_ended_it(
    client: openai.AsyncOpenAI,
) -> None:
    body = {key: value for key, value in CHAT.items() if key != "max_tokens"}
    options: Any = {"include_usage": True, "continuous_usage_stats": True}
    stream = await client.chat.completions.create(**body, stream=True, stream_options=options, n=2)
    chunks = [chunk async for chunk in stream]
    assert [chunk.choices[0].delta.content for chunk in chunks[-3:-1]] == ["", ""]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2 * (8 + 1)
    assert all(chunk.usage for chunk in chunks)


async def test_completions_embeddings_models_and_responses_are_answered(client: openai.AsyncOpenAI) -> None:
    text = await client.completions.create(model="m", prompt="one two", max_tokens=2)
    assert text.choices[0].text == " t0 t1"
    stream = await client.completions.create(model="m", prompt="one two", max_tokens=2, stream=True)
    assert "".join([chunk.choices[0].text async for chunk in stream]) == " t0 t1"
    vectors = await client.embeddings.create(model="m", input=["a", "b"], encoding_format="float")
    assert len(vectors.data) == 2
    assert [model.id async for model in client.models.list()] == ["m"]
    first = await client.responses.create(model="m", input="hello there", max_output_tokens=2)
    assert first.output_text == " t0 t1"
    again = await client.responses.create(model="m", input="more", previous_response_id=first.id)
    assert again.previous_response_id == first.id
    with pytest.raises(openai.NotFoundError, match="not found"):
        await client.responses.create(model="m", input="more", previous_response_id="resp_unknown")
    events = [event async for event in await client.responses.create(model="m", input="hello", stream=True)]
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"


async def test_anthropics_client_reads_messages_whole_and_streamed(fake: FakeVLLM) -> None:
    async with AsyncAnthropic(base_url=fake.url, api_key="k", max_retries=0) as client:
        ask: Any = {"model": "m", "max_tokens": 2, "messages": [{"role": "user", "content": "hi"}]}
        reply = await client.messages.create(**ask)
        assert reply.content[0].text == " t0 t1"
        async with client.messages.stream(**ask) as stream:
            assert "".join([text async for text in stream.text_stream]) == " t0 t1"
        count = await client.messages.count_tokens(model="m", messages=ask["messages"])
        assert count.input_tokens == 1


async def test_the_smaller_endpoints_answer_from_their_input(fake: FakeVLLM) -> None:
    async with httpx.AsyncClient(base_url=fake.url) as client:

        async def post(path: str, **body: Any) -> Any:
            return (await client.post(path, json=body)).json()

        ranked = await post("/v1/rerank", query="red apple", documents=["blue sky", "red apple"])
        assert [row["index"] for row in ranked["results"]] == [1, 0]
        scored = await post("/v1/score", text_1="red apple", text_2=["red apple", "sky"])
        assert [row["score"] for row in scored["data"]] == [1.0, 0.0]
        tokens = (await post("/tokenize", prompt="naïve"))["tokens"]
        assert (await post("/detokenize", tokens=tokens))["prompt"] == "naïve"
        audio = {"file": ("a.wav", b"\x00\x01\x02", "audio/wav")}
        heard = (
            await client.post("/v1/audio/transcriptions", data={"model": "m", "language": "nl"}, files=audio)
        ).json()
        assert json.loads(heard["text"]) == {"file": "a.wav", "bytes": 3, "model": "m", "language": "nl"}


async def test_refusals_have_vllms_words(client: openai.AsyncOpenAI, fake: FakeVLLM) -> None:
    with pytest.raises(openai.NotFoundError, match="The model `nope` does not exist"):
        await client.chat.completions.create(**(CHAT | {"model": "nope"}))
    with pytest.raises(openai.BadRequestError, match="max_tokens must be at least 1"):
        await client.chat.completions.create(**(CHAT | {"max_tokens": 0}))
    fake.script(busy(retry_after="7"))
    with pytest.raises(openai.InternalServerError, match="currently busy") as refused:
        await client.chat.completions.create(**CHAT)
    assert refused.value.response.headers["retry-after"] == "7"
    async with httpx.AsyncClient(base_url=fake.url) as plain:
        assert (await plain.get("/nope")).json() == {"detail": "Not Found"}
        assert (await plain.get("/v1/chat/completions")).status_code == 405
        assert (await plain.post("/v1/chat/completions", content=b"{")).json()["error"]["type"] == "Bad Request"


async def test_an_api_key_guards_v1_only(fake: FakeVLLM) -> None:
    async with FakeVLLM("m", api_key="secret") as guarded, httpx.AsyncClient(base_url=guarded.url) as client:
        assert (await client.get("/v1/models")).status_code == 401
        assert (await client.get("/v1/models", headers={"authorization": "Bearer secret"})).status_code == 200
        assert (await client.get("/health")).status_code == 200


async def test_control_paths_answer_so_that_reaching_them_shows(fake: FakeVLLM) -> None:
    async with httpx.AsyncClient(base_url=fake.url) as client:
        await client.post("/sleep")
        adapter = {"lora_name": "v2", "lora_path": "/adapters/v2"}
        assert (await client.post("/v1/load_lora_adapter", json=adapter)).status_code == 200
        models = (await client.get("/v1/models")).json()["data"]
        assert [model["parent"] for model in models] == [None, "m"]
        assert (await client.post("/v1/unload_lora_adapter", json=adapter)).status_code == 200
    assert fake.control_calls[0].path == "/sleep"


async def test_metrics_tell_what_was_generated(fake: FakeVLLM, client: openai.AsyncOpenAI) -> None:
    async for _ in await client.chat.completions.create(**CHAT, stream=True):
        pass
    await (await fake.request()).finished.wait()
    async with httpx.AsyncClient(base_url=fake.url) as plain:
        text = (await plain.get("/metrics")).text
    assert 'vllm:generation_tokens_total{engine="0",model_name="m"} 3.0' in text
    assert 'vllm:num_requests_running{engine="0",model_name="m"} 0.0' in text


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.FIN])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("place", list(Place))
async def test_a_fault_strikes_at_its_place(fake: FakeVLLM, place: Place, stream: bool, fault: Fault) -> None:
    """What came before the place is there, what comes after it is not, and the end is the one that was asked for."""
    fake.script(Behaviour(fault=fault, at=place, after=2, tokens=4))
    received = await raw(fake, CHAT | {"stream": stream})
    # Whoever writes to a connection that was closed on accept gets a reset, whichever way it was closed.
    assert received.endswith(b"<reset>") == (fault is Fault.RESET) or place is Place.ACCEPT
    received = received.removesuffix(b"<reset>")
    assert b"[DONE]" not in received or place is Place.END
    if place in (Place.ACCEPT, Place.HEAD):
        assert received == b""
    elif place is Place.IN_HEAD:
        assert b"\r\n\r\n" not in received
    elif place is Place.BODY:
        assert received.endswith(b"\r\n\r\n")
    elif stream:
        assert (b" abc-1" in received, b" abc-3" in received) == (True, place is Place.END)
        expected = {
            Place.TOKEN: b"\n\n\r\n", Place.UTF8: b"na\xc3", Place.ESCAPE: b' say \\', Place.END: b"[DONE]\n\n\r\n",
        }  # fmt: skip
        assert received.endswith(expected.get(place, b""))


@pytest.mark.parametrize("place", list(Place))
async def test_a_hang_leaves_the_connection_open_and_sees_the_client_leave(fake: FakeVLLM, place: Place) -> None:
    fake.script(Behaviour(fault=Fault.HANG, at=place, after=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(raw(fake, CHAT | {"stream": True}), 0.2)
    if place is not Place.ACCEPT:
        request = await fake.request()
        await asyncio.wait_for(request.closed_by_client.wait(), 2)
        assert request.closed_at is not None
    await fake.until(lambda: fake.connections == 0)


async def test_the_engines_death_is_an_error_event_and_still_done(fake: FakeVLLM) -> None:
    fake.script(Behaviour(engine_death=2), Behaviour(engine_death=0))
    received = await raw(fake, CHAT | {"stream": True})
    events = [line for line in received.split(b"\n") if line.startswith(b"data: ")]
    assert events[-2].startswith(b'data: {"error": {"message": "EngineCore encountered an issue.')
    assert events[-1] == b"data: [DONE]"
    assert b" abc-1" in received
    assert b" abc-2" not in received
    assert (await raw(fake, CHAT)).startswith(b"HTTP/1.1 500 ")


async def test_delays_are_where_they_are_put(fake: FakeVLLM) -> None:
    fake.script(Behaviour(head_delay=0.05, first_token_delay=0.1, token_delay=0.02, tokens=3))
    begun = asyncio.get_running_loop().time()
    await raw(fake, CHAT | {"stream": True})
    assert asyncio.get_running_loop().time() - begun >= 0.05 + 0.1 + 2 * 0.02


async def test_a_client_that_leaves_mid_stream_is_noticed_and_generation_stops(fake: FakeVLLM) -> None:
    fake.script(Behaviour(tokens=10_000, token_delay=0.01))
    async with httpx.AsyncClient() as client:
        async with client.stream("POST", fake.url + "/v1/chat/completions", json=CHAT | {"stream": True}) as reply:
            async for _ in reply.aiter_lines():
                break
    request = await fake.request()
    await asyncio.wait_for(request.closed_by_client.wait(), 2)
    assert request.sent_tokens < 10_000


async def test_a_reader_that_does_not_read_stalls_the_script(fake: FakeVLLM) -> None:
    async with FakeVLLM("m", send_buffer=4096) as slow:
        slow.script(Behaviour(text=("x" * 65536,) * 1000))
        _, writer = await asyncio.open_connection("127.0.0.1", slow.port, limit=1024)
        data = json.dumps(CHAT | {"stream": True}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: f\r\ncontent-type: application/json\r\n"
        writer.write(head + b"content-length: %d\r\n\r\n" % len(data) + data)
        request = await slow.request()
        await asyncio.wait_for(request.stalled.wait(), 5)
        writer.close()
        await asyncio.wait_for(request.closed_by_client.wait(), 5)


async def test_a_reused_connection_can_be_refused_and_an_idle_one_closed(fake: FakeVLLM) -> None:
    fake.on_reuse = Fault.RESET
    async with httpx.AsyncClient(base_url=fake.url) as client:
        await client.post("/v1/chat/completions", json=CHAT)
        with pytest.raises(httpx.TransportError):
            await client.post("/v1/chat/completions", json=CHAT)
    fake.on_reuse, fake.idle_seconds = None, 0.05
    reader, writer = await asyncio.open_connection("127.0.0.1", fake.port)
    writer.write(b"GET /health HTTP/1.1\r\nhost: f\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 2)).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()


async def test_a_stopped_server_refuses_and_starts_again_on_its_port(fake: FakeVLLM) -> None:
    await fake.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", fake.port)
    await fake.start()
    assert (await raw(fake, CHAT)).startswith(b"HTTP/1.1 200 OK")


async def test_the_request_itself_can_say_how_it_is_treated(fake: FakeVLLM) -> None:
    received = await raw(fake, CHAT | {"fake": {"tokens": 1, "finish": "content_filter"}})
    assert b'"content":" abc-0"' in received
    assert b'"finish_reason":"content_filter"' in received
    async with httpx.AsyncClient() as client:
        url = fake.url + "/v1/chat/completions"
        assert (await client.post(url, json=CHAT, headers={"x-fake": '{"status": 418}'})).status_code == 418


def test_as_a_process_it_says_where_it_is_and_answers() -> None:
    command = [sys.executable, "-m", "tests.fakes.upstream", "--served-model", "m"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        reply = httpx.post(ready["ready"] + "/v1/chat/completions", json=CHAT | {"fake": {"tokens": 2}})
        process.terminate()
    assert reply.json()["choices"][0]["message"]["content"] == " abc-0 abc-1"


FRAMES = [Frame(b'{"a":"t0","b":1}', 1, "e"), Frame('{"a":"é€"}'.encode(), 2)]


def events_of(stream: bytes) -> list[bytes]:
    """The data of each event, as the specification of server-sent events joins it."""
    blocks = stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n\n")
    lines = [[line[5:].removeprefix(b" ") for line in block.split(b"\n") if line[:5] == b"data:"] for block in blocks]
    return [b"\n".join(data) for data in lines if data]


@given(
    pieces=st.lists(st.integers(1, 9), max_size=4),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    comments=st.booleans(),
    data_space=st.booleans(),
    split_data=st.booleans(),
    one_write=st.booleans(),
)
def test_however_the_bytes_are_dressed_and_cut_the_events_are_the_same(
    pieces: list[int], newline: str, comments: bool, data_space: bool, split_data: bool, one_write: bool
) -> None:
    behaviour = Behaviour(
        pieces=tuple(pieces), newline=newline, comments=comments, data_space=data_space,
        split_data=split_data, one_write=one_write, framing="eof",
    )  # fmt: skip
    steps = list(plan(Reply(content_type=EVENTS, frames=FRAMES), behaviour))
    sent = b"".join(step.data for step in steps if isinstance(step, Send)).partition(b"\r\n\r\n")[2]
    assert steps[-1] == End(close=True)
    assert [event.replace(b"\n", b"") for event in events_of(sent)] == [*(frame.data for frame in FRAMES), b"[DONE]"]


def test_a_plan_can_be_any_bytes_at_all() -> None:
    assert list(plan(Reply(), Behaviour(raw=b"no HTTP"))) == [Send(b"no HTTP"), End(close=True)]


@pytest.mark.parametrize(
    ("request_bytes", "objection"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n", "Host"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: a\nb\r\n\r\n", "bare"),
        (b"GET  / HTTP/1.1\r\nhost: a\r\n\r\n", "request line"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "both"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na", "Content-Length"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0;a=b\r\n\r\n", "chunk-size"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", "chunk that"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx : b\r\n\r\n", "header line"),
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: \x00\r\n\r\n", "control byte"),
    ],
)
def test_the_reader_objects_to_what_two_servers_could_read_differently(request_bytes: bytes, objection: str) -> None:
    objections: list[str] = []
    reader = RequestReader(objections.append)
    reader.feed(request_bytes)
    reader.next()
    assert any(objection in said for said in objections)


def test_the_reader_reads_a_request_that_comes_byte_by_byte() -> None:
    reader = RequestReader(pytest.fail)
    whole = b"POST /p?q HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    for byte in whole[:-1]:
        reader.feed(bytes([byte]))
        assert reader.next() is Incomplete.MORE
    reader.feed(whole[-1:])
    request = reader.next()
    assert isinstance(request, RawRequest)
    assert (request.method, request.target, request.body) == ("POST", "/p?q", b"abc")
    assert reader.next() is Incomplete.MORE


async def test_a_black_hole_takes_no_connection() -> None:
    with BlackHole() as hole, pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.open_connection("127.0.0.1", hole.port), 0.2)


@pytest.mark.parametrize("name", [*BROKEN_HTTP, *BROKEN_ANSWERS])
async def test_each_malformed_reply_goes_out_as_written(fake: FakeVLLM, name: str) -> None:
    behaviour = (BROKEN_HTTP | BROKEN_ANSWERS)[name]
    fake.script(behaviour)
    received = await raw(fake, CHAT)
    assert received == behaviour.raw or received.endswith(behaviour.body or b"\r\n\r\n")
