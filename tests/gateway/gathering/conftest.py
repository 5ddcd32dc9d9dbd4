"""A gateway's stages before a scripted model server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.fakes.upstream import FakeVLLM
from tests.gateway.gathering.house import House


@pytest_asyncio.fixture
async def fake() -> AsyncIterator[FakeVLLM]:
    async with FakeVLLM("m") as fake:
        yield fake


@pytest.fixture
async def house(tmp_path: Path, fake: FakeVLLM) -> House:
    return House(tmp_path, fake)
