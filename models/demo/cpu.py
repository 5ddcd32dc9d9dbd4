"""What this machine's processor is good at: how many threads, which number format."""

import os
from collections.abc import MutableMapping
from pathlib import Path

MOST_THREADS = 8
NATIVE_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


def usable_cores() -> int:
    return len(os.sched_getaffinity(0))


def default_threads(cores: int) -> int:
    """All cores, up to a number beyond which a model this small gains nothing.

    Idle threads wait passively, so a neighbour that wants a core gets it: on two busy cores, two threads were still
    faster than one.
    """
    return max(1, min(cores, MOST_THREADS))


def tame_openmp(environ: MutableMapping[str, str], threads: int) -> None:
    """Must run before torch is imported: OpenMP reads its environment once.

    Passive waiting matters as soon as somebody else wants a core: spinning threads made decoding several times slower.
    """
    environ["OMP_NUM_THREADS"] = str(threads)
    environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def has_bfloat16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bfloat16 itself. Without that, float32 is faster."""
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return False
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return not NATIVE_BFLOAT16.isdisjoint(flags.split())
