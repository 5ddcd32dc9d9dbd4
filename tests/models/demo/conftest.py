import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from models.demo import server
from models.demo.engine import Engine
from models.demo.memory import ResponseMemory
from models.demo.metrics import Metrics
from models.demo.process import Process, listen
from models.demo.service import Service
from tests.models.demo.scripted import ByteTokenizer, Say, ScriptedNetwork, ScriptedSampler, saying

MODEL = "scripted"
LIMIT = 512
NOW = 1_700_000_000
FINGERPRINT = "vllm-0.32.0-00000000"
DEADLINE_SECONDS = 10.0


@dataclass
class Server:
    """A demo server on a port of its own, whose network follows a script."""

    url: str
    engine: Engine
    network: ScriptedNetwork
    process: Process
    http: httpx2.AsyncClient

    async def post(self, path: str, **body: Any) -> httpx2.Response:
        return await self.http.post(path, json=body)

    async def chat(self, **more: Any) -> httpx2.Response:
        return await self.post("/v1/chat/completions", **{"messages": [{"role": "user", "content": "Hi"}]} | more)


Serve = Callable[..., Awaitable[Server]]
Until = Callable[[Callable[[], bool]], Awaitable[None]]


@asynccontextmanager
async def serving(say: Say, seats: int, gate: threading.Semaphore | None) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    network, metrics = ScriptedNetwork(say, seats, gate), Metrics(MODEL)
    engine = Engine(network, ScriptedSampler(), metrics, loop.call_soon_threadsafe)
    service = Service(
        engine=engine,
        tokenizer=ByteTokenizer(),
        metrics=metrics,
        names=(MODEL, "alias"),
        root="/models/scripted",
        max_model_len=LIMIT,
        vocabulary=ScriptedNetwork.vocabulary,
        fingerprint=FINGERPRINT,
        clock=lambda: NOW,
        memory=ResponseMemory(most=2),
    )
    ready = asyncio.Event()
    process = Process(server.build(service), ready.set, engine.stop)
    engine.on_death = lambda: loop.call_soon_threadsafe(process.end)
    engine.start()
    sockets = listen("127.0.0.1", [0])
    url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    running = asyncio.create_task(process.serve_until_told(sockets))
    await ready.wait()
    async with httpx2.AsyncClient(base_url=url, timeout=DEADLINE_SECONDS, trust_env=False) as http:
        yield Server(url, engine, network, process, http)
        if gate:
            gate.release(1 << 20)
    process.end()
    await running


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that end with the test."""
    async with AsyncExitStack() as servers:

        async def start(say: Say | str = "Hello", seats: int = 16, gate: threading.Semaphore | None = None) -> Server:
            script = saying(say) if isinstance(say, str) else say
            return await servers.enter_async_context(serving(script, seats, gate))

        yield start


@pytest.fixture
def until() -> Until:
    """Waits for a condition; the test fails if it does not come true."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not condition():
                await asyncio.sleep(0.005)

    return wait
