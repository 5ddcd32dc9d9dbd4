"""The run: one upstream, rounds of samples, each proxy in turn."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence

from benchmarks.compiled import program
from benchmarks.measurement import LOADS, Bench, Sample, take
from benchmarks.payloads import FRAMES, GAP_US, MODEL, REPLY_BYTES
from benchmarks.proxies import Proxy
from benchmarks.servers import pinned


@contextlib.contextmanager
def scripted_upstream(core: int) -> Iterator[tuple[int, int]]:
    """Runs the upstream on `core`; gives its port and its pid."""
    command = [str(program("upstream")), "--model", MODEL, "--reply-bytes", str(REPLY_BYTES)]
    command += ["--frames", str(FRAMES), "--gap-us", str(GAP_US), "--first-us", str(GAP_US)]
    with pinned(core), subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            yield int(server.stdout.readline().split()[1]), server.pid
        finally:
            server.terminate()


def compare(proxies: Sequence[Proxy], bench: Bench, *, rounds: int, notice: Callable[[str], None]) -> list[Sample]:
    """Takes a sample of each proxy in each round. The order turns, so that nobody is always first."""
    return [
        take(proxy, bench, round_number=number + 1, notice=_prefixed(notice, f"round {number + 1}: {proxy.name}"))
        for number in range(rounds)
        for proxy in turned(proxies, number)
    ]


def turned(proxies: Sequence[Proxy], number: int) -> list[Proxy]:
    """The proxies in the order of round `number`, which counts from nought."""
    first = number % len(proxies)
    return [*proxies[first:], *proxies[:first]]


def steps(proxies: Sequence[Proxy], rounds: int) -> int:
    """How often `notice` will be called."""
    return rounds * len(proxies) * len(LOADS)


def _prefixed(notice: Callable[[str], None], prefix: str) -> Callable[[str], None]:
    return lambda load: notice(f"{prefix}, {load}")
