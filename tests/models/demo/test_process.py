"""models.demo.process: sockets and the end."""

import asyncio
import threading

import pytest

from models.demo.process import listen
from tests.models.demo.conftest import Serve, Until


def test_a_port_that_is_taken_is_named() -> None:
    (taken,) = listen("127.0.0.1", [0])
    taken.listen()
    port = taken.getsockname()[1]
    with taken, pytest.raises(OSError, match=f"port {port} of 127.0.0.1 cannot be had"):
        listen("127.0.0.1", [port])


def test_several_ports_are_several_sockets() -> None:
    first, second = listen("127.0.0.1", [0, 0])
    with first, second:
        assert first.getsockname()[1] != second.getsockname()[1]


async def test_at_the_end_a_stream_under_way_is_told_and_a_whole_answer_is_refused(serve: Serve, until: Until) -> None:
    gate = threading.Semaphore(10)
    server = await serve("x" * 400, gate=gate)
    whole = asyncio.create_task(server.chat())
    async with server.http.stream(
        "POST", "/v1/chat/completions", json={"messages": [{"role": "user", "content": "Hi"}], "stream": True}
    ) as stream:
        lines = stream.aiter_lines()
        await anext(lines)
        server.process.end()
        await until(lambda: server.engine._stopping)
        gate.release(1 << 20)
        *_, error, _, done, _ = [line async for line in lines]
    assert error.startswith('data: {"error": {"message": "EngineCore encountered an issue.')
    assert done == "data: [DONE]"
    assert (await whole).status_code == 500
