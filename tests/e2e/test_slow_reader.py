"""A client that reads slowly costs a bounded amount of memory, holds back its own server, and nobody else."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.e2e.asking import Heard, ask, request
from tests.fakes.behaviour import Behaviour
from tests.fakes.upstream import FakeVLLM
from tests.gateway_process import GatewayProcess
from tests.raw_client import RawClient

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOKEN = "x" * 16_384
MEGABYTE = 1 << 20


class SlowClient(RawClient):
    """Reads only when told to; its socket holds little."""

    async def __aenter__(self) -> SlowClient:
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.setblocking(False)
        await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self._port))
        self.reader, self.writer = await asyncio.open_connection(sock=raw, limit=4096)
        return self


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def test_a_reader_that_stops_holds_back_its_server_not_the_gateways_memory(
    gateway: GatewayProcess, fake: FakeVLLM
) -> None:
    """The server's own writes stall; 64 MB that it would send are not in the gateway; others are answered meanwhile."""
    (worker,) = (await gateway.worker_pids()).values()
    await ask(gateway.port, request(name="warm"))
    before = resident_bytes(worker)
    fake.keep_sent = False
    fake.script(Behaviour(text=(TOKEN,) * 4096))
    async with SlowClient(gateway.port) as client:
        await client.send(request(stream=True, name="slow"))
        upstream = await fake.request(1)
        await asyncio.wait_for(upstream.stalled.wait(), 5)
        assert (await ask(gateway.port, request(name="meanwhile", max_tokens=1))).text == " meanwhile-0"
        assert resident_bytes(worker) - before < 24 * MEGABYTE
        assert upstream.sent_bytes < 24 * MEGABYTE
    await asyncio.wait_for(upstream.closed_by_client.wait(), 2)


async def test_a_reader_that_is_only_slow_gets_every_byte(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """Held back until its server stalls, then let on: nothing is lost or doubled."""
    fake.script(Behaviour(text=tuple(f"{i:05d}" * 400 for i in range(5000))))
    async with RawClient(gateway.port) as client:
        await client.send(request(stream=True, name="patient"))
        upstream = await fake.request()
        await asyncio.wait_for(upstream.stalled.wait(), 5)
        answer = (await client.read_answers(1, 30))[0]
    assert answer.complete
    heard = Heard(answer.status, answer.headers, bytes(answer.body), answer.complete)
    assert heard.text == "".join(f"{i:05d}" * 400 for i in range(5000))
    assert heard.done


async def test_a_reader_that_never_reads_again_is_let_go(gateway: GatewayProcess, fake: FakeVLLM) -> None:
    """After the stall limit (3 s here) its connection is closed and its server freed; it counts as having left."""
    fake.script(Behaviour(text=(TOKEN,) * 4096))
    async with SlowClient(gateway.port) as client:
        await client.send(request(stream=True, name="stalled"))
        upstream = await fake.request()
        await asyncio.wait_for(upstream.closed_by_client.wait(), 8)
        row = await gateway.recorded(client_request_id="stalled")
        assert row["outcome"] == "abandoned"


async def test_a_crowd_of_them_does_not_slow_the_others(
    gateway: GatewayProcess, fake: FakeVLLM, other: FakeVLLM
) -> None:
    """Their memory stays bounded together, and everybody else is served."""
    (worker,) = (await gateway.worker_pids()).values()
    before = resident_bytes(worker)
    fake.keep_sent = False
    fake.choose(lambda seen: Behaviour(text=(TOKEN,) * 4096) if seen.json["stream"] else None)
    clients = [SlowClient(gateway.port) for _ in range(30)]
    try:
        for i, client in enumerate(clients):
            await client.__aenter__()
            await client.send(request(stream=True, name=f"many-{i}"))
        await fake.until(lambda: sum(seen.stalled.is_set() for seen in fake.inference) == 30, 20)
        heard = await asyncio.gather(*(ask(gateway.port, request(name=f"quick-{i}")) for i in range(50)))
        assert {each.status for each in heard} == {200}
        assert resident_bytes(worker) - before < 64 * MEGABYTE
    finally:
        for client in clients:
            client.abort()
            await client.close()
    await fake.until(lambda: all(seen.closed_by_client.is_set() or seen.finished.is_set() for seen in fake.inference))
