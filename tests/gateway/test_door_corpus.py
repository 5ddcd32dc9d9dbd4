"""At the door every raw request meets the fate that it deserves, and the one behind it is never misread."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from tests.fakes.upstream import FakeVLLM
from tests.gateway.door_corpus import CANARY, CASES, LENGTH, TYPE, Case, chat, post
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Upstream:
    """What reached the fake since this was made."""

    def __init__(self, fake: FakeVLLM) -> None:
        self._fake = fake
        self._start, self._objections = len(fake.requests), len(fake.violations)

    @property
    def nonces(self) -> list[str]:
        seen = [request.body for request in list(self._fake.requests)[self._start :] if request.method == "POST"]
        return [nonce for body in seen for nonce in re.findall(r"nonce:(\w+)", json.dumps(json.loads(body)))]

    @property
    def objections(self) -> list[str]:
        control = [f"{call.method} {call.target}" for call in self._fake.control_calls]
        return self._fake.violations[self._objections :] + control


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
async def test_a_raw_request_meets_its_fate(case: Case, gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """The answer is a right one; what is refused never reaches upstream; the canary stays itself."""
    upstream = Upstream(fake)
    async with RawClient(gateway.port) as client:
        await client.send(case.sent + CANARY)
        answers = await client.read_answers(case.requests + 1)
        statuses = [answer.status for answer in answers]
        accepted = statuses[:1] == [200]
        assert (statuses or [0])[0] in case.status
        assert upstream.nonces.count("case") == (case.requests if accepted else 0)
        assert "smuggled" not in upstream.nonces
        assert upstream.objections == []
        assert not accepted or " case-0 case-1" in answers[0].text
        canary = len(answers) > case.requests and " canary-0 canary-1" in answers[case.requests].text
        assert upstream.nonces.count("canary") == canary
        assert canary or client.closed
        assert case.kept is None or canary == case.kept


async def test_what_is_refused_says_so_in_openais_shape(gateway: GatewayProcess) -> None:
    """Where an answer is given at all, it is an error object with a code that is text."""
    for case in CASES:
        if len(case.sent) > 100_000 or 200 in case.status:
            continue
        async with RawClient(gateway.port) as client:
            await client.send(case.sent)
            for answer in (await client.read_answers(1))[:1]:
                error = json.loads(answer.body)["error"]
                assert error.keys() >= {"message", "type", "param", "code"}, case.name
                assert isinstance(error["code"], str), case.name


async def test_a_body_is_waited_for_and_the_client_told_to_go_on(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """`Expect: 100-continue`: an interim answer before the body; upstream never sees the header."""
    async with RawClient(gateway.port) as client:
        await client.send(post(b"Expect: 100-continue", body=b""))
        assert (await client.read_until(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await client.send(chat("case"))
        assert (await client.read_answers(1))[0].status == 200
    assert fake.inference[-1].header("expect") is None


async def test_a_head_that_never_ends_is_cut(gateway: GatewayProcess) -> None:
    """A client that trickles its header, a byte now and then, gets 408 or the door within the limit."""
    async with RawClient(gateway.port) as client:
        trickle = asyncio.create_task(
            drip(client, b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nX-A: " + b"a" * 500)
        )
        answers = await client.read_answers(1, seconds=5)
        assert [answer.status for answer in answers] in ([408], [])
        assert client.closed or answers[0].header("connection") == "close"
        trickle.cancel()


async def test_a_body_that_never_ends_is_cut(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """The same for a body: its limit is for the whole of it, so that one byte now and then does not help."""
    upstream = Upstream(fake)
    async with RawClient(gateway.port) as client:
        await client.send(post(body=b""))
        trickle = asyncio.create_task(drip(client, chat("case")[:-1]))
        answers = await client.read_answers(1, seconds=5)
        assert [answer.status for answer in answers] in ([408], [])
        trickle.cancel()
    assert upstream.nonces == []


async def drip(client: RawClient, data: bytes) -> None:
    for i in range(len(data)):
        await client.send(data[i : i + 1])
        await asyncio.sleep(0.1)


async def test_an_idle_connection_is_closed_in_its_time_without_a_word(gateway: GatewayProcess) -> None:
    async with RawClient(gateway.port) as client:
        await client.send(CANARY)
        await client.read_answers(1)
        await client.read_answers(2, seconds=6)
        assert client.closed
        assert len(client.answers) == 1


async def test_a_connection_that_never_speaks_is_closed_in_its_time(gateway: GatewayProcess) -> None:
    async with RawClient(gateway.port) as client:
        await client.read_answers(1, seconds=6)
        assert client.closed


async def test_a_request_byte_by_byte_is_the_same_request(gateway: GatewayProcess) -> None:
    async with RawClient(gateway.port) as client:
        sent = post()
        for i in range(len(sent)):
            await client.send(sent[i : i + 1])
        answer = (await client.read_answers(1))[0]
        assert (answer.status, " case-0 case-1" in answer.text) == (200, True)


async def test_pipelined_requests_are_answered_in_their_order(gateway: GatewayProcess) -> None:
    """The first to be asked is the first to be answered, also where a later one would be quicker."""
    sent = b""
    for i in range(12):
        body = chat(f"p{i}")
        sent += post(body=body, length=b"Content-Length: %d\r\n" % len(body))
    async with RawClient(gateway.port) as client:
        await client.send(sent)
        answers = await client.read_answers(12)
    assert [re.findall(r"p(\d+)-0", answer.text) for answer in answers] == [[str(i)] for i in range(12)]


async def test_an_error_does_not_spoil_the_connection_for_the_next_request(gateway: GatewayProcess) -> None:
    """A refusal of a well-framed request leaves the connection usable: 400, 404, 405 and then an answer."""
    async with RawClient(gateway.port) as client:
        bad = b"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n" + TYPE + b"Content-Length: 2\r\n\r\n{]"
        for sent, wanted in ((bad, 400), (post(target=b"/nowhere"), 404), (post(method=b"PUT"), 405), (post(), 200)):
            await client.send(sent)
            count = len(client.answers) + 1
            assert (await client.read_answers(count))[-1].status == wanted
    assert LENGTH in post()
