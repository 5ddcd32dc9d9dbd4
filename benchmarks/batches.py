"""What a batch costs those who wait, and how fast it is where nobody does.

    python benchmarks/batches.py [--pairs 6] [--seconds 20] [--rate 1.5] [--in-flight 16] [--workers 2] [--lines 2000]

A real gateway before a scripted model server that shares its time as a GPU does: each token of a reply takes 8 ms and
0.8 ms more for each reply that is being written. People come at random (a Poisson process); each pair of runs has the
same arrivals, once without and once with a batch that never ends, in turn first and second. What is told is the ratio
within one run of the program: the machine's own slowness is in both halves.

Then the lines a second of a batch where nobody waits, at that server and at one that answers at once.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.machine import facts

TOKENS = 24
STEP_SECONDS, SHARE_SECONDS = 0.008, 0.0008
ENDPOINT = "/v1/chat/completions"


class Model:
    """The scripted server. ``step`` and ``share`` are seconds for each token: alone, and more for each other reply."""

    def __init__(self, step: float, share: float) -> None:
        self._step, self._share = step, share
        self.running = 0
        self.answered = 0
        self.given_up = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                await reader.readexactly(length)
                if head.startswith(b"get"):
                    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                elif not await self._written(reader):
                    self.given_up += 1
                    break
                else:
                    self.answered += 1
                    writer.write(HEAD + REPLY)
                await writer.drain()
        writer.close()

    async def _written(self, reader: asyncio.StreamReader) -> bool:
        """Writes the tokens one by one; False where its reader has left."""
        self.running += 1
        try:
            for _ in range(TOKENS if self._step else 0):
                await asyncio.sleep(self._step + self._share * (self.running - 1))
                if reader.at_eof():
                    return False
            return True
        finally:
            self.running -= 1


REPLY = json.dumps({
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * TOKENS}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 12, "completion_tokens": TOKENS, "total_tokens": 12 + TOKENS}}).encode()
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(REPLY)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def gateway(folder: Path, port: int, in_flight: int, workers: int) -> AsyncIterator[httpx2.AsyncClient]:
    """A gateway before the server at ``port``, ready."""
    own = free_port()
    routing = {"versions": {"v1": {"served_model": "m", "endpoints": [f"http://127.0.0.1:{port}"]}},
               "models": {"m": {"split": {"v1": 1}, "batch": {"in_flight": in_flight}}}}
    settings = {"listen": f"127.0.0.1:{own}", "admin": f"127.0.0.1:{free_port()}", "workers": workers, "auth": "none",
                "state": "state", "database": "sqlite:///state/gatewright.db", "routing": "routing.yaml",
                "log_level": "warning", "drain": {"finish": "2s"}}
    process = await asyncio.to_thread(start, folder, routing, settings)
    limits = httpx2.Limits(max_connections=200)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{own}", trust_env=False, timeout=60,
                                  limits=limits) as client:
        try:
            await ready(client)
            yield client
        finally:
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait)


def start(folder: Path, routing: object, settings: object) -> subprocess.Popen[bytes]:
    (folder / "routing.yaml").write_text(json.dumps(routing))  # JSON is YAML
    (folder / "gatewright.yaml").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([sys.executable, "-m", "operations.cli", "serve", "--config",
                                 str(folder / "gatewright.yaml")], stdout=log, stderr=log)


async def ready(client: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(120):
        while True:
            with contextlib.suppress(httpx2.HTTPError):
                if (await client.get("/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)


def body(nonce: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": f"Tell me about rivers. {nonce}"}]}


async def begin_batch(client: httpx2.AsyncClient, lines: int) -> str:
    written = b"".join(json.dumps({"custom_id": f"q{number}", "method": "POST", "url": ENDPOINT,
                                   "body": body(str(number))}).encode() + b"\n" for number in range(lines))
    sent = await client.post("/v1/files", data={"purpose": "batch"}, files={"file": ("lines.jsonl", written)})
    asked = {"input_file_id": sent.json()["id"], "endpoint": ENDPOINT, "completion_window": "24h"}
    batch: str = (await client.post("/v1/batches", json=asked)).json()["id"]
    return batch


async def state_of(client: httpx2.AsyncClient, batch: str) -> dict[str, Any]:
    told: dict[str, Any] = (await client.get(f"/v1/batches/{batch}")).json()
    return told


async def people(client: httpx2.AsyncClient, seconds: float, rate: float, seed: int) -> list[float]:
    """How long each who came had to wait."""
    chance = random.Random(seed)
    waits: list[float] = []

    async def ask(at: float, number: int) -> None:
        await asyncio.sleep(at)
        began = time.perf_counter()
        reply = await client.post(ENDPOINT, json=body(f"person {seed} {number}"))
        assert reply.status_code == 200, reply.text
        waits.append(time.perf_counter() - began)

    at, arrivals = 0.0, []
    while (at := at + chance.expovariate(rate)) < seconds:
        arrivals.append(at)
    await asyncio.gather(*(ask(at, number) for number, at in enumerate(arrivals)))
    return waits


def quantile(waits: Sequence[float], part: float) -> float:
    return statistics.quantiles(waits, n=100, method="inclusive")[round(part * 100) - 1]


async def disturbance(options: argparse.Namespace, folder: Path) -> None:
    model = Model(STEP_SECONDS, SHARE_SECONDS)
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    without: list[float] = []
    beside: list[float] = []
    ratios, answered = [], 0
    async with gateway(folder, port, options.in_flight, options.workers) as client:
        await people(client, 5.0, options.rate, 0)  # what has to be loaded is loaded
        for pair in range(options.pairs):
            halves: dict[bool, list[float]] = {}
            for with_batch in ((False, True), (True, False))[pair % 2]:
                if with_batch:
                    batch = await begin_batch(client, 20_000)
                    while (await state_of(client, batch))["status"] == "validating":
                        await asyncio.sleep(0.1)
                    await asyncio.sleep(2)
                halves[with_batch] = await people(client, options.seconds, options.rate, pair + 1)
                if with_batch:
                    answered += (await state_of(client, batch))["request_counts"]["completed"]
                    await client.post(f"/v1/batches/{batch}/cancel")
                    while (await state_of(client, batch))["status"] != "cancelled":
                        await asyncio.sleep(0.1)
            without += halves[False]
            beside += halves[True]
            ratios.append(quantile(halves[True], 0.95) / quantile(halves[False], 0.95))
            print(f"pair {pair + 1}: p95 {ratios[-1]:.3f}  ({os.getloadavg()[0]:.1f} load)")
    server.close()
    print(f"\n{len(without)} requests in each half, {options.rate}/s; {options.in_flight} lines in flight at most")
    for part in (0.5, 0.95):
        one, other = quantile(without, part), quantile(beside, part)
        print(f"p{part * 100:.0f}: {one * 1000:.0f} ms alone, {other * 1000:.0f} ms beside a batch: {other / one:.3f}")
    print(f"p95 by pair: {min(ratios):.3f} to {max(ratios):.3f}, median {statistics.median(ratios):.3f}")
    print(f"lines answered meanwhile: {answered / options.pairs / options.seconds:.1f} a second; given up at the "
          f"server: {model.given_up}")


async def speed(options: argparse.Namespace, folder: Path, lines: int, step: float, share: float, says: str) -> None:
    model = Model(step, share)
    server = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    async with gateway(folder, server.sockets[0].getsockname()[1], options.in_flight, options.workers) as client:
        batch = await begin_batch(client, lines)
        began = 0.0
        while (told := await state_of(client, batch))["status"] != "completed":
            assert told["status"] not in ("failed", "expired"), told
            began = began or (time.perf_counter() if told["status"] == "in_progress" else 0.0)
            await asyncio.sleep(0.05)
        took = time.perf_counter() - began
        print(f"{says}: {lines / took:.0f} lines a second ({lines} in {took:.1f} s, the output written)")
    server.close()


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=6, help="0: the speed alone")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rate", type=float, default=1.5)
    parser.add_argument("--in-flight", type=int, default=16)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lines", type=int, default=2000)
    options = parser.parse_args()
    for name, value in facts().items():
        print(f"{name:14}{value}")
    if options.pairs:
        with tempfile.TemporaryDirectory() as folder:
            await disturbance(options, Path(folder))
    for lines, step, share, says in (
            (options.lines, STEP_SECONDS, SHARE_SECONDS, "where nobody waits, at that server"),
            (10 * options.lines, 0.0, 0.0, "at a server that answers at once")):
        with tempfile.TemporaryDirectory() as folder:
            await speed(options, Path(folder), lines, step, share, says)


if __name__ == "__main__":
    asyncio.run(main())
