"""What a slow guard adds to the time to the first token, by the place where it runs: before, beside or after the model.

    python benchmarks/guard_places.py [--rounds 40] [--characters 300]

A real gateway with its classifier process stands before a scripted server, once for each time that the server takes to
its first token. The guard is ``names``, which reads each prompt with a small model; every prompt is another one, so
that none is remembered. The requests of a round go one after another, one for each place and server, so that what else
the machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.classifier import Texts
from benchmarks.compiled import program
from benchmarks.payloads import MODEL
from benchmarks.servers import free_port

FIRST_TOKEN_MS = (20, 100, 300)
PLACES = ("none", "before", "beside", "after")
PATIENCE_SECONDS = 300.0


def policies() -> dict[str, Any]:
    """Each flags: so the same is done wherever the guard runs."""
    return {place: {"prompt": {"names": {"action": "flag", "when": place}}, "deadline_ms": 60_000}
            for place in PLACES if place != "none"}


def routing(upstreams: dict[int, int]) -> dict[str, Any]:
    versions = {f"v{ms}": {"served_model": MODEL, "endpoints": [f"http://127.0.0.1:{port}"]}
                for ms, port in upstreams.items()}
    models = {f"{place}-{ms}": {"split": {f"v{ms}": 1}, **({"policy": place} if place != "none" else {})}
              for ms in upstreams for place in PLACES}
    return {"versions": versions, "models": models, "policies": policies()}


@contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def gateway(folder: Path, upstreams: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Gives the ports for applications and for operators."""
    port, admin = free_port(), free_port()
    settings = {"listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin}", "workers": 1,
                "classifiers": {"load": ["names"]}, "state": str(folder / "state"), "auth": "none",
                "database": f"sqlite:///{folder / 'gatewright.db'}", "routing": str(folder / "routing.yaml")}
    (folder / "routing.yaml").write_text(json.dumps(routing(upstreams)))
    (folder / "gatewright.yaml").write_text(json.dumps(settings))
    log = folder / "gateway.log"
    command = [sys.executable, "-m", "operations.cli", "serve", "--config", str(folder / "gatewright.yaml")]
    with started(command, log):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _is_ready(port):
            if time.monotonic() > deadline:
                raise SystemExit(log.read_text()[-2000:])
            time.sleep(0.1)
        yield port, admin


def _is_ready(port: int) -> bool:
    try:
        status, told = _get(port, "/ready")
    except OSError:
        return False
    return status == 200 and not told["degraded"]


def _get(port: int, path: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    reply = connection.getresponse()
    return reply.status, json.loads(reply.read())


def first_token_seconds(connection: http.client.HTTPConnection, model: str, text: str) -> float:
    """From the last byte of the request to the first of the reply's body; the rest is read and forgotten."""
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": text}]})
    connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
    began = time.perf_counter()
    reply = connection.getresponse()
    reply.read(1)
    took = time.perf_counter() - began
    if reply.status != 200:
        raise SystemExit(f"{model}: {reply.status} {reply.read()!r}")
    reply.read()
    return took


def measured(port: int, rounds: int, characters: int) -> dict[str, list[float]]:
    texts, chance = Texts(characters, 1), random.Random(2)
    models = [f"{place}-{ms}" for ms in FIRST_TOKEN_MS for place in PLACES]
    took: dict[str, list[float]] = {model: [] for model in models}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in range(-2, rounds):
        for model in chance.sample(models, len(models)):
            seconds = first_token_seconds(connection, model, next(texts))
            if number >= 0:
                took[model].append(seconds)
            if model.startswith("after"):
                time.sleep(0.2)  # so that its guard is at work beside no other request
    return took


def guard_ms(admin: int) -> float:
    """What the guard itself took, by the ledger: the median over those that were waited for."""
    time.sleep(2)
    found = [row["guard_seconds"]["prompt:names"] for place in ("before", "beside") for ms in FIRST_TOKEN_MS
             for row in _get(admin, f"/admin/exchanges?limit=1000&model={place}-{ms}")[1]["exchanges"]]
    return 1000 * statistics.median(found)


def table(took: dict[str, list[float]]) -> Iterator[str]:
    yield "| the model's first token | without guard | before | beside | after |"
    yield "|---|---|---|---|---|"
    for ms in FIRST_TOKEN_MS:
        base = 1000 * statistics.median(took[f"none-{ms}"])
        added = (f"{1000 * statistics.median(took[f'{place}-{ms}']) - base:+.1f}" for place in PLACES[1:])
        yield f"| {ms} | {base:.1f} | " + " | ".join(added) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--characters", type=int, default=300, help="of each prompt")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstreams = {ms: free_port() for ms in FIRST_TOKEN_MS}
        for ms, port in upstreams.items():
            command = [str(program("upstream")), "--port", str(port), "--model", MODEL, "--frames", "4",
                       "--first-us", str(1000 * ms)]
            stack.enter_context(started(command, folder / f"upstream-{ms}.log"))
        port, admin = stack.enter_context(gateway(folder, upstreams))
        took = measured(port, arguments.rounds, arguments.characters)
        print(f"Milliseconds, medians of {arguments.rounds}; the guard itself took {guard_ms(admin):.1f}.")
        print("\n".join(table(took)))


if __name__ == "__main__":
    main()
