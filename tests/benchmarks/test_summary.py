"""Figures are paired within rounds, shown with their extremes, and marked where they cannot be trusted."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from benchmarks import report, summary
from benchmarks.measurement import LOADS, Bench, Reading, Sample, Spoiled, StoodStill, reading
from benchmarks.processes import CoreTicks, Memory
from benchmarks.ratios import Spread, ratio, spread

BENCH = Bench(Path("load"), upstream_port=1, upstream_pid=7, proxy_core=1, load_core=0, seconds=2)


def sample(proxy: str, number: int, *, cpu: Mapping[str, float], alone: float, generator: float = 0.5) -> Sample:
    """A sample with 1,000 requests and 1,000 frames in two seconds."""
    one = Reading("busy", 2, 1000, 0, 0, 0, 0, 0, 0, cpu, generator_share=generator, foreign_share=0)
    readings = {
        "busy": one,
        "alone": dataclasses.replace(one, load="alone", p50_us=alone),
        "paced": dataclasses.replace(one, load="paced", frames=1000, frame_delay_p50_us=50),
    }
    return Sample(proxy, number, readings, {role: Memory(10, 12) for role in cpu})


@pytest.fixture
def samples() -> list[Sample]:
    """Two rounds: the gateway takes 30 and 60 µs, Envoy 60 and 90; a round without a proxy takes 20 µs."""
    return [
        sample("direct", 1, cpu={}, alone=20),
        sample("gatewright", 1, cpu={"worker": 0.03, "supervisor and control": 0.001}, alone=120),
        sample("envoy", 1, cpu={"proxy": 0.06}, alone=220),
        sample("envoy", 2, cpu={"proxy": 0.09}, alone=240),
        sample("direct", 2, cpu={}, alone=40),
        sample("gatewright", 2, cpu={"worker": 0.06, "supervisor and control": 0.001}, alone=120),
    ]


def test_a_ratio_is_taken_within_each_round() -> None:
    """Half in each round is half, though the rounds differ tenfold."""
    assert ratio([1, 10], [2, 20]) == Spread(0.5, 0.5, 0.5)
    assert spread([3, 1, 2]) == Spread(2, 1, 3)


def test_rounds_that_do_not_pair_are_an_error() -> None:
    """A missing sample must not shift the others."""
    with pytest.raises(ValueError, match="zip"):
        ratio([1, 2], [1])


def test_the_gateways_worker_stands_apart_from_its_other_processes(samples: list[Sample]) -> None:
    """Requests a second and latency belong to the worker's row alone."""
    rows = {row.title: row for row in summary.rows(samples)}
    assert list(rows) == ["gatewright: worker", "gatewright: supervisor and control", "envoy"]
    assert rows["gatewright: worker"].spread(summary.CPU) == Spread(45, 30, 60)
    assert rows["gatewright: worker"].spread(summary.RATE) == Spread(500, 500, 500)
    assert rows["gatewright: supervisor and control"].spread(summary.RATE) is None


def test_added_latency_is_against_no_proxy_in_the_same_round(samples: list[Sample]) -> None:
    """120 - 20 and 120 - 40."""
    worker = summary.rows(samples)[0]
    assert worker.values[summary.ADDED] == [100, 80]


def test_ratios_are_of_the_worker_to_each_other_proxy(samples: list[Sample]) -> None:
    """30/60 and 60/90."""
    ratios = summary.ratios(summary.rows(samples), of="gatewright")
    assert list(ratios) == ["envoy"]
    assert ratios["envoy"][summary.CPU].least == 0.5
    assert ratios["envoy"][summary.CPU].greatest == pytest.approx(2 / 3)


def test_the_tables_say_what_was_measured(samples: list[Sample]) -> None:
    """Each proxy, its median and its extremes."""
    rows = summary.rows(samples)
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(report.table(rows), report.ratio_table("gatewright", summary.ratios(rows, of="gatewright")))
    console.print(report.generator_table(samples))
    shown = console.export_text()
    console.file.close()
    for expected in ("gatewright: worker", "45.0", "30.0..60.0", "0.58", "0.50..0.67", "envoy", "50%"):
        assert expected in shown


def test_the_tables_can_go_into_a_document(samples: list[Sample]) -> None:
    """A row a line, the ratios below; a cell that was not measured is empty."""
    rows = summary.rows(samples)
    lines = report.markdown(rows, summary.ratios(rows, of="gatewright")).splitlines()
    assert len(lines) == 2 + 3 + 1
    assert {line.count("|") for line in lines} == {len(summary.COLUMNS) + 2}
    assert lines[2].startswith("| gatewright: worker | 45.0 (30.0..60.0) |")
    assert lines[5].startswith("| **gatewright ÷ envoy** | 0.58 (0.50..0.67) |")


def test_results_survive_json(samples: list[Sample], tmp_path: Path) -> None:
    """The file has the facts, the rows, the ratios and each sample."""
    rows = summary.rows(samples)
    found = report.results(samples, rows, summary.ratios(rows, of="gatewright"), facts={"at": "now"})
    report.save(tmp_path / "new" / "results.json", found)
    read = json.loads((tmp_path / "new" / "results.json").read_text())
    assert read["ratios"]["gatewright / envoy"][summary.CPU]["least"] == 0.5
    assert read["samples"][1]["memory"]["worker"] == {"pss": 10, "rss": 12}
    assert read["at"] == "now"


def test_a_full_generator_is_said_once(samples: list[Sample]) -> None:
    """It bounds requests a second; without a proxy it is meant to be full."""
    full = [
        sample("envoy", 1, cpu={"proxy": 0.1}, alone=1, generator=0.99),
        sample("direct", 1, cpu={}, alone=1, generator=1),
    ]
    assert summary.warnings(samples) == []
    assert [warning.split(":")[0] for warning in summary.warnings(full)] == [
        "envoy, alone",
        "envoy, busy",
        "envoy, paced",
    ]


def told(**more: Any) -> dict[str, Any]:
    """A report of the load generator."""
    times = {"request_us": {"count": 10, "p50": 5.0, "p99": 9.0}, "frame_delay_us": {"count": 0}}
    counts = {"requests": 10, "frames": 0, "refused": 0, "broken": 0, "seconds": 2.0, "longest_pause_seconds": 0.1}
    return {**counts, **times, "own_cpu_seconds": 0.4, "cpu_seconds": {"7": 0.6, "8": 0.1, "9": 0.2}, **more}


def read_report(**more: Any) -> Reading:
    """A reading of that report, with two cores of 200 ticks, 180 and 40 of them busy."""
    before = {0: CoreTicks(0, 0, 0), 1: CoreTicks(0, 0, 0)}
    after = {0: CoreTicks(180, 0, 200), 1: CoreTicks(40, 10, 200)}
    roles = {"worker": [8], "rest": [9]}
    return reading(LOADS[0], told(**more), roles, BENCH, before=before, after=after)


def test_cpu_time_is_summed_by_role_and_divided_by_requests() -> None:
    """0.1 s for ten requests are 10,000 µs each."""
    assert read_report().cpu_us("worker") == pytest.approx(10_000)
    assert read_report(frames=100).cpu_us("rest") == pytest.approx(2_000)


def test_the_generators_share_and_the_neighbours_are_told_apart() -> None:
    """Of core 0 the generator used half and somebody else 40 %; of core 1 the proxy 15 % and somebody else 10 %."""
    found = read_report()
    assert found.generator_share == pytest.approx(0.5)
    assert found.foreign_share == pytest.approx(0.4)


@pytest.mark.parametrize("more", [{"broken": 1}, {"refused": 3}, {"requests": 0}])
def test_failed_replies_spoil_a_sample(more: dict[str, int]) -> None:
    """A proxy that fails fast must not look fast."""
    with pytest.raises(Spoiled):
        read_report(**more)


def test_a_machine_that_stood_still_is_not_the_proxys_fault() -> None:
    """Even if every reply failed meanwhile."""
    with pytest.raises(StoodStill, match=r"9\.0 s"):
        read_report(broken=128, longest_pause_seconds=9.0)
