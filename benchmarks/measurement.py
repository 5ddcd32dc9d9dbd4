"""One sample: a proxy freshly started, loaded in three ways, weighed, and ended.

A fresh process for each sample, so that no idle neighbour shares its core; three loads, because they cost differently:

- `busy`: 64 connections without pause. The core is full; read CPU time per request, and requests a second.
- `alone`: one connection. Nothing waits; read the time of a request, whose excess over no proxy is what is added.
- `paced`: many streams, a frame each 20 ms. The core is not full; read CPU time per frame.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.payloads import NUMBER, chat
from benchmarks.processes import CoreTicks, Memory, cores, family, memory, shares
from benchmarks.proxies import Proxy
from benchmarks.servers import pinned, running


@dataclass(frozen=True, slots=True)
class Load:
    """How the generator loads a proxy: connections, whether they carry streams, whether no two requests are alike."""

    name: str
    connections: int
    stream: bool
    numbered: bool = False


LOADS = (Load("busy", 64, stream=False), Load("alone", 1, stream=False), Load("paced", 128, stream=True))


LONGEST_PAUSE_SECONDS = 0.7


@dataclass(frozen=True, slots=True)
class Bench:
    """Where samples are taken: the programs, the cores, the upstream, the time for each load."""

    load_program: Path
    upstream_port: int
    upstream_pid: int
    proxy_core: int
    load_core: int
    seconds: float
    warm_seconds: float = 1.5


@dataclass(frozen=True, slots=True)
class Reading:
    """One load on one proxy. CPU seconds by role; microseconds for times; shares are of one core, 0 to 1.

    `foreign_share` is what neither the proxy nor the generator used but somebody did (a neighbour, the hypervisor),
    the greater of the cores that were in use.
    """

    load: str
    seconds: float
    requests: int
    frames: int
    failures: int
    p50_us: float
    p99_us: float
    frame_delay_p50_us: float
    frame_delay_p99_us: float
    cpu_seconds: Mapping[str, float]
    generator_share: float
    foreign_share: float

    @property
    def units(self) -> int:
        """What the CPU time is divided by: frames where streams were paced, else requests."""
        return self.frames or self.requests

    def cpu_us(self, role: str) -> float:
        """CPU microseconds of a role for each unit."""
        return 1e6 * self.cpu_seconds[role] / max(self.units, 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """A proxy in one round: the three readings by the load's name, and memory by role after them."""

    proxy: str
    round: int
    readings: Mapping[str, Reading]
    memory: Mapping[str, Memory]


class Spoiled(Exception):
    """The load generator failed, or the proxy did not answer well: the sample says nothing."""


class StoodStill(Exception):
    """The machine itself stopped for a while (a suspended virtual machine, a starved core): measure again."""


def take(
    proxy: Proxy, bench: Bench, *, round_number: int, notice: Callable[[str], None], loads: Sequence[Load] = LOADS
) -> Sample:
    """Takes one sample; `notice` is told the name of each load as it begins."""
    with tempfile.TemporaryDirectory(prefix="gatewright-bench-") as name:
        launch = proxy.prepare(Path(name), upstream_port=bench.upstream_port)
        if not launch.command:
            return _sample(proxy, bench, launch.port, None, round_number, notice, loads)
        with running(launch, core=bench.proxy_core) as leader:
            _set_aside(_roles(proxy, leader), bench.load_core)
            try:
                return _sample(proxy, bench, launch.port, leader, round_number, notice, loads)
            except Spoiled as error:
                raise Spoiled(f"round {round_number}, {error}\n{launch.said()}") from error


def _set_aside(roles: Mapping[str, list[int]], core: int) -> None:
    """Moves what no request waits for off the proxy's core: only the first role answers requests. On one core they
    would take each other's caches and time slices, and the CPU time of either would tell of both."""
    for pids in list(roles.values())[1:]:
        for pid in pids:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {core})


def _sample(
    proxy: Proxy, bench: Bench, port: int, leader: int | None, number: int, notice: Callable[[str], None],
    loads: Sequence[Load],
) -> Sample:
    readings = {}
    for load in loads:
        notice(load.name)
        readings[load.name] = read(load, bench, port, _roles(proxy, leader))
    weights = {role: memory(pids) for role, pids in _roles(proxy, leader).items()}
    return Sample(proxy.name, number, readings, weights)


def _roles(proxy: Proxy, leader: int | None) -> dict[str, list[int]]:
    return proxy.roles(family(leader)) if leader else {}


def read(load: Load, bench: Bench, port: int, roles: Mapping[str, list[int]]) -> Reading:
    """Runs the generator against `port` while it watches the processes of each role."""
    before = cores()
    report = generate(load, bench, port, roles)
    return reading(load, report, roles, bench, before=before, after=cores())


def generate(load: Load, bench: Bench, port: int, roles: Mapping[str, list[int]]) -> dict[str, Any]:
    """Runs the generator on its core and gives its report (load.c)."""
    watched = [bench.upstream_pid, *(pid for pids in roles.values() for pid in pids)]
    command = [str(bench.load_program), "--port", str(port), "--connections", str(load.connections)]
    command += ["--seconds", str(bench.seconds), "--warm-seconds", str(bench.warm_seconds)]
    command += ["--watch", ",".join(map(str, watched)), *(["--stream"] if load.stream else [])]
    command += ["--number", NUMBER] if load.numbered else []
    with tempfile.NamedTemporaryFile() as body, pinned(bench.load_core):
        body.write(chat(stream=load.stream, numbered=load.numbered))
        body.flush()
        done = subprocess.run([*command, "--body", body.name], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Spoiled(done.stderr.strip())
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def reading(
    load: Load,
    report: Mapping[str, Any],
    roles: Mapping[str, list[int]],
    bench: Bench,
    *,
    before: Mapping[int, CoreTicks],
    after: Mapping[int, CoreTicks],
) -> Reading:
    """Turns the generator's report into a reading; raises Spoiled where replies failed, StoodStill where nobody ran."""
    if report["longest_pause_seconds"] > LONGEST_PAUSE_SECONDS:
        raise StoodStill(f"{load.name}: the machine stood still for {report['longest_pause_seconds']:.1f} s")
    failures = report["refused"] + report["broken"]
    if failures > 0.001 * report["requests"] or not (report["requests"] or report["frames"]):
        raise Spoiled(
            f"{load.name}: {report['requests']} good replies, {report['refused']} refused, {report['broken']} broken"
        )
    used = {int(pid): seconds for pid, seconds in report["cpu_seconds"].items()}
    by_role = {role: sum(used[pid] for pid in pids) for role, pids in roles.items()}
    generating = (used[bench.upstream_pid] + report["own_cpu_seconds"]) / report["seconds"]
    ours = {bench.load_core: generating}
    if by_role:
        ours[bench.proxy_core] = sum(by_role.values()) / report["seconds"]
    return Reading(
        load=load.name,
        seconds=report["seconds"],
        requests=report["requests"],
        frames=report["frames"],
        failures=failures,
        p50_us=report["request_us"].get("p50", 0.0),
        p99_us=report["request_us"].get("p99", 0.0),
        frame_delay_p50_us=report["frame_delay_us"].get("p50", 0.0),
        frame_delay_p99_us=report["frame_delay_us"].get("p99", 0.0),
        cpu_seconds=by_role,
        generator_share=generating,
        foreign_share=max(_foreign(before[core], after[core], share) for core, share in ours.items()),
    )


def _foreign(before: CoreTicks, after: CoreTicks, ours: float) -> float:
    busy, stolen = shares(before, after)
    return max(0.0, busy + stolen - ours)
