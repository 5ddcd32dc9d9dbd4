"""What a remembered reply costs, beside one that is asked for and beside a bare 200, in the same run.

    python -m benchmarks.cache [--rounds 5] [--seconds 4]

A chat of 905 bytes, to a model with a cache: the same again and again, so that all but the first are hits; another one
each time, so that each is asked of the scripted upstream, and remembered; and to a model without a cache. Beside them a
program in C that only answers, on the gateway's core. Needs Linux, two cores, gcc.
"""

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__" and not __package__:  # run as a file: see benchmarks/overhead.py
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click

from benchmarks.comparison import compare, scripted_upstream
from benchmarks.compiled import program
from benchmarks.measurement import LOADS, Bench, Reading, Sample
from benchmarks.proxies.bare import Bare
from benchmarks.proxies.gatewright import Gatewright
from benchmarks.ratios import Spread, ratio, spread

CACHED, PLAIN = "gatewright, with a cache", "gatewright, without"
_SAME = tuple(load for load in LOADS if not load.stream)
_OTHERS = tuple(dataclasses.replace(load, name=f"{load.name}, numbered", numbered=True) for load in _SAME)
_CACHE = {"cache": {"ttl": "1h", "sampled": True}}  # the chat asks for a temperature: see benchmarks/payloads.py


class Kind(NamedTuple):
    """A row: who was loaded, and with which chats."""

    title: str
    proxy: str
    suffix: str

    def readings(self, samples: Sequence[Sample], load: str) -> list[tuple[Sample, Reading]]:
        return [(one, one.readings[load + self.suffix]) for one in samples if one.proxy == self.proxy]

    def cpu_us(self, samples: Sequence[Sample]) -> list[float]:
        """CPU microseconds of the worker for each request, round by round."""
        return [reading.cpu_us(next(iter(one.memory))) for one, reading in self.readings(samples, "busy")]

    def rate(self, samples: Sequence[Sample]) -> list[float]:
        """Replies in a second at 64 connections, round by round."""
        return [reading.requests / reading.seconds for _, reading in self.readings(samples, "busy")]

    def p50_us(self, samples: Sequence[Sample]) -> list[float]:
        """Microseconds of a request on one connection, round by round."""
        return [reading.p50_us for _, reading in self.readings(samples, "alone")]


BARE, WITHOUT = Kind("a bare 200", "bare", ""), Kind("no cache: asked", PLAIN, "")
MISS, HIT = Kind("a miss: asked, and remembered", CACHED, ", numbered"), Kind("a hit", CACHED, "")


def table(samples: Sequence[Sample]) -> list[str]:
    """Rows of Markdown: medians of the rounds and their extremes."""
    lines = ["| | CPU µs a request | requests/s | p50 µs, alone |", "|---|---|---|---|"]
    for kind in (BARE, WITHOUT, MISS, HIT):
        columns = (kind.cpu_us(samples), kind.rate(samples), kind.p50_us(samples))
        lines.append(f"| {kind.title} | " + " | ".join(_told(spread(column)) for column in columns) + " |")
    added = [hit - bare for hit, bare in zip(HIT.p50_us(samples), BARE.p50_us(samples), strict=True)]
    share = [f"{kind.title}: {_told(ratio(HIT.cpu_us(samples), kind.cpu_us(samples)), 2)}" for kind in (MISS, WITHOUT)]
    return [*lines, "", f"CPU of a hit, of {'; of '.join(share)}",
            f"Median time of a hit, above a bare 200: {_told(spread(added))} µs"]


def _told(found: Spread, digits: int = 0) -> str:
    return f"{found.median:,.{digits}f} ({found.least:,.{digits}f}..{found.greatest:,.{digits}f})"


@click.command(help=__doc__)
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=4.0, show_default=True, help="Length of each measurement.")
def main(rounds: int, seconds: float) -> None:
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise click.ClickException("two cores are needed")
    proxies = [Bare(), Gatewright(name=PLAIN), Gatewright(name=CACHED, model=_CACHE)]
    with scripted_upstream(usable[0]) as (port, pid):
        bench = Bench(program("load"), port, pid, usable[-1], usable[0], seconds)
        samples, failed = compare(proxies, bench, rounds=rounds, loads=(*_SAME, *_OTHERS),
                                  notice=lambda text: click.echo(text, err=True))
    for name, why in failed.items():
        raise click.ClickException(f"{name}: {why}")
    foreign = sum(reading.foreign_share > 0.1 for one in samples for reading in one.readings.values())
    click.echo("\n".join(table(samples)))
    click.echo(f"Others used more than a tenth of a core in {foreign} of {4 * len(samples)} measurements.")


if __name__ == "__main__":
    main()
