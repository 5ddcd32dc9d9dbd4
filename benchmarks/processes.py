"""What the kernel says about processes: who belongs to whom, memory, and how busy the cores are.

CPU time is not read here but by the load generator, which reads the CPU clocks (`clock_getcpuclockid(3)`, nanoseconds,
all threads of a process, ended ones included) at the edges of the window in which it counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Memory:
    """Mebibytes. `pss`: shared pages divided among those who share them. `rss`: each page counted for each process."""

    pss: float
    rss: float

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.pss + other.pss, self.rss + other.rss)


@dataclass(frozen=True, slots=True)
class CoreTicks:
    """One core's time since boot, in ticks of the kernel: how much it worked, how much was taken by the hypervisor."""

    busy: int
    stolen: int
    total: int


def parse_parent(stat: str) -> int:
    """The parent's pid from `/proc/PID/stat`; the command's name stands in brackets and may hold anything."""
    return int(stat.rpartition(")")[2].split()[1])


def parse_smaps_rollup(text: str) -> Memory:
    """Memory from `/proc/PID/smaps_rollup` (proc_pid_smaps(5); the values are kB)."""
    values = {line.split(":")[0]: line.split()[1] for line in text.splitlines() if line.endswith(" kB")}
    return Memory(pss=int(values["Pss"]) / 1024, rss=int(values["Rss"]) / 1024)


def parse_cores(stat: str) -> dict[int, CoreTicks]:
    """Each core's ticks from `/proc/stat`: user nice system idle iowait irq softirq steal (proc_stat(5))."""
    rows = (line.split() for line in stat.splitlines() if line.startswith("cpu") and line[3].isdigit())
    return {int(row[0][3:]): _core_ticks([int(field) for field in row[1:9]]) for row in rows}


def _core_ticks(fields: list[int]) -> CoreTicks:
    user, nice, system, idle, waiting, interrupts, soft, stolen = fields
    busy = user + nice + system + interrupts + soft
    return CoreTicks(busy=busy, stolen=stolen, total=busy + idle + waiting + stolen)


def shares(before: CoreTicks, after: CoreTicks) -> tuple[float, float]:
    """The shares (0 to 1) of the time between two readings that the core worked, and that was stolen from it."""
    total = max(after.total - before.total, 1)
    return (after.busy - before.busy) / total, (after.stolen - before.stolen) / total


def family(leader: int) -> list[int]:
    """The pids of a process and of everything below it, the leader first."""
    parents = dict(_parents())
    found = [leader]
    for pid in found:  # grows while it is walked
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _parents() -> Iterable[tuple[int, int]]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), parse_parent((entry / "stat").read_text(errors="replace"))
            except OSError:  # it ended while we looked
                continue


def command_line(pid: int) -> str:
    """The command line with spaces between the arguments; empty for one that has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def memory(pids: Iterable[int]) -> Memory:
    """The memory of some processes together."""
    readings = ((PROC / str(pid) / "smaps_rollup").read_text() for pid in pids)
    return sum((parse_smaps_rollup(text) for text in readings), start=Memory(0, 0))


def cores() -> dict[int, CoreTicks]:
    """Each core's ticks now."""
    return parse_cores((PROC / "stat").read_text())
