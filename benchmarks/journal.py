"""What the journal costs: an append alone, and a worker's CPU for each exchange with its account and without one.

    python -m benchmarks.journal [--folder DIR] [--count 4000] [--rounds 25]

The worker is the real one but for its sockets, which cost the same with or without (benchmarks/hot_path.py). Without
its account an exchange is not timed, its record is not completed, nothing is encoded or appended. Rounds with and
without take turns in one process. CPU time is that of the whole process: the thread that makes segments is in it.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import msgspec

from benchmarks.hot_path import build, requests
from gateway.door import Door
from gateway.exchange import Exchange
from gateway.ids import ExchangeIds
from gateway.journal import Journal, segments
from gateway.record import Attempt, ExchangeRecord
from gateway.reply import Reply
from gateway.segment import frame
from gateway.stages.account import Account
from models.upstream import Connection


class NoAccount(Account):
    """Keeps none."""

    def leave(self, exchange: Exchange, reply: Reply) -> Reply:
        return reply

    def settle(self, exchange: Exchange) -> None:
        """Nothing to write."""


def typical() -> ExchangeRecord:
    """A whole reply's record, as a worker writes it."""
    return ExchangeRecord(
        id="019ab3c4d5e6f00112233a00000004d2", started_at=1764190000.123456, worker="w0", tenant="shop", key="shop-web",
        subject="5d41402abc4b2a76b9719d911017c592", unit_kind="user", unit_fraction=0.123456789,
        operation="chat.completions", model="assistant", revision=12, arm_assigned="smol-1", arm_served="smol-1",
        propensity=0.9, version_digest="9f86d081884c7d659a2feaa0c55ad015", outcome="answered", status=200,
        attempts=[Attempt("smol-1", "http://127.0.0.1:9101", "answered", 0.412345, 200)], finish_reason="stop",
        overhead_seconds=0.000123, total_seconds=0.412468, prompt_tokens=181, completion_tokens=200,
        usage_source="reported", bytes_in=912, bytes_out=1480)


def cpu_us(work: Callable[[], object], count: int) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) / count * 1e6


def drop_ended(folder: Path) -> None:
    """What the control process does with segments that it has read, all but the last."""
    for segment in segments(folder)[:-1]:
        segment.unlink()


def append_alone(folder: Path, count: int, rounds: int) -> tuple[list[float], int]:
    """Microseconds an append, encoding and checksum included, for each round; and the size of a frame."""
    journal, record = Journal(folder, "w0", writer=ExchangeIds(time.time).life), typical()

    def appends() -> None:
        for _ in range(count):
            journal.append(record)

    taken = []
    for _ in range(rounds):
        taken.append(cpu_us(appends, count))
        drop_ended(folder)
    journal.close()
    assert not journal.lost
    return taken, len(frame(msgspec.msgpack.encode(record)))


def encode_alone(count: int, rounds: int) -> list[float]:
    encode, record = msgspec.msgpack.Encoder().encode, typical()

    def encodes() -> None:
        for _ in range(count):
            encode(record)

    return [cpu_us(encodes, count) for _ in range(rounds)]


def plain_loop(count: int, rounds: int) -> list[float]:
    """What the machine is worth just now."""
    return [cpu_us(lambda: [sum(range(1000)) for _ in range(count)], count) for _ in range(rounds)]


def exchanges(folder: Path, count: int, rounds: int) -> list[tuple[float, float]]:
    """Microseconds an exchange with and without its account, for each pair of rounds."""
    loop = asyncio.new_event_loop()
    doors: list[tuple[Door, Connection]] = [
        build(folder / name, loop, kind) for name, kind in (("with", Account), ("without", NoAccount))]
    pairs = []
    for number in range(rounds + 1):
        order = doors if number % 2 else doors[::-1]
        taken = {pair: cpu_us(lambda pair=pair: requests(*pair, count), count) for pair in order}  # type: ignore[misc]
        if number:  # the first warms both up
            pairs.append((taken[doors[0]], taken[doors[1]]))
        drop_ended(folder / "with")
    loop.close()
    return pairs


def told(name: str, values: list[float]) -> str:
    low, _, high = quantiles(values, n=4)
    return f"{name:<44}{median(values):7.2f} µs   (quartiles {low:.2f} to {high:.2f}; best {min(values):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="on the file system to measure; default: where temporary files are")
    parser.add_argument("--count", type=int, default=4000, help="exchanges a round")
    parser.add_argument("--rounds", type=int, default=25)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        appends, size = append_alone(Path(folder) / "alone", options.count * 5, options.rounds)
        pairs = exchanges(Path(folder), options.count, options.rounds)
    print(told("a plain loop, sum(range(1000))", plain_loop(options.count, options.rounds)))
    print(told(f"an append of {size} bytes", appends))
    print(told("  of it the encoding", encode_alone(options.count * 5, options.rounds)))
    print(told("an exchange with its account", [one for one, _ in pairs]))
    print(told("an exchange without", [other for _, other in pairs]))
    print(told("the account, by pairs", [one - other for one, other in pairs]))


if __name__ == "__main__":
    main()
