"""A comparison from end to end; in the proxies' place stand the scripted upstream itself, and one that dies."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from benchmarks import summary
from benchmarks.comparison import compare, turned
from benchmarks.measurement import LOADS, Bench
from benchmarks.proxies.direct import Direct
from benchmarks.proxies.envoy import bootstrap
from benchmarks.proxies.gatewright import Gatewright, routing, settings
from benchmarks.proxies.nginx import CONFIGURATION
from benchmarks.proxies.proxy import Missing, find
from benchmarks.servers import Launch, free_port

Built = Callable[[str], Path]


class Standing:
    """A proxy by name, a server of our own by nature."""

    def __init__(self, name: str, command: Callable[[int], Sequence[str]]) -> None:
        self.name = name
        self._command = command

    def version(self) -> str:
        """None."""
        return ""

    def prepare(self, directory: Path, *, upstream_port: int) -> Launch:
        """Its command, on a free port."""
        port = free_port()
        return Launch(self._command(port), port=port, directory=directory)

    def roles(self, pids: Sequence[int]) -> dict[str, list[int]]:
        """All are one."""
        return {"proxy": list(pids)}


@pytest.fixture
def bench(built: Built, upstream: tuple[int, int]) -> Bench:
    """A bench whose measurements are short; where there is one core, all share it."""
    cores = sorted(os.sched_getaffinity(0))
    return Bench(built("load"), *upstream, proxy_core=cores[-1], load_core=cores[0], seconds=0.2, warm_seconds=0.05)


def test_everybody_is_measured_in_each_round(built: Built, bench: Bench) -> None:
    """Three loads each, CPU time and memory of the proxy's processes, and no process left behind."""
    same = Standing(
        "same", lambda port: (str(built("upstream")), "--port", str(port), "--frames", "4", "--gap-us", "1000")
    )
    noticed: list[str] = []
    samples, failed = compare([Direct(), same], bench, rounds=2, notice=noticed.append)
    rows = summary.rows(samples)
    assert failed == {}
    assert len(noticed) == 2 * 2 * len(LOADS)
    assert [row.title for row in rows] == ["same"]
    for column in summary.COLUMNS:
        assert len(rows[0].values[column]) == 2
    for column in (summary.CPU, summary.RATE, summary.FRAME, summary.MEMORY):
        assert min(rows[0].values[column]) > 0


def test_one_that_dies_does_not_end_the_comparison(bench: Bench) -> None:
    """It is left out, with what it said; and it is not started again in the next round."""
    dying = Standing("dying", lambda port: ("sh", "-c", "echo no such option; exit 3"))
    samples, failed = compare([Direct(), dying], bench, rounds=2, notice=lambda text: None)
    assert {sample.proxy for sample in samples} == {"direct"}
    assert "exit status 3" in failed["dying"]
    assert "no such option" in failed["dying"]


def test_the_order_turns_with_the_rounds() -> None:
    """Nobody is always first."""
    proxies = [Standing(name, lambda port: ()) for name in "abc"]
    assert ["".join(proxy.name for proxy in turned(proxies, number)) for number in range(4)] == [
        "abc",
        "bca",
        "cab",
        "abc",
    ]


def test_a_missing_program_says_how_to_have_it() -> None:
    """The run goes on without it."""
    with pytest.raises(Missing, match="pip install this"):
        find(("no-such-program-anywhere",), how="pip install this")
    with pytest.raises(Missing, match="--gateway"):
        Gatewright("/no/such/command")


def test_each_proxy_is_pointed_at_the_upstream(tmp_path: Path) -> None:
    """Its configuration has our port and the upstream's."""
    assert "proxy_pass http://servers" in CONFIGURATION.format(port=1, upstream_port=2)
    assert "'port_value': 2" in str(bootstrap(1, 2))
    assert routing(2)["versions"] == {"only": {"served_model": "bench-model", "endpoints": ["http://127.0.0.1:2"]}}
    assert settings(tmp_path, 1)["workers"] == 1
