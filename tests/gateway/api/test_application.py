"""Behind the fast lane: models, health, and a clear no to every other path, however it is spelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from gateway.api.application import make_application
from gateway.config.settings import Key
from gateway.config.written import KeyHash
from gateway.readiness import Readiness
from models.protocol.operations import OPERATIONS
from tests.gateway.exchanges import ID, HandClock, endpoints_at, routing, snapshot_of

KEY = Key("team-a", KeyHash(sha256(b"sk-a").hexdigest()))
READY = Readiness(True, 7, [], ["models.m.cache: nothing is remembered"])


@asynccontextmanager
async def client(keys: Any = None, readiness: Readiness = READY) -> AsyncIterator[httpx2.AsyncClient]:
    snapshot = snapshot_of(routing(), endpoints_at(HandClock()))
    application = make_application(lambda: snapshot, lambda: readiness, keys, lambda: ID)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(application), base_url="http://g") as made:
        yield made


async def test_alive_is_whoever_answers() -> None:
    async with client() as asking:
        reply = await asking.get("/health")
        assert (reply.status_code, reply.json()) == (200, {"status": "alive"})


@pytest.mark.parametrize(("readiness", "status"), [
    (READY, 200), (Readiness(False, 7, ["model m: no endpoint of v1 answers"]), 503),
])  # fmt: skip
async def test_readiness_says_what_is_missing(readiness: Readiness, status: int) -> None:
    async with client(readiness=readiness) as asking:
        reply = await asking.get("/ready")
        assert (reply.status_code, reply.json()) == (status, readiness.document())
        assert reply.json().keys() == {"ready", "revision", "missing", "degraded", "warnings"}


async def test_models_are_those_that_can_be_asked_for() -> None:
    async with client() as asking:
        listed = (await asking.get("/v1/models")).json()
        assert listed == {"object": "list", "data": [
            {"id": "m", "object": "model", "created": 1_700_000_000, "owned_by": "gatewright"}]}  # fmt: skip
        assert (await asking.get("/v1/models/m")).json() == listed["data"][0]
        assert (await asking.get("/v1/models/m@v1")).json()["id"] == "m@v1"
        refused = await asking.get("/v1/models/served")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")


async def test_models_are_told_to_those_who_have_a_key_and_health_to_everybody() -> None:
    async with client({str(KEY.sha256): KEY}) as asking:
        for path in ("/v1/models", "/v1/models/m"):
            assert (await asking.get(path)).status_code == 401
            assert (await asking.get(path, headers={"authorization": "Bearer sk-a"})).status_code == 200
            assert (await asking.get(path, headers={"x-api-key": "sk-b"})).json()["error"]["code"] == "invalid_api_key"
        assert (await asking.get("/health")).status_code == (await asking.get("/ready")).status_code == 200


@pytest.mark.parametrize("path", [
    "/", "/v1", "/v1/", "/metrics", "/docs", "/openapi.json", "/load", "/version", "/ping", "/invocations", "/sleep",
    "/wake_up", "/server_info", "/collective_rpc", "/v1/load_lora_adapter", "/health/", "/HEALTH",
    "/v1//models", "/v1/chat/completions/", "/v1/chat/../load", "/%2e%2e/load",
    "//v1/models", "/admin", "/v1/responses/resp_1",
])  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_any_other_path_is_not_here(method: str, path: str) -> None:
    """Nothing is passed on by prefix: a model server's control paths cannot be reached."""
    async with client() as asking:
        reply = await asking.request(method, path)
        assert (reply.status_code, reply.headers.get("location")) == (404, None)
        assert reply.json()["error"]["code"] in ("unknown_path", "model_not_found")


@pytest.mark.parametrize("path", [operation.path for operation in OPERATIONS])
async def test_an_operation_is_posted_to_and_nothing_else(path: str) -> None:
    async with client() as asking:
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
            reply = await asking.request(method, path)
            assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
            assert reply.json()["error"]["code"] == "method_not_allowed"


async def test_what_is_only_read_is_not_written() -> None:
    async with client() as asking:
        for path in ("/health", "/ready", "/v1/models"):
            reply = await asking.post(path)
            assert (reply.status_code, reply.json()["error"]["code"]) == (405, "method_not_allowed")
            assert "GET" in reply.headers["allow"]


async def test_every_reply_has_an_id_and_the_revision() -> None:
    async with client() as asking:
        for path in ("/health", "/v1/models", "/nowhere"):
            headers = (await asking.get(path)).headers
            assert (headers["x-request-id"], headers["x-gatewright-revision"]) == (ID, "7")
            assert (headers["x-gatewright-cache"], headers["x-gatewright-attempts"]) == ("bypass", "0")
            assert headers["content-type"] == "application/json"


async def test_a_bug_is_a_500_in_openais_shape_that_tells_nothing() -> None:
    def broken() -> Readiness:
        raise KeyError("a secret")

    snapshot = snapshot_of(routing(), endpoints_at(HandClock()))
    application = make_application(lambda: snapshot, broken, None, lambda: ID)
    transport = httpx2.ASGITransport(application, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://g") as asking:
        reply = await asking.get("/ready")
        assert (reply.status_code, reply.json()["error"]["code"]) == (500, "internal_error")
        assert "a secret" not in reply.text
