"""The run: one upstream, rounds of samples, each proxy in turn."""

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Sequence

from benchmarks.compiled import program
from benchmarks.measurement import LOADS, Bench, Load, Sample, Spoiled, StoodStill, take
from benchmarks.payloads import FRAMES, GAP_US, MODEL, REPLY_BYTES
from benchmarks.proxies import Proxy
from benchmarks.servers import DidNotStart, pinned


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


def compare(
    proxies: Sequence[Proxy], bench: Bench, *, rounds: int, notice: Callable[[str], None],
    loads: Sequence[Load] = LOADS,
) -> tuple[list[Sample], dict[str, str]]:
    """Takes a sample of each proxy in each round; the order turns, so that nobody is always first.

    A proxy that fails in one round is left out of all, for rounds are compared whole; the second of the pair says why.
    """
    samples: list[Sample] = []
    failed: dict[str, str] = {}
    for number in range(rounds):
        for proxy in turned(proxies, number):
            if proxy.name in failed:
                continue
            prefixed = _prefixed(notice, f"round {number + 1}: {proxy.name}")
            try:
                samples.append(take_undisturbed(proxy, bench, round_number=number + 1, notice=prefixed, loads=loads))
            except (DidNotStart, Spoiled, StoodStill) as error:
                failed[proxy.name] = str(error)
    return [sample for sample in samples if sample.proxy not in failed], failed


def take_undisturbed(
    proxy: Proxy, bench: Bench, *, round_number: int, notice: Callable[[str], None], loads: Sequence[Load] = LOADS
) -> Sample:
    """Takes a sample, and takes it again where the machine stood still in it; after five of those it gives up."""
    for _ in range(4):
        with contextlib.suppress(StoodStill):
            return take(proxy, bench, round_number=round_number, notice=notice, loads=loads)
    return take(proxy, bench, round_number=round_number, notice=notice, loads=loads)


def turned(proxies: Sequence[Proxy], number: int) -> list[Proxy]:
    """The proxies in the order of round `number`, which counts from nought."""
    first = number % len(proxies)
    return [*proxies[first:], *proxies[:first]]


def steps(proxies: Sequence[Proxy], rounds: int) -> int:
    """How often `notice` will be called, if none fails."""
    return rounds * len(proxies) * len(LOADS)


def _prefixed(notice: Callable[[str], None], prefix: str) -> Callable[[str], None]:
    return lambda load: notice(f"{prefix}, {load}")
