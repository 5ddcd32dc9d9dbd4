"""What a guard by the transformer costs through a gateway: requests a second by one client and by many, and how late
the event loop of the data worker runs while the classifier is flooded.

    python benchmarks/classified.py [--seconds 8] [--threads 2]

The gateway has one worker; its model is a server here that answers at once. Load and model are on the same cores.
"""

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.classifier import Texts
from benchmarks.servers import free_port

REPLY = json.dumps({"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Yes."}}]}).encode()
CLIENTS = (1, 8, 32)
SHORT, LONG = 80, 20_000  # characters
FLOOD = 64  # clients
POLICY = {"prompt": {"toxicity": {"action": "flag", "tier": "transformer", "when": "before"}}, "on_error": "allow",
          "deadline_ms": 1000}


class Model(asyncio.Protocol):
    """A model server: whatever is asked, it says yes. A request is taken to arrive whole or with its end last."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._arrived, self._wanted = b"", 0

    def data_received(self, data: bytes) -> None:
        self._arrived += data
        head, blank, body = self._arrived.partition(b"\r\n\r\n")
        if blank and len(body) >= _length(head):
            self._arrived = b""
            self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                                  % len(REPLY) + REPLY)


def _length(head: bytes) -> int:
    return next((int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n")
                 if line.startswith(b"content-length:")), 0)


class Client:
    """One connection, kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, text: str) -> bool:
        """Whether it was judged; else it was passed on unchecked."""
        self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}]}).encode()
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                     b"content-length: %d\r\n\r\n" % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(_length(head))
        assert head.startswith(b"HTTP/1.1 200"), head
        return b"unchecked" not in head


async def load(port: int, length: int, clients: int, seconds: float) -> dict[str, float]:
    texts = Texts(length, 1000 * length + clients)
    took: list[float] = []
    judged = 0
    began = time.perf_counter()
    end = began + seconds

    async def go() -> None:
        nonlocal judged
        client = Client(port)
        while time.perf_counter() < end:
            before = time.perf_counter()
            was_judged = await client.ask(next(texts))
            judged += was_judged
            took.append(time.perf_counter() - before)

    await asyncio.gather(*(go() for _ in range(clients)))
    whole = time.perf_counter() - began
    took.sort()
    return {"characters": length, "clients": clients, "requests_a_second": round(len(took) / whole, 1),
            "judged": round(judged / len(took), 3), "ms_median": round(1000 * took[len(took) // 2], 1),
            "ms_99": round(1000 * took[len(took) * 99 // 100], 1)}


async def lags(admin: int, seconds: float) -> list[float]:
    """How late the worker's event loop was, in milliseconds: the most of each second."""
    found: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        await asyncio.sleep(1)
        text = await asyncio.to_thread(_page, f"http://127.0.0.1:{admin}/metrics")
        found.extend(1000 * float(line.split()[-1]) for line in text.splitlines()
                     if line.startswith("gatewright_worker_loop_lag_seconds{"))
    return [round(lag, 2) for lag in sorted(found)]


def _page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        text: str = reply.read().decode()
        return text


async def measure(port: int, admin: int, seconds: float) -> None:
    await load(port, SHORT, 1, 1)
    one = 0.0
    for clients in CLIENTS:
        found = await load(port, SHORT, clients, seconds)
        one = one or found["requests_a_second"]
        print(json.dumps(found | {"times_one_client": round(found["requests_a_second"] / one, 2)}), flush=True)
    print(json.dumps({"loop_lag_ms_idle": await lags(admin, seconds)}), flush=True)
    flood, late = await asyncio.gather(load(port, LONG, FLOOD, seconds), lags(admin, seconds))
    print(json.dumps(flood | {"loop_lag_ms_flooded": late}), flush=True)


async def run(folder: Path, classifiers: dict[str, Any], seconds: float) -> None:
    server = await asyncio.get_running_loop().create_server(Model, "127.0.0.1", 0)
    upstream = server.sockets[0].getsockname()[1]
    port, admin = free_port(), free_port()
    (folder / "routing.yaml").write_text(json.dumps({
        "versions": {"v": {"served_model": "m", "endpoints": [f"http://127.0.0.1:{upstream}"]}},
        "models": {"m": {"split": {"v": 1}, "policy": "p"}}, "policies": {"p": POLICY}}))
    (folder / "gatewright.yaml").write_text(json.dumps({
        "routing": "routing.yaml", "auth": "none", "listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}",
        "classifiers": classifiers, "log_level": "error"}))
    command = [sys.executable, "-m", "operations.cli", "serve", "--config", str(folder / "gatewright.yaml")]
    gateway = await asyncio.create_subprocess_exec(*command, stderr=subprocess.DEVNULL)
    try:
        await _until_ready(port)
        await measure(port, admin, seconds)
    finally:
        gateway.terminate()
        await gateway.wait()


async def _until_ready(port: int) -> None:
    while True:
        with contextlib.suppress(OSError):
            told = json.loads(await asyncio.to_thread(_page, f"http://127.0.0.1:{port}/ready"))
            if told["ready"] and not told["degraded"]:
                return
        await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each measurement")
    parser.add_argument("--threads", type=int, help="of the classifier process; absent: one a core")
    given = parser.parse_args()
    classifiers: dict[str, Any] = {"load": ["safety"]} | ({"threads": given.threads} if given.threads else {})
    with tempfile.TemporaryDirectory() as folder:
        uvloop.run(run(Path(folder), classifiers, given.seconds))


if __name__ == "__main__":
    main()
