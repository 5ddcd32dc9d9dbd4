"""What gathering brings: embeddings by one client and by many through a gateway, gathered and each by itself.

    python -m benchmarks.gathering [--seconds 3] [--pairs 5] [--ways instant,plain,batching,minilm]

Both are measured in turn on the same gateway before the same server (benchmarks/embedding_server.py): a pair is of the
same seconds, so that neighbours on the machine touch both alike, and what is reported is the ratio of each pair,
gathered to single, in the median and the extremes. Processor time is that of the server and of the data worker.
"""

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.classifier import Texts
from benchmarks.embedding_server import WAYS
from benchmarks.processes import command_line, family
from benchmarks.ratios import Spread, ratio, spread
from benchmarks.servers import free_port

CLIENTS = (1, 8, 64)
CHARACTERS = 80
TICK = 0.5 / os.sysconf("SC_CLK_TCK")  # seconds: what the kernel's counting leaves open is halved
SINGLE_THREADED = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}


class Client:
    """One connection, kept."""

    def __init__(self, port: int, model: str) -> None:
        self._port = port
        self._model = model
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, text: str) -> None:
        self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        body = json.dumps({"model": self._model, "input": text}).encode()
        writer.write(b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                     b"content-length: %d\r\n\r\n" % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = next(int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n")
                      if line.startswith(b"content-length:"))
        await reader.readexactly(length)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


class Bench:
    """A gateway with the models `gathered` and `single` before one server, and the processes that count."""

    def __init__(self, port: int, server: int, worker: int) -> None:
        self.url = f"http://127.0.0.1:{port}/v1"
        self._port = port
        self._server = server
        self._worker = worker

    async def measure(self, model: str, clients: int, seconds: float) -> dict[str, float]:
        texts = Texts(CHARACTERS, clients)
        asking = [Client(self._port, model) for _ in range(clients)]
        took: list[float] = []
        server, worker, began = _cpu_seconds(self._server), _cpu_seconds(self._worker), time.perf_counter()

        async def go(client: Client) -> None:
            while time.perf_counter() < began + seconds:
                before = time.perf_counter()
                await client.ask(next(texts))
                took.append(time.perf_counter() - before)

        await asyncio.gather(*map(go, asking))
        whole = time.perf_counter() - began
        for client in asking:
            client.close()
        took.sort()
        return {"requests_a_second": len(took) / whole, "ms_median": 1000 * took[len(took) // 2],
                "server_cpu_us": 1e6 * (_cpu_seconds(self._server) - server + TICK) / len(took),
                "gateway_cpu_us": 1e6 * (_cpu_seconds(self._worker) - worker + TICK) / len(took)}

    async def compare(self, clients: int, pairs: int, seconds: float) -> dict[str, str]:
        """Every figure of `gathered` over that of `single`; who comes first turns."""
        found: dict[str, list[dict[str, float]]] = {"gathered": [], "single": []}
        for number in range(pairs):
            for model in sorted(found, reverse=bool(number % 2)):
                found[model].append(await self.measure(model, clients, seconds))
        gathered, single = found["gathered"], found["single"]
        told = {f"{name} ratio": ratio([one[name] for one in gathered], [one[name] for one in single])
                for name in gathered[0]}
        told |= {f"{name} {model}": spread([one[name] for one in measured])
                 for name in gathered[0] for model, measured in found.items()}
        return {name: _written(value) for name, value in told.items()}


def _written(told: Spread) -> str:
    digits = 0 if told.median >= 100 else 2
    return f"{told.median:.{digits}f} ({told.least:.{digits}f}..{told.greatest:.{digits}f})"


def _cpu_seconds(pid: int) -> float:
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def started(way: str, folder: Path) -> Iterator[Bench]:
    upstream, port, admin = free_port(), free_port(), free_port()
    (folder / "routing.yaml").write_text(json.dumps({
        "versions": {"v": {"served_model": "m", "endpoints": [f"http://127.0.0.1:{upstream}"]}},
        "models": {"gathered": {"split": {"v": 1}}, "single": {"split": {"v": 1}, "gather": "none"}}}))
    (folder / "gatewright.yaml").write_text(json.dumps({
        "routing": "routing.yaml", "auth": "none", "listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}",
        "log_level": "error"}))
    command = [sys.executable, "-m", "benchmarks.embedding_server", "--port", str(upstream), "--way", way]
    server = subprocess.Popen(command, env=os.environ | SINGLE_THREADED)
    gateway = subprocess.Popen(
        [sys.executable, "-m", "operations.cli", "serve", "--config", str(folder / "gatewright.yaml")],
        stderr=subprocess.DEVNULL)
    try:
        _wait(port)
        (worker,) = (pid for pid in family(gateway.pid) if "gateway.worker" in command_line(pid))
        yield Bench(port, server.pid, worker)
    finally:
        for process in (gateway, server):
            process.terminate()
            process.wait()


def _wait(port: int) -> None:
    body = json.dumps({"model": "single", "input": "ready?"}).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/embeddings", body, {"content-type": "application/json"})
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=10):
            return
        time.sleep(0.1)
    raise SystemExit("the gateway does not answer")


async def compare(bench: Bench, pairs: int, seconds: float, way: str) -> None:
    for clients in CLIENTS:
        await bench.measure("single", clients, min(seconds, 1.0))
        told = await bench.compare(clients, pairs, seconds)
        print(json.dumps({"server": way, "clients": clients} | told), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each measurement")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--ways", default=",".join(WAYS), help="how the server answers")
    given = parser.parse_args()
    for way in given.ways.split(","):
        with tempfile.TemporaryDirectory() as folder, started(way, Path(folder)) as bench:
            uvloop.run(compare(bench, given.pairs, given.seconds, way))


if __name__ == "__main__":
    main()
