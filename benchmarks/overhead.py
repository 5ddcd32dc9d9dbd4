"""`python benchmarks/overhead.py`: the gateway beside other proxies, in front of the same upstream, in the same run."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":  # run as a file: the path begins with our own folder, and our package stands above it
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from benchmarks import machine, plot, profiling, report, summary
from benchmarks.comparison import compare, scripted_upstream, steps
from benchmarks.compiled import DoesNotCompile, NoCompiler, program
from benchmarks.measurement import LOADS, Bench, Load, Sample, Spoiled
from benchmarks.payloads import FRAMES, GAP_US, REPLY_BYTES, REQUEST_BYTES
from benchmarks.proxies import PEERS, Missing, Proxy
from benchmarks.proxies.direct import Direct
from benchmarks.proxies.gatewright import Gatewright
from benchmarks.servers import DidNotStart

RESULTS = Path(__file__).parent / "results"


def two_cores(proxy_core: int | None, load_core: int | None) -> tuple[int, int]:
    """The proxy's core, and that of upstream and generator: by default the last and the first that we may use."""
    usable = sorted(os.sched_getaffinity(0))
    chosen = usable[-1] if proxy_core is None else proxy_core, usable[0] if load_core is None else load_core
    if chosen[0] == chosen[1]:
        raise click.ClickException("two cores are needed: one for the proxy, one for upstream and generator")
    return chosen


def chosen_peers(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    """The names given to --peers, each of them known."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    if unknown := set(names) - set(PEERS):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(PEERS)}")
    return names


def installed(peers: Sequence[str], gateway: str, console: Console) -> list[Proxy]:
    """What is there of what was asked for; a line says how to get the rest."""
    makers: dict[str, Callable[[], Proxy]] = {} if gateway == "none" else {"gatewright": lambda: Gatewright(gateway)}
    makers |= {name: PEERS[name] for name in peers}
    found: list[Proxy] = [Direct()]
    for name, make in makers.items():
        try:
            found.append(make())
        except Missing as missing:
            console.print(f"[yellow]{name} is left out, because it is not installed.[/] To have it: {missing}")
    return found


def measured(proxies: Sequence[Proxy], bench: Bench, rounds: int, console: Console) -> list[Sample]:
    """Runs the comparison under a bar, and says who failed in it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=steps(proxies, rounds))
        samples, failed = compare(
            proxies, bench, rounds=rounds, notice=lambda text: progress.update(task, advance=1, description=text)
        )
    for name, why in failed.items():
        console.print(f"[red]{name} is left out, because it failed:[/]", Text(why))
    if "direct" in failed:
        raise Spoiled("without the upstream itself there is nothing to compare with")
    return samples


def conclude(samples: Sequence[Sample], facts: dict[str, object], path: Path, console: Console) -> None:
    """Prints the tables and writes the results and their picture."""
    rows = summary.rows(samples)
    names = list(dict.fromkeys(row.proxy for row in rows))
    ratios = summary.ratios(rows, of=names[0]) if names else {}
    console.print(report.table(rows), report.ratio_table(names[0], ratios) if ratios else "")
    console.print(report.generator_table(samples))
    for warning in summary.warnings(samples):
        console.print(f"[yellow]{warning}")
    report.save(path, report.results(samples, rows, ratios, facts=facts))
    path.with_suffix(".md").write_text(report.markdown(rows, ratios))
    drawn = plot.draw(rows, path.with_suffix(".svg"))
    console.print(f"Results: {path} and .md", "and .svg" if drawn else "(no picture: pip install matplotlib)")


def announce(facts: dict[str, object], console: Console) -> None:
    """Says what is measured, and where."""
    for name, value in facts.items():
        console.print(f"[bold]{name}[/] {value}", highlight=False)


@click.command()
@click.option("--seconds", default=8.0, show_default=True, help="Length of each measurement.")
@click.option("--rounds", default=3, show_default=True, help="How often each proxy is started and measured.")
@click.option("--peers", default=",".join(PEERS), show_default=True, callback=chosen_peers, help="Compare with these.")
@click.option("--gateway", default="", help="Path of the command gatewright, or none to leave it out.")
@click.option("--json", "path", type=click.Path(path_type=Path), help="File of results [benchmarks/results/TIME.json].")
@click.option("--profile", is_flag=True, help="Only sample the gateway's worker under load with py-spy.")
@click.option("--proxy-core", type=int, help="Core of the proxy [the last].")
@click.option("--load-core", type=int, help="Core of upstream and generator [the first].")
def main(
    seconds: float,
    rounds: int,
    peers: list[str],
    gateway: str,
    path: Path | None,
    profile: bool,
    proxy_core: int | None,
    load_core: int | None,
) -> None:
    """Compare the gateway with other proxies in front of the same scripted upstream.

    Each proxy runs on one core of its own, upstream and load generator on another. Needs Linux, two cores, gcc.
    """
    console = Console(width=None if sys.stdout.isatty() else 140)  # a log has no width of its own
    own_core, other_core = two_cores(proxy_core, load_core)
    path = path or RESULTS / time.strftime("overhead-%Y%m%d-%H%M%S.json")
    try:
        with scripted_upstream(other_core) as (port, pid):
            bench = Bench(program("load"), port, pid, own_core, other_core, seconds)
            if profile:
                stacks = profiling.profile(Gatewright(gateway), bench, path.with_suffix(".stacks"))
                console.print(*profiling.tables(stacks.read_text().splitlines()), f"Stacks: {stacks}")
                return
            proxies = installed(peers, gateway, console)
            facts = described(proxies, bench, rounds)
            announce(facts, console)
            conclude(measured(proxies, bench, rounds, console), facts, path, console)
    except (NoCompiler, DoesNotCompile, DidNotStart, Spoiled, Missing) as error:
        raise click.ClickException(str(error)) from error


def _written(load: Load) -> str:
    return f"{load.connections} {'paced streams' if load.stream else 'connections, whole replies'}"


def described(proxies: Sequence[Proxy], bench: Bench, rounds: int) -> dict[str, object]:
    """What a reader has to know beside the figures."""
    return {
        "at": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "machine": machine.facts(),
        "versions": {proxy.name: proxy.version() for proxy in proxies},
        "rounds": rounds,
        "seconds": bench.seconds,
        "loads": {load.name: _written(load) for load in LOADS},
        "bytes": f"request {REQUEST_BYTES}, reply {REPLY_BYTES}; stream of {FRAMES} tokens, {GAP_US // 1000} ms apart",
        "cores": {"proxy": bench.proxy_core, "upstream and generator": bench.load_core},
    }


if __name__ == "__main__":
    main()
