"""The bytes of a reply pass unchanged, however upstream's bytes were cut on their way."""

from __future__ import annotations

import json
from typing import Any

import httptools
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.e2e.asking import Heard, ask, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.bodies import Answer, chat, chat_frames, completion, completion_frames, encode
from tests.fakes.connection import Request
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL_USAGE = {"include_usage": True, "continuous_usage_stats": True}
TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=6), min_size=1, max_size=8).map(tuple)
DRESS = st.fixed_dictionaries({
    "newline": st.sampled_from(["\n", "\r\n"]), "comments": st.booleans(), "data_space": st.booleans(),
    "split_data": st.booleans(),
})  # fmt: skip
CUT = st.one_of(
    st.lists(st.integers(1, 40), min_size=1, max_size=5).map(lambda sizes: {"pieces": tuple(sizes)}),
    st.just({"one_write": True}),
)
EXAMPLES = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def body_of(sent: bytes) -> bytes:
    """The body in a reply as it stood on the wire."""
    parts: list[bytes] = []
    callbacks = type("Callbacks", (), {"on_body": lambda self, data: parts.append(data)})
    httptools.HttpResponseParser(callbacks()).feed_data(sent)
    return b"".join(parts)


async def heard_and_sent(gateway: GatewayProcess, fake: FakeVLLM, asked: bytes) -> tuple[Heard, bytes]:
    """The reply as the client heard it, and the body that the server sent."""
    heard = await ask(gateway.port, asked)
    upstream: Request = fake.inference[-1]
    await fake.until(upstream.finished.is_set)
    return heard, body_of(bytes(upstream.sent))


def unasked(body: Any, heard: Heard, created: int, behaviour: Behaviour) -> Answer:
    """What the model itself would have said to this request, had the gateway not been there."""
    request_id = heard.header("x-request-id")
    assert request_id is not None
    return Answer(body, behaviour, "m", request_id, created)


def created_in(body: bytes) -> int:
    return int(body.split(b'"created":', 1)[1].split(b",", 1)[0])


@EXAMPLES
@given(text=TEXTS, cut=CUT, dress=DRESS)
async def test_a_stream_that_the_client_asked_for_in_full_passes_byte_for_byte(
    gateway: GatewayProcess, fake: FakeVLLM, text: tuple[str, ...], cut: dict[str, Any], dress: dict[str, Any]
) -> None:
    """With usage on every chunk there is nothing to take out: what was sent is what is heard."""
    fake.script(Behaviour(text=text, **cut, **dress))
    heard, sent = await heard_and_sent(gateway, fake, request(stream=True, stream_options=ALL_USAGE))
    assert heard.status == 200
    assert heard.body == sent


@EXAMPLES
@given(
    text=TEXTS, cut=CUT, n=st.sampled_from([1, 1, 3]),
    options=st.sampled_from([None, {}, {"include_usage": False}, {"include_usage": True}, ALL_USAGE]),
    path=st.sampled_from(["/v1/chat/completions", "/v1/completions"]),
)  # fmt: skip
async def test_a_stream_is_what_the_model_alone_would_have_sent(
    gateway: GatewayProcess, fake: FakeVLLM, text: tuple[str, ...], cut: dict[str, Any], n: int,
    options: dict[str, Any] | None, path: str,
) -> None:  # fmt: skip
    """The usage that the gateway asks for on its own account leaves no trace."""
    asked: dict[str, Any] = {"n": n, "prompt": "hello"} | ({} if options is None else {"stream_options": options})
    behaviour = Behaviour(text=text)
    fake.script(Behaviour(text=text, **cut))
    heard, sent = await heard_and_sent(gateway, fake, request(stream=True, path=path, **asked))
    answer = unasked(asked | {"messages": fake.inference[-1].json["messages"]}, heard, created_in(sent), behaviour)
    frames = chat_frames(answer) if path.startswith("/v1/chat") else completion_frames(answer)
    expected = b"".join(b"data: " + frame.data + b"\n\n" for frame in frames) + b"data: [DONE]\n\n"
    assert heard.body == expected


@EXAMPLES
@given(text=TEXTS, cut=CUT, path=st.sampled_from(["/v1/chat/completions", "/v1/completions"]))
async def test_a_whole_reply_passes_byte_for_byte(
    gateway: GatewayProcess, fake: FakeVLLM, text: tuple[str, ...], cut: dict[str, Any], path: str
) -> None:
    fake.script(Behaviour(text=text, **cut))
    heard, sent = await heard_and_sent(gateway, fake, request(path=path, prompt="hello"))
    assert heard.body == sent
    answer = unasked(fake.inference[-1].json, heard, created_in(sent), Behaviour(text=text))
    assert heard.body == encode((chat if path.startswith("/v1/chat") else completion)(answer))


@EXAMPLES
@given(text=TEXTS, cut=CUT, dress=DRESS, path=st.sampled_from(["/v1/responses", "/v1/messages"]))
async def test_the_younger_apis_streams_pass_byte_for_byte(
    gateway: GatewayProcess,
    fake: FakeVLLM,
    text: tuple[str, ...],
    cut: dict[str, Any],
    dress: dict[str, Any],
    path: str,
) -> None:
    fake.script(Behaviour(text=text, **cut, **dress))
    heard, sent = await heard_and_sent(gateway, fake, request(path=path, stream=True, input="hello"))
    assert heard.status == 200
    assert heard.body == sent


@EXAMPLES
@given(text=TEXTS, cut=CUT)
async def test_under_another_name_only_the_name_differs(
    gateway: GatewayProcess, other: FakeVLLM, fake: FakeVLLM, text: tuple[str, ...], cut: dict[str, Any]
) -> None:
    """The client asked for `backed`; the server calls itself `m`; nothing else is touched, whole or streamed."""
    for stream in (True, False):
        fake.script(Behaviour(text=text, **cut))
        options: dict[str, Any] = {"stream_options": ALL_USAGE} if stream else {}
        asked = request("backed", stream=stream, **options)
        heard, sent = await heard_and_sent(gateway, fake, asked)
        assert heard.body == sent.replace(b'"model":"m"', b'"model":"backed"')


@pytest.mark.parametrize(
    "dress", [{"newline": "\r\n"}, {"comments": True}, {"data_space": False}, {"split_data": True}]
)
async def test_another_servers_style_means_the_same(
    gateway: GatewayProcess, fake: FakeVLLM, dress: dict[str, Any]
) -> None:
    """A server that writes its events otherwise is understood: text, usage taken out, end, tokens on record."""
    name = f"style-{next(iter(dress))}"
    fake.script(Behaviour(tokens=4, pieces=(3, 5), **dress))
    heard = await ask(gateway.port, request(stream=True, name=name))
    assert (heard.text, heard.done) == ("".join(f" {name}-{i}" for i in range(4)), True)
    assert all("usage" not in event for event in heard.events if isinstance(event, dict))
    row = await gateway.recorded(client_request_id=name)
    assert (row["outcome"], row["completion_tokens"], row["usage_source"]) == ("answered", 5, "reported")


async def test_unknown_fields_pass_in_both_directions(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """What the gateway does not know it neither drops nor reorders; numbers keep their value."""
    strange: dict[str, Any] = {
        "x_vendor": {"deep": [1, 2.5, None, True, "é", {"": 0}]},
        "logit_bias": {"50256": -100},
        "top_k": 7,
    }
    body = (
        b'{"id":"x","object":"chat.completion","zeta":1e-7,"alpha":[0.1,12345678901234567890],"model":"m","choices":[]}'
    )
    fake.script(Behaviour(body=body))
    heard = await ask(gateway.port, request(**strange))
    assert heard.body == body
    assert {key: fake.inference[-1].json[key] for key in strange} == strange
    assert json.loads(heard.body)["zeta"] == 1e-7


async def test_tokens_leave_one_by_one_as_they_come(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """No token waits for the next: each is with the client before the server sends another."""
    fake.script(Behaviour(tokens=5, token_delay=0.3))
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=True, name="flow"))
        for i in range(5):
            await client.read_until(b"flow-%d" % i)
            assert fake.inference[-1].sent_tokens <= i + 1
