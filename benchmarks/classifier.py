"""What the classifier process costs: how long it takes to start, its memory, and its time, alone and asked by many.

    python benchmarks/classifier.py [--classifier names] [--threads 2] [--seconds 8] [--lengths 80,1000,4000]

It starts the process as the supervisor does, and asks it over its socket as a data worker does. Processor time is the
process's own, so that it tells something on a machine with other work, too.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

from gateway.config.handover import settings_line
from gateway.config.settings import Settings
from guardrails.classifiers.client import ClassifierAway, ClassifierClient
from guardrails.classifiers.frames import socket_in
from guardrails.classifiers.settings import CheckpointSettings, ClassifierSettings

SENTENCE = ("the committee thanked Maria Lopez for her work on the new depot and asked John Carter to report on what "
            "the regional supply network needs before winter while nobody at 14 Rosewood Lane had heard of it")
SPREAD = 0.25  # texts of a length are so much shorter or longer: real ones are not all alike
CLIENTS = (1, 8, 32)


class Silent:
    """A log."""

    def info(self, event: str, **fields: Any) -> None: ...
    def warning(self, event: str, **fields: Any) -> None: ...


class Texts:
    """Texts of about one length, each another one: none is remembered."""

    def __init__(self, length: int, seed: int) -> None:
        self._length = length
        self._random = random.Random(seed)

    def __iter__(self) -> "Texts":
        return self

    def __next__(self) -> str:
        length = round(self._length * self._random.uniform(1 - SPREAD, 1 + SPREAD))
        return " ".join(self._random.choices(SENTENCE.split(), k=length // 3))[:length]


def loads(classifier: str, threads: int | None) -> ClassifierSettings:
    """A built-in one by its name; a checkpoint by its folder, as `own`."""
    if "/" in classifier:
        return ClassifierSettings(load=[], threads=threads, models={"own": CheckpointSettings(checkpoint=classifier)})
    return ClassifierSettings(load=[classifier], threads=threads)  # type: ignore[list-item]


def start(folder: Path, classifiers: ClassifierSettings) -> subprocess.Popen[bytes]:
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    process = subprocess.Popen([sys.executable, "-m", "operations.classifier", "--name", "c0"], stdin=subprocess.PIPE,
                               env=os.environ | single)
    assert process.stdin is not None
    settings = Settings(routing="none", state=str(folder), classifiers=classifiers, log_level="warning")
    process.stdin.write(settings_line(settings))
    process.stdin.flush()
    return process


class Bench:
    """One process, and a client on it."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, name: str) -> None:
        self._process = process
        self._name = name
        self._client = ClassifierClient(socket_in(folder), Silent())

    async def ask(self, *texts: str) -> None:
        await self._client.read(self._name, texts, 120.0, {"A": ["a sentence"]} if self._name == "topics" else None)

    async def connect(self) -> asyncio.Task[None]:
        """Returns once the process answers."""
        connecting = asyncio.create_task(self._client.run())
        while True:
            try:
                await self.ask("Maria Lopez")
            except ClassifierAway:
                await asyncio.sleep(0.01)
            else:
                return connecting

    async def measure(self, length: int, clients: int, seconds: float) -> dict[str, float]:
        texts = Texts(length, 100 * length + clients)
        took: list[float] = []
        cpu, began = self._cpu_seconds(), time.perf_counter()
        end = began + seconds

        async def ask() -> None:
            while time.perf_counter() < end:
                before = time.perf_counter()
                await self.ask(next(texts))
                took.append(time.perf_counter() - before)

        await asyncio.gather(*(ask() for _ in range(clients)))
        whole = time.perf_counter() - began
        cpu = self._cpu_seconds() - cpu
        took.sort()
        return {"characters": length, "clients": clients, "requests_a_second": round(len(took) / whole, 1),
                "ms_median": round(1000 * took[len(took) // 2], 1),
                "ms_99": round(1000 * took[len(took) * 99 // 100], 1),
                "cpu_ms_a_request": round(1000 * cpu / len(took), 2), "cores": round(cpu / whole, 2)}

    async def again(self) -> dict[str, float]:
        """A conversation of forty messages of a thousand characters, sent once more: everything is remembered."""
        texts = list(itertools.islice(Texts(1001, 1), 40))
        await self.ask(*texts)
        began = time.perf_counter()
        for _ in range(100):
            await self.ask(*texts)
        return {"remembered_ms": round(10 * (time.perf_counter() - began), 3)}

    def _cpu_seconds(self) -> float:
        user, system = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> dict[str, int]:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        sizes = {line.split()[0]: int(line.split()[1]) for line in status.splitlines() if line.startswith("Vm")}
        return {"memory_mb": sizes["VmRSS:"] // 1024, "memory_most_mb": sizes["VmHWM:"] // 1024}


async def run(bench: Bench, lengths: list[int], seconds: float, began: float) -> None:
    connecting = await bench.connect()
    print(json.dumps({"start_seconds": round(time.perf_counter() - began, 2)}))
    for length in lengths:
        one = 0.0
        for clients in CLIENTS:
            found = await bench.measure(length, clients, seconds)
            one = one or found["requests_a_second"]
            print(json.dumps(found | {"times_one_client": round(found["requests_a_second"] / one, 2)}), flush=True)
    print(json.dumps(await bench.again()))
    print(json.dumps(bench.memory()))
    connecting.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classifier", default="names", help="names, safety, topics, or the folder of a checkpoint")
    parser.add_argument("--threads", type=int, help="batches that are read at once; absent: one a core")
    parser.add_argument("--seconds", type=float, default=8.0, help="for each measurement")
    parser.add_argument("--lengths", default="80,1000,4000", help="in characters")
    given = parser.parse_args()
    lengths = [int(length) for length in given.lengths.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        process = start(Path(folder), loads(given.classifier, given.threads))
        try:
            name = "own" if "/" in given.classifier else given.classifier
            uvloop.run(run(Bench(process, Path(folder), name), lengths, given.seconds, began))
        finally:
            process.communicate()  # the end of its lifeline


if __name__ == "__main__":
    main()
