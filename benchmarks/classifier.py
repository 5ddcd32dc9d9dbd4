"""What the classifier process costs: how long it takes to start, its memory, and its time, alone and asked by many.

    python benchmarks/classifier.py [--seconds 8]

It starts the process as the supervisor does, and asks it over its socket as a data worker does.
"""

import argparse
import asyncio
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from gateway.config.handover import settings_line
from gateway.config.settings import Settings
from guardrails.classifiers.client import ClassifierAway, ClassifierClient
from guardrails.classifiers.frames import socket_in

SENTENCE = ("the committee thanked Maria Lopez for her work on the new depot and asked John Carter to report on what "
            "the regional supply network needs before winter while nobody at 14 Rosewood Lane had heard of it")
LENGTHS = (60, 1000, 4000)


class Silent:
    """A log."""

    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...


class Texts:
    """Texts of one length, each another one: none is remembered."""

    def __init__(self, length: int, seed: int) -> None:
        self._length = length
        self._random = random.Random(seed)

    def __iter__(self) -> "Texts":
        return self

    def __next__(self) -> str:
        words = self._random.choices(SENTENCE.split(), k=self._length // 3)
        return " ".join(words)[: self._length]


def start(folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "operations.classifier", "--name", "c0"], stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(settings_line(Settings(routing="none", state=str(folder), classifiers=1)))
    process.stdin.flush()
    return process


async def connect(folder: Path) -> tuple[ClassifierClient, asyncio.Task[None]]:
    """A client, once the process answers."""
    client = ClassifierClient(socket_in(folder), Silent())
    connecting = asyncio.create_task(client.run())
    while True:
        try:
            await client.read("names", ["Maria Lopez"], 30.0)
        except ClassifierAway:
            await asyncio.sleep(0.01)
        else:
            return client, connecting


async def measure(client: ClassifierClient, length: int, clients: int, seconds: float) -> dict[str, float]:
    texts = Texts(length, 100 * length + clients)
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def ask() -> None:
        while time.perf_counter() < end:
            began = time.perf_counter()
            await client.read("names", [next(texts)], 60.0)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(clients)))
    whole = time.perf_counter() - began
    took.sort()
    return {"characters": length, "clients": clients, "requests": len(took),
            "ms_median": round(1000 * took[len(took) // 2], 1), "ms_99": round(1000 * took[len(took) * 99 // 100], 1),
            "ms_per_1000_characters": round(1000 * whole / len(took) / length * 1000, 1)}


async def again(client: ClassifierClient) -> dict[str, float]:
    """A conversation of forty messages of a thousand characters, sent once more: everything is remembered."""
    texts = list(itertools.islice(Texts(1001, 1), 40))
    await client.read("names", texts, 120.0)
    began = time.perf_counter()
    for _ in range(100):
        await client.read("names", texts, 60.0)
    return {"remembered_ms": round(10 * (time.perf_counter() - began), 3)}


def memory(process: subprocess.Popen[bytes]) -> dict[str, int]:
    status = Path(f"/proc/{process.pid}/status").read_text()
    sizes = {line.split()[0]: int(line.split()[1]) for line in status.splitlines() if line.startswith("Vm")}
    return {"memory_mb": sizes["VmRSS:"] // 1024, "memory_most_mb": sizes["VmHWM:"] // 1024}


async def ask(process: subprocess.Popen[bytes], folder: Path, began: float, seconds: float) -> None:
    client, connecting = await connect(folder)
    print(json.dumps({"start_seconds": round(time.perf_counter() - began, 2)}))
    for length in LENGTHS:
        for clients in (1, 16, 32):
            print(json.dumps(await measure(client, length, clients, seconds)), flush=True)
    print(json.dumps(await again(client)))
    print(json.dumps(memory(process)))
    connecting.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="for each measurement")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = start(Path(folder))
        try:
            asyncio.run(ask(process, Path(folder), began, seconds))
        finally:
            process.communicate()  # the end of its lifeline


if __name__ == "__main__":
    main()
