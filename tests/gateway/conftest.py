"""One gateway and one fake upstream for the files of raw requests: thousands of requests, one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess, routing_to

# Short, so that a slow client is cut while the test looks on.
LIMITS = {"header_time": "1s", "body_time": "1s", "idle_time": "2s"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fake() -> AsyncIterator[FakeVLLM]:
    async with FakeVLLM("m") as fake:
        yield fake


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateway(fake: FakeVLLM, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayProcess]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    async with GatewayProcess(folder, routing_to(fake.url), limits=LIMITS) as gateway:
        yield gateway
