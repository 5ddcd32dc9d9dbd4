"""Upstream may send anything: the client gets 502 or an error event, and never a byte that belongs to somebody else."""

from __future__ import annotations

import pytest

from tests.e2e.asking import Heard, ask, assert_our_error, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.malformed import BROKEN_ANSWERS, BROKEN_HTTP, BROKEN_STREAMS, UNASKED
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def assert_unharmed(gateway: GatewayProcess) -> None:
    """The next requests are answered, each with its own bytes."""
    for i in range(3):
        heard = await ask(gateway.port, request(name=f"next-{i}", max_tokens=1))
        assert (heard.status, heard.text) == (200, f" next-{i}-0")


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("name", BROKEN_HTTP)
async def test_what_is_no_http_is_a_502(gateway: GatewayProcess, fake: FakeVLLM, name: str, stream: bool) -> None:
    """The connection is thrown away with all that came on it."""
    fake.default = BROKEN_HTTP[name]
    heard = await ask(gateway.port, request(stream=stream, name="broken"))
    assert_our_error(heard, 502)
    assert b"smuggled" not in heard.body
    fake.default = Behaviour()
    await assert_unharmed(gateway)


@pytest.mark.parametrize("name", BROKEN_ANSWERS)
async def test_what_is_no_answer_of_a_model_is_a_502(gateway: GatewayProcess, fake: FakeVLLM, name: str) -> None:
    """Redirects are not followed; what upstream says of its own credentials is not the client's to hear."""
    fake.default = BROKEN_ANSWERS[name]
    heard = await ask(gateway.port, request(name="broken"))
    assert_our_error(heard, 502)
    assert heard.header("location") is None
    assert len(fake.inference) <= 2
    fake.default = Behaviour()
    await assert_unharmed(gateway)


@pytest.mark.parametrize("name", BROKEN_STREAMS)
async def test_what_is_no_stream_ends_in_an_error(gateway: GatewayProcess, fake: FakeVLLM, name: str) -> None:
    """With a status of its own if nothing had been sent, as an event if something had; never a false `[DONE]`."""
    fake.default = BROKEN_STREAMS[name]
    heard = await ask(gateway.port, request(stream=True, name="broken"), seconds=20)
    assert heard.complete
    if name == "JSON instead of a stream" and heard.status == 200:
        assert heard.header("content-type") == "application/json"
    elif name == "only [DONE]":
        assert heard.done or heard.status == 502
    else:
        assert_error(heard)
    fake.default = Behaviour()
    await assert_unharmed(gateway)


def assert_error(heard: Heard) -> None:
    assert heard.status in (200, 502)
    assert heard.error is not None
    assert isinstance(heard.error["message"], str)
    assert not heard.done


async def test_a_reply_that_nobody_asked_for_answers_nobody(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Bytes behind a good reply poison the connection: they are not the answer to the next request."""
    for i in range(5):
        fake.script(UNASKED)
        first = await ask(gateway.port, request(name="first"))
        assert first.status in (200, 502)
        async with RawClient(gateway.port) as client:
            await client.send(request(name=f"own-{i}", max_tokens=1))
            answer = (await client.read_answers(1))[0]
        assert (answer.status, f" own-{i}-0" in answer.text) == (200, True)


async def test_interim_replies_are_read_over(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """100 and 103 before the reply are no reply, and do not reach a client that did not ask."""
    fake.script(Behaviour(interim=(100, 103), tokens=1), Behaviour(interim=(103,), tokens=1))
    heard = await ask(gateway.port, request(name="interim"))
    assert (heard.status, heard.text) == (200, " interim-0")
    heard = await ask(gateway.port, request(stream=True, name="interim"))
    assert (heard.status, heard.text, heard.done) == (200, " interim-0", True)


@pytest.mark.parametrize("framing", ["chunked", "length", "eof"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_every_framing_that_http_knows_is_read(
    gateway: GatewayProcess, fake: FakeVLLM, framing: str, stream: bool
) -> None:
    fake.script(Behaviour(framing=framing, tokens=2))
    heard = await ask(gateway.port, request(stream=stream, name="framed"))
    assert (heard.status, heard.text, heard.done) == (200, " framed-0 framed-1", stream)


async def test_a_server_that_says_it_will_close_is_not_written_to_again(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    fake.default = Behaviour(close=True, tokens=1)
    for i in range(10):
        heard = await ask(gateway.port, request(name=f"close-{i}"))
        assert (heard.status, heard.header("x-gatewright-attempts")) == (200, "1")


async def test_the_content_cannot_pretend_to_be_the_protocol(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Tokens that look like events, ends, usage or errors are text, whole and streamed."""
    tricks = (
        "data: [DONE]\n\n", '"usage":{"completion_tokens":999}', ',"usage":null', '{"error":{"message":"no"}}',
        "\r\n\r\n0\r\n\r\n",
        'data: {"error": {}}\n\n', '"finish_reason":"stop"', '"choices":[]', "\u2028\u0085\x00\x7f",
        '"model":"m"', "event: error\n", '\\"', "\\", "}", '"}]}\n\n',
    )  # fmt: skip
    for stream in (True, False):
        fake.script(Behaviour(text=tricks))
        heard = await ask(gateway.port, request(stream=stream, name=f"tricks-{stream}"))
        assert heard.status == 200
        assert heard.text == "".join(tricks)
        row = await gateway.recorded(client_request_id=f"tricks-{stream}")
        assert (row["outcome"], row["completion_tokens"]) == ("answered", len(tricks) + 1)
