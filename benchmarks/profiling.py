"""Where the gateway's worker spends its time under load, by py-spy."""

import collections
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from rich.table import Table

from benchmarks.measurement import LOADS, Bench, generate
from benchmarks.processes import family
from benchmarks.proxies.gatewright import Gatewright
from benchmarks.proxies.proxy import find
from benchmarks.servers import running

RATE = 400  # samples a second


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


def own_time(stacks: Iterable[str]) -> collections.Counter[str]:
    """Samples by the innermost frame, from folded stacks: `outer;inner 12`."""
    counted: collections.Counter[str] = collections.Counter()
    for line in stacks:
        stack, _, samples = line.rpartition(" ")
        counted[stack.rpartition(";")[2]] += int(samples)
    return counted


def table(counted: collections.Counter[str], *, rows: int = 30) -> Table:
    """The frames in which most time was spent themselves."""
    drawn = Table(title="Own time of the gateway's worker", title_justify="left")
    drawn.add_column("share", justify="right")
    drawn.add_column("frame")
    total = counted.total()
    for frame, samples in counted.most_common(rows):
        drawn.add_row(f"{samples / total:.1%}", frame)
    return drawn
