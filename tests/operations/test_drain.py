"""The drain: every record in the ledger exactly once, whatever dies between journal and database."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import text

from gateway.journal import Journal, segments
from gateway.record import Signal
from gateway.telemetry.logs import Log
from operations.ledger import store
from operations.ledger.drain import Drain
from operations.store.database import Database, DatabaseAway
from tests.operations.conftest import Lines
from tests.operations.scripted_worker import record
from tests.postgres import locked


def spent_of(folder: Path) -> Callable[[], set[str]]:
    return lambda: {segment.name for segment in segments(folder)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def drain(database: Database, folder: Path, log: Log) -> Drain:
    return Drain(database, folder, spent_of(folder), log)


async def stored(database: Database) -> list[str]:
    rows = await database.run(lambda c: store.newest(c, 1000))
    return sorted(row["id"] for row in rows)


def write(folder: Path, *ids: str, worker: str = "w0") -> Journal:
    journal = Journal(folder, worker)
    for one in ids:
        journal.append(record(one))
    return journal


async def test_what_is_in_the_journal_comes_into_the_ledger(database: Database, folder: Path, drain: Drain) -> None:
    journal = write(folder, "a", "b")
    assert await drain.step() == 2
    assert await stored(database) == ["a", "b"]
    journal.append(record("c"))
    assert await drain.step() == 1
    assert await stored(database) == ["a", "b", "c"]
    journal.close()


async def test_a_row_holds_every_field_of_its_record(database: Database, folder: Path, drain: Drain) -> None:
    sent = record("a")
    sent.writer, sent.sequence = "0" * 22, 1
    sent.guards, sent.streamed, sent.cost_micros = ["prompt:secrets:block"], True, 1 << 40
    journal = Journal(folder, "w0")
    journal.append(sent)
    journal.close()
    await drain.step()
    [row] = await database.run(lambda c: store.starting_with(c, "a"))
    assert msgspec.convert(row, type(sent)) == sent


async def test_a_drained_segment_is_deleted_and_its_place_forgotten(
    database: Database, folder: Path, drain: Drain
) -> None:
    write(folder, "a").close()
    assert await drain.finish(10)
    assert segments(folder) == []
    await drain.step()
    assert await database.run(store.positions) == {}


async def test_a_segment_stays_while_its_writer_lives(folder: Path, drain: Drain) -> None:
    journal = write(folder, "a")
    for _ in range(3):
        await drain.step()
    assert len(segments(folder)) == 1
    journal.append(record("b"))
    journal.close()
    assert await drain.finish(10)
    assert drain.stored_total == 2


async def test_a_segment_stays_until_the_metrics_have_read_it(database: Database, folder: Path, log: Log) -> None:
    spent: set[str] = set()
    drain = Drain(database, folder, lambda: spent, log)
    write(folder, "a").close()
    for _ in range(3):
        await drain.step()
    [segment] = segments(folder)
    spent.add(segment.name)
    await drain.step()
    assert segments(folder) == []


async def test_another_life_of_the_process_goes_on_where_the_last_one_committed(
    database: Database, folder: Path, log: Log
) -> None:
    journal = write(folder, "a", "b")
    await Drain(database, folder, set, log).step()
    journal.append(record("c"))
    second = Drain(database, folder, set, log)
    assert await second.step() == 1
    assert await stored(database) == ["a", "b", "c"]
    journal.close()


async def test_a_batch_whose_commit_failed_is_stored_once(
    database: Database, folder: Path, drain: Drain, database_url: str
) -> None:
    """The rows and the place are one transaction: either both are there or neither."""
    write(folder, "a", "b").close()
    await database.run(lambda _: None)
    with locked(database_url), pytest.raises(DatabaseAway):
        await drain.step()
    assert await drain.step() == 2
    assert await stored(database) == ["a", "b"]


async def test_a_record_that_comes_twice_is_stored_once(database: Database, folder: Path, drain: Drain) -> None:
    write(folder, "a", "a").close()
    write(folder, "a", worker="w1").close()
    assert await drain.finish(10)
    assert await stored(database) == ["a"]


async def test_places_that_were_lost_with_the_database_cost_no_duplicates(
    database: Database, folder: Path, log: Log
) -> None:
    journal = write(folder, "a", "b")
    await Drain(database, folder, set, log).step()
    await database.run(lambda c: c.execute(text("DELETE FROM journal_cursor")))
    await Drain(database, folder, set, log).step()
    assert await stored(database) == ["a", "b"]
    journal.close()


async def test_a_torn_tail_loses_itself_alone_and_is_kept_for_inspection(
    database: Database, folder: Path, drain: Drain
) -> None:
    write(folder, "a", "b").close()
    [segment] = segments(folder)
    os.truncate(segment, segment.stat().st_size - 3)
    write(folder, "c").close()
    assert await drain.finish(10)
    assert await stored(database) == ["a", "c"]
    assert os.listdir(folder) == [segment.with_suffix(".torn").name]


async def test_a_record_that_no_database_could_hold_is_told_and_holds_up_none(
    database: Database, folder: Path, drain: Drain, lines: Lines
) -> None:
    bad, worse = record("bad"), record("worse")
    bad.completion_tokens, worse.total_seconds = (1 << 64) - 1, float("nan")
    journal = write(folder, "a")
    journal.append(bad)
    journal.append(worse)
    journal.append(record("b"))
    journal.close()
    assert await drain.finish(10)
    assert await stored(database) == ["a", "b"]
    assert [line["exchange"] for line in lines.of("record_unstorable")] == ["bad", "worse"]


async def test_while_the_database_is_away_the_journal_waits_and_it_is_told_once(
    database: Database, folder: Path, drain: Drain, database_url: str, lines: Lines
) -> None:
    journal = write(folder, "a")
    await drain.step()
    journal.append(record("b"))
    with locked(database_url):
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                await drain.step()
        assert drain.away_since is not None
        assert drain.undrained_bytes() > 0
    await drain.step()
    assert drain.away_since is None
    assert drain.undrained_bytes() == 0
    assert (len(lines.of("ledger_away")), len(lines.of("ledger_back")), drain.failures_total) == (1, 1, 2)
    journal.close()


async def test_the_loop_drains_by_itself_and_beside_a_last_drain(
    database: Database, folder: Path, drain: Drain
) -> None:
    journal = write(folder, *map(str, range(50)))
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(10):
        while drain.stored_total < 50:
            await asyncio.sleep(0.01)
    journal.append(record("last"))
    journal.close()
    assert await drain.finish(10)
    running.cancel()
    assert len(await stored(database)) == 51


async def test_a_last_drain_without_a_database_gives_up_in_time(folder: Path, tmp_path: Path, log: Log) -> None:
    (tmp_path / "broken.db").write_bytes(b"no database at all, though long enough to look like one " * 20)
    database = Database(f"sqlite:///{tmp_path}/broken.db")
    write(folder, "a").close()
    assert not await Drain(database, folder, spent_of(folder), log).finish(0.3)
    assert len(segments(folder)) == 1
    database.close()


KILLED = """
import asyncio, os, sys
from pathlib import Path
from gateway.telemetry.logs import Log
from operations.ledger import store
from operations.ledger.drain import Drain
from operations.store.database import Database

folder, url, die_at = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
move = store.move

def dying_move(connection, places):
    if die_at == "before" and places:
        os._exit(9)
    move(connection, places)

async def main():
    store.move = dying_move
    drain = Drain(Database(url), folder, set, Log(sys.stderr))
    await drain.step()
    os._exit(9)

asyncio.run(main())
"""


@pytest.mark.parametrize("die_at", ["before", "after"])
async def test_a_process_killed_around_its_commit_leaves_each_record_once(
    database: Database, folder: Path, drain: Drain, database_url: str, die_at: str
) -> None:
    """Killed between the rows and the place, or just after both: the next life stores what is missing and no more."""
    write(folder, "a", "b", "c").close()
    await database.run(lambda _: None)
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", KILLED, str(folder), database_url, die_at],
        check=False)
    assert killed.returncode == 9
    assert await drain.finish(10)
    assert await stored(database) == ["a", "b", "c"]


async def test_a_full_disk_loses_nothing_and_is_over_when_there_is_room(
    sqlite: Database, folder: Path, log: Log, lines: Lines
) -> None:
    drain = Drain(sqlite, folder, spent_of(folder), log)
    pages = await sqlite.run(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())
    await sqlite.run(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count = {pages}"))
    write(folder, *(f"id-{number:04}" for number in range(300))).close()
    with pytest.raises(DatabaseAway, match="full"):
        await drain.step()
    assert "full" in lines.of("ledger_away")[0]["error"]
    assert await drain.finish(10)
    assert len(await stored(sqlite)) == 300


def signal_of(exchange: str, at: float, name: str = "names") -> Signal:
    return Signal(id=f"{exchange}:prompt:{name}", exchange_id=exchange, at=at, kind="guard", name=name, worker="w0",
                  body={"guards": [f"prompt:{name}:flag:1"]})


async def test_signals_come_into_the_ledger_once_and_stand_with_their_exchange(
        database: Database, folder: Path, drain: Drain, log: Log) -> None:
    journal = Journal(folder, "w0")
    for one in (record("a"), signal_of("a", 2.0, "topics"), record("b"), signal_of("a", 1.0)):
        journal.append(one)
    assert await drain.step() == 4
    journal.append(signal_of("a", 3.0))  # as it would be told by a worker that did not know that it had
    assert await drain.step() == 1
    journal.close()
    assert await stored(database) == ["a", "b"]
    told = await database.run(lambda c: store.signals_of(c, "a"))
    assert [(one["name"], one["at"], one["body"]) for one in told] == [
        ("names", 1.0, {"guards": ["prompt:names:flag:1"]}), ("topics", 2.0, {"guards": ["prompt:topics:flag:1"]})]
    assert await database.run(lambda c: store.signals_of(c, "b")) == []


async def test_a_signal_that_no_database_could_hold_costs_itself_alone(
        database: Database, folder: Path, drain: Drain) -> None:
    journal = Journal(folder, "w0")
    for one in (record("a"), signal_of("a", float("nan")), signal_of("a", 1.0, "topics")):
        journal.append(one)
    journal.close()
    await drain.step()
    assert drain.unstorable_total == 1
    assert [one["name"] for one in await database.run(lambda c: store.signals_of(c, "a"))] == ["topics"]
