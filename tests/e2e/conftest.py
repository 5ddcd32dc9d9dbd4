"""For each file of faults: two fake upstreams that survive it, and one real gateway before them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess

pytest.register_assert_rewrite("tests.e2e.asking")
HASTY = {"connect": "300ms", "first_token": "500ms", "between_tokens": "500ms", "total": "2s"}
SETTINGS = {"limits": {"stalled_reader_time": "3s"}, "drain": {"grace": "200ms", "finish": "2s"}}


def routing(fake: FakeVLLM, other: FakeVLLM) -> dict[str, Any]:
    """`m` has one server, `pair` two, `backed` one and a version to fall back to; `hasty` and `hasty-pair` hurry."""
    versions = {
        "one": {"served_model": "m", "endpoints": [fake.url]},
        "two": {"served_model": "m", "endpoints": [fake.url, other.url]},
        "spare": {"served_model": "m", "endpoints": [other.url]},
    }
    models = {
        "m": {"split": {"one": 1}},
        "pair": {"split": {"two": 1}},
        "backed": {"split": {"one": 1}, "fallback": ["spare"]},
        "hasty": {"split": {"one": 1}, "timeouts": HASTY},
        "hasty-pair": {"split": {"two": 1}, "timeouts": HASTY},
    }
    return {"versions": versions, "models": models}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fake() -> AsyncIterator[FakeVLLM]:
    async with FakeVLLM("m", keep_sent=True) as fake:
        yield fake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def other() -> AsyncIterator[FakeVLLM]:
    async with FakeVLLM("m", keep_sent=True) as other:
        yield other


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(
    fake: FakeVLLM, other: FakeVLLM, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[GatewayProcess]:
    async with GatewayProcess(tmp_path_factory.mktemp("gateway"), routing(fake, other), **SETTINGS) as gateway:
        yield gateway


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_scripted(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Each test begins with fakes that behave, and leaves none that was sent what it must object to."""
    fakes = [request.getfixturevalue(name) for name in ("fake", "other") if name in request.fixturenames]
    for fake in fakes:
        fake.reset()
    yield
    for fake in fakes:
        assert fake.violations == []
        assert fake.control_calls == []
