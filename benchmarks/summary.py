"""From samples to what is reported: a row for each proxy, a ratio for each pair."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.measurement import Sample
from benchmarks.ratios import Spread, ratio, spread

CPU, RATE, ADDED, FRAME, DELAY, MEMORY, RESIDENT = (
    "CPU µs a request",
    "requests/s",
    "added p50 µs",
    "CPU µs a frame",
    "frame delay p50 µs",
    "PSS MiB",
    "RSS MiB",
)
COLUMNS = (CPU, RATE, ADDED, FRAME, DELAY, MEMORY, RESIDENT)


@dataclass(frozen=True, slots=True)
class Row:
    """One role of one proxy: each column's values, round by round."""

    proxy: str
    role: str
    values: Mapping[str, Sequence[float]]

    @property
    def title(self) -> str:
        """The proxy's name, and the role where it has a name of its own."""
        return self.proxy if self.role == "proxy" else f"{self.proxy}: {self.role}"

    def spread(self, column: str) -> Spread | None:
        """The column's spread, where it was measured."""
        return spread(self.values[column]) if self.values.get(column) else None


def rows(samples: Sequence[Sample]) -> list[Row]:
    """A row for each role of each proxy, in the order of the first round; rates stand in the first role's row."""
    direct = {sample.round: sample for sample in samples if sample.proxy == "direct"}
    found = []
    for name in dict.fromkeys(sample.proxy for sample in samples if sample.proxy != "direct"):
        own = [sample for sample in samples if sample.proxy == name]
        found += [_row(own, direct, role, carries=not index) for index, role in enumerate(own[0].memory)]
    return found


def _row(own: Sequence[Sample], direct: Mapping[int, Sample], role: str, *, carries: bool) -> Row:
    columns = {**_by_role(role), **(_carried(direct) if carries else {})}
    return Row(own[0].proxy, role, {name: [value(sample) for sample in own] for name, value in columns.items()})


def _by_role(role: str) -> dict[str, Callable[[Sample], float]]:
    return {
        CPU: lambda sample: sample.readings["busy"].cpu_us(role),
        FRAME: lambda sample: sample.readings["paced"].cpu_us(role),
        MEMORY: lambda sample: sample.memory[role].pss,
        RESIDENT: lambda sample: sample.memory[role].rss,
    }


def _carried(direct: Mapping[int, Sample]) -> dict[str, Callable[[Sample], float]]:
    def added(sample: Sample) -> float:
        return sample.readings["alone"].p50_us - direct[sample.round].readings["alone"].p50_us

    return {
        RATE: lambda sample: sample.readings["busy"].requests / sample.readings["busy"].seconds,
        ADDED: added,
        DELAY: lambda sample: sample.readings["paced"].frame_delay_p50_us,
    }


def ratios(found: Sequence[Row], *, of: str) -> dict[str, dict[str, Spread]]:
    """For each other proxy, the ratio of `of` to it in each column that both have.

    Below one means that `of` needs less, but for requests/s, where it means that it does less.
    """
    carriers = {row.proxy: row for row in reversed(found)}  # the first row of each proxy
    ours = carriers[of]
    return {row.proxy: _against(ours, row) for row in dict(reversed(carriers.items())).values() if row.proxy != of}


def _against(ours: Row, theirs: Row) -> dict[str, Spread]:
    shared = [column for column in COLUMNS if ours.values.get(column) and theirs.values.get(column)]
    return {column: ratio(ours.values[column], theirs.values[column]) for column in shared}


def warnings(samples: Sequence[Sample]) -> list[str]:
    """What makes a figure less than it seems: a generator at its limit, neighbours on the cores."""
    return [*_generator_at_limit(samples), *_neighbours(samples)]


def _generator_at_limit(samples: Sequence[Sample]) -> list[str]:
    readings = [(sample.proxy, reading) for sample in samples for reading in sample.readings.values()]
    full = {
        (proxy, reading.load) for proxy, reading in readings if reading.generator_share > 0.95 and proxy != "direct"
    }
    return [
        f"{proxy}, {load}: the generator's core was full: requests/s is its limit, not the proxy's; CPU time stands"
        for proxy, load in sorted(full)
    ]


def _neighbours(samples: Sequence[Sample]) -> list[str]:
    taken = [reading.foreign_share for sample in samples for reading in sample.readings.values()]
    disturbed = sum(share > 0.1 for share in taken)
    if not disturbed:
        return []
    return [
        f"somebody else used more than 10 % of a core in {disturbed} of {len(taken)} measurements, at worst "
        f"{max(taken):.0%}: do not trust requests/s or latency, and CPU time only roughly"
    ]
