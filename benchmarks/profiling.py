"""Where the gateway's worker spends its time under load, by py-spy."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.table import Table

from benchmarks.measurement import LOADS, Bench, generate
from benchmarks.processes import family
from benchmarks.proxies.gatewright import Gatewright
from benchmarks.proxies.proxy import find
from benchmarks.servers import running

RATE = 400  # samples a second
_LINE = re.compile(r":\d+\)$")


def profile(gateway: Gatewright, bench: Bench, target: Path) -> Path:
    """Loads the gateway with 64 connections and writes its worker's folded stacks (a flame graph's input) to `target`.

    Raises Missing where py-spy is not installed. Its sampling slows the worker: read the shares, not the times.
    """
    sampler = find(("py-spy",), how="pip install py-spy")
    with tempfile.TemporaryDirectory(prefix="gatewright-bench-") as name:
        launch = gateway.prepare(Path(name), upstream_port=bench.upstream_port)
        with running(launch, core=bench.proxy_core) as leader:
            roles = gateway.roles(family(leader))
            command = [sampler, "record", "--pid", str(roles["worker"][0]), "--native", "--format", "raw"]
            command += ["--rate", str(RATE), "--duration", str(round(bench.seconds)), "--output", f"{name}/stacks"]
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr):
                generate(LOADS[0], bench, launch.port, roles)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(f"{name}/stacks", target)
    return target


def own_time(stacks: Iterable[str]) -> Counter[str]:
    """Samples by the innermost frame, be it Python or C, from folded stacks: `outer;inner 12`."""
    counted: Counter[str] = Counter()
    for frames, samples in _parsed(stacks):
        counted[frames[-1]] += samples
    return counted


def by_function(stacks: Iterable[str]) -> dict[str, tuple[int, int]]:
    """For each Python function its own samples, C that it called included, and those of all that it called."""
    own: Counter[str] = Counter()
    all_below: Counter[str] = Counter()
    for frames, samples in _parsed(stacks):
        functions = [_LINE.sub(")", frame) for frame in frames if ".py:" in frame]
        if functions:
            own[functions[-1]] += samples
        for function in set(functions):
            all_below[function] += samples
    return {function: (own[function], samples) for function, samples in all_below.most_common()}


def _parsed(stacks: Iterable[str]) -> Iterator[tuple[list[str], int]]:
    for line in stacks:
        stack, _, samples = line.rpartition(" ")
        yield stack.split(";"), int(samples)


def tables(stacks: Sequence[str], *, rows: int = 30) -> tuple[Table, Table]:
    """Where time is spent: by function with what it calls, and by innermost frame."""
    total = sum(samples for _, samples in _parsed(stacks))
    functions = Table("with all below", "own, with C", "function", title="By Python function", title_justify="left")
    for function, (own, below) in list(by_function(stacks).items())[: 2 * rows]:
        functions.add_row(f"{below / total:.1%}", f"{own / total:.1%}", function)
    frames = Table("share", "frame", title="By innermost frame", title_justify="left")
    for frame, samples in own_time(stacks).most_common(rows):
        frames.add_row(f"{samples / total:.1%}", frame)
    return functions, frames
