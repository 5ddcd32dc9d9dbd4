"""Facts about the machine, without which a number says little."""

import os
import platform
from pathlib import Path


def facts() -> dict[str, str]:
    """Processor, cores, memory, kernel, compiler of this Python, load at the start."""
    return {
        "processor": _first(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": _first(Path("/proc/meminfo"), "MemTotal"),
        "kernel": platform.release(),
        "virtual": "yes" if _first(Path("/proc/cpuinfo"), "flags").find("hypervisor") >= 0 else "no",
        "python": platform.python_version(),
        "load average": " ".join(f"{value:.2f}" for value in os.getloadavg()),
    }


def _first(path: Path, key: str) -> str:
    """The value of the first line `key: value` of a file of /proc."""
    lines = path.read_text().splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(key)), "")
