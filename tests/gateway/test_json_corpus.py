"""What is ambiguous or broken as JSON is refused at the door; what is accepted reaches upstream meaning the same."""

from __future__ import annotations

import json
from typing import Any

import httpx2 as httpx
import pytest
import pytest_asyncio

from tests.fakes.upstream import FakeVLLM
from tests.gateway.json_corpus import GOOD, SYNTAX, TYPES, Body
from tests.gateway_process import GatewayProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/v1/chat/completions"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(gateway: GatewayProcess) -> Any:
    async with httpx.AsyncClient(base_url=gateway.base_url, timeout=20, trust_env=False) as client:
        yield client


async def ask(client: httpx.AsyncClient, body: bytes, kind: str = "application/json") -> httpx.Response:
    return await client.post(PATH, content=body, headers={"content-type": kind})


def assert_refused(reply: httpx.Response, *others: int) -> None:
    assert reply.status_code in (400, *others)
    error = reply.json()["error"]
    assert error.keys() >= {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    # Its own words, or what upstream says of itself: never a traceback, never the whole body again.
    assert len(reply.content) < 4000


@pytest.mark.parametrize("body", [pytest.param(body, id=body.name) for body in SYNTAX])
async def test_a_body_is_read_in_one_way_or_not_at_all(
    body: Body, gateway: GatewayProcess, fake: FakeVLLM, client: httpx.AsyncClient
) -> None:
    """400 in OpenAI's shape with a code that is text, and nothing reaches upstream; or upstream reads the same."""
    before = len(fake.inference)
    reply = await ask(client, body.sent)
    assert reply.status_code == 200 if body.accepted else reply.status_code in (200, 400)
    if reply.status_code == 200:
        assert body.accepted is not False
        (request,) = fake.inference[before:]
        assert " case-0 case-1" in reply.text
        assert same(request.json, json.loads(body.sent))
    else:
        assert_refused(reply)
        assert isinstance(reply.json()["error"]["code"], str)
        assert fake.inference[before:] == []


def same(upstream: dict[str, Any], asked: dict[str, Any]) -> bool:
    """All that was asked is there, with the same value; the gateway may add fields and name the served model."""
    return all(upstream[key] == value for key, value in asked.items() if key != "model")


@pytest.mark.parametrize("body", [pytest.param(body, id=body.name) for body in TYPES])
async def test_a_field_of_the_wrong_type_is_refused(body: Body, client: httpx.AsyncClient) -> None:
    """By the gateway where it needs the field itself, else by upstream, whose words then pass."""
    reply = await ask(client, body.sent)
    assert_refused(reply, *([404] if body.name == 'model: ""' else []))


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"]
)
async def test_a_media_type_is_read_by_its_meaning(kind: str, client: httpx.AsyncClient) -> None:
    assert (await ask(client, GOOD, kind)).status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp"]
)
async def test_another_media_type_is_refused(kind: str, client: httpx.AsyncClient, fake: FakeVLLM) -> None:
    """400 or 415: the body would be read by guess."""
    before = len(fake.inference)
    reply = await ask(client, GOOD, kind)
    assert reply.status_code in (400, 415)
    assert isinstance(reply.json()["error"]["message"], str)
    assert fake.inference[before:] == []


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate, gzip"])
async def test_a_coded_body_is_refused_and_not_handed_on_unread(
    coding: str, client: httpx.AsyncClient, fake: FakeVLLM
) -> None:
    before = len(fake.inference)
    headers = {"content-type": "application/json", "content-encoding": coding}
    reply = await client.post(PATH, content=GOOD, headers=headers)
    assert reply.status_code in (400, 415)
    assert fake.inference[before:] == []
