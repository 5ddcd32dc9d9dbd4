"""A database that goes away in every way that it can: whoever asks is told within seconds, and it comes back."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text

from gateway.journal import Journal, segments
from gateway.telemetry.logs import Log
from operations.ledger import store
from operations.ledger.drain import Drain
from operations.store.database import Database, DatabaseAway
from tests.fakes.wire import Wire
from tests.operations.scripted_worker import record
from tests.postgres import PASSWORD, USER, PostgresServer

PATIENCE_SECONDS = 30.0  # what a test waits before it calls a hang one; the promise is a few seconds


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that these tests alone may stop."""
    server = PostgresServer(synchronous_commit="on")  # what it said it did, it has done, also where it crashes
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
async def own(own_server: PostgresServer) -> AsyncIterator[Database]:
    database = Database(own_server.url())
    await database.run(note("before"))
    yield database
    database.close()
    own_server.execute("delete from journal_cursor")


@pytest.fixture
async def wire(postgres: PostgresServer) -> AsyncIterator[Wire]:
    async with Wire(postgres.port) as wire:
        yield wire


@pytest.fixture
async def wired(wire: Wire, postgres_url: str) -> AsyncIterator[Database]:
    """A database at the other end of a wire."""
    database = Database(f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{wire.port}/{postgres_url.rpartition('/')[2]}")
    await database.run(note("before"))
    yield database
    await asyncio.to_thread(database.close)


def note(name: str):  # type: ignore[no-untyped-def]
    return lambda c: store.move(c, {name: 1})


async def is_away(database: Database, words: str) -> None:
    with pytest.raises(DatabaseAway, match=words) as told:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await database.run(note("meanwhile"))
    assert PASSWORD not in str(told.value)
    assert database.error


async def is_back(database: Database) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await database.run(note("after"))
    assert await database.read(store.positions) == {"before": 1, "after": 1}
    assert database.error == ""


async def test_a_server_that_crashed_is_away_until_it_is_started(own: Database, own_server: PostgresServer) -> None:
    own_server.stop(signal.SIGQUIT)
    await is_away(own, "OperationalError")
    await is_away(own, "refused")
    own_server.start()
    await is_back(own)


async def test_a_server_that_was_restarted_between_two_questions_is_not_noticed(
    own: Database, own_server: PostgresServer
) -> None:
    await own.read(store.positions)
    own_server.stop()
    own_server.start()
    await is_back(own)


async def test_a_transaction_that_the_server_died_in_left_nothing(own: Database, own_server: PostgresServer) -> None:
    def dying(connection: Connection) -> None:
        store.move(connection, {"half": 1})
        own_server.stop(signal.SIGQUIT)
        store.move(connection, {"other half": 1})

    with pytest.raises(DatabaseAway):
        await own.run(dying)
    own_server.start()
    await is_back(own)


async def test_a_server_that_takes_no_changes_is_away_for_them_and_answers_questions(
    own: Database, own_server: PostgresServer
) -> None:
    """Also for a transaction that would have changed nothing: who asks whether it is there is told the truth."""
    own_server.set("default_transaction_read_only", "on")
    try:
        await is_away(own, "takes no changes")
        with pytest.raises(DatabaseAway, match="takes no changes"):
            await own.run(store.positions)
        assert await own.read(store.positions) == {"before": 1}
    finally:
        own_server.set("default_transaction_read_only", "off")
    await is_back(own)


async def test_a_server_without_a_connection_left_is_away(own: Database, own_server: PostgresServer) -> None:
    own_server.execute("create role guest login password 'as-it-happens' connection limit 0")
    guest = Database(own_server.url().replace(USER, "guest", 1))
    with pytest.raises(DatabaseAway, match="too many connections"):
        await guest.run(store.positions)
    own_server.execute("alter role guest connection limit 5")
    own_server.execute("grant select on journal_cursor, alembic_version to guest")
    assert await guest.run(store.positions) == {"before": 1}
    guest.close()
    own_server.execute("drop owned by guest")
    own_server.execute("drop role guest")


async def test_a_server_whose_disk_is_full_is_away_until_there_is_room(
    own: Database, own_server: PostgresServer, tmp_path: Path, log: Log
) -> None:
    await own.run(lambda c: store.append(c, [record(f"early-{number}") for number in range(4000)]))
    own_server.execute("select pg_switch_wal()")  # a file of the log that is nearly empty takes what is to come
    own_server.execute("select pg_logical_emit_message(false, 'a test', 'begins it', true)")
    [(size,)] = own_server.execute("select pg_relation_size('exchange')")
    journal = Journal(tmp_path, "w0")
    for number in range(500):
        journal.append(record(f"late-{number}"))
    journal.close()
    drain = Drain(own, tmp_path, lambda: {one.name for one in segments(tmp_path)}, log)
    own_server.limit_files(int(str(size)))
    own_server.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatewright'")
    try:
        for _ in range(2):
            with pytest.raises(DatabaseAway, match="extend file"):
                await drain.step()
    finally:
        own_server.limit_files(-1)
    assert await drain.finish(PATIENCE_SECONDS)
    assert own_server.execute("select count(*), count(distinct id) from exchange") == [(4500, 4500)]
    own_server.execute("delete from exchange")


async def test_a_server_that_takes_the_question_and_says_nothing_is_away(wired: Database, wire: Wire) -> None:
    wire.swallows = True
    await is_away(wired, r"did not answer|timeout")
    await is_away(wired, "timeout")
    wire.swallows = False
    wire.cut()
    await is_back(wired)


async def test_a_reader_waits_no_longer_than_a_writer_for_a_silent_server(wired: Database, wire: Wire) -> None:
    await wired.read(store.positions)
    wire.swallows = True
    with pytest.raises(DatabaseAway, match=r"did not answer|timeout"):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await wired.read(store.positions)


async def test_a_slow_server_is_used_as_it_is(wired: Database, wire: Wire) -> None:
    wire.delay_seconds = 0.05
    await is_back(wired)


async def test_a_connection_that_broke_is_made_again(wired: Database, wire: Wire) -> None:
    wire.cut()
    await is_back(wired)


async def test_a_statement_that_takes_too_long_is_ended(database: Database) -> None:
    """Whoever reads gets an answer or an error, and the next question is answered."""
    endless = {"sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
               "postgresql": "SELECT pg_sleep(60)"}
    with pytest.raises(DatabaseAway, match=r"interrupted|timeout"):
        await database.read(lambda c: c.execute(text(endless[c.dialect.name])).all())
    assert await database.read(store.positions) == {}


async def test_a_commit_whose_answer_was_lost_doubles_nothing(
    wired: Database, wire: Wire, tmp_path: Path, log: Log
) -> None:
    """The rows are there, and the drain cannot know: it asks how far it was, and goes on from there."""
    journal = Journal(tmp_path, "w0")
    for number in range(300):
        journal.append(record(f"id-{number}"))
    journal.close()
    drain = Drain(wired, tmp_path, lambda: {one.name for one in segments(tmp_path)}, log)
    wire.breaks_after = b"COMMIT\0"  # as no statement has it but the one
    with pytest.raises(DatabaseAway):
        await drain.step()
    assert drain.undrained_bytes() > 0
    counted = text("SELECT count(*), count(DISTINCT id) FROM exchange")
    assert tuple(await wired.read(lambda c: c.execute(counted).one())) == (300, 300)
    assert await drain.finish(PATIENCE_SECONDS)
    assert tuple(await wired.read(lambda c: c.execute(counted).one())) == (300, 300)


async def test_reading_neither_waits_for_writing_nor_holds_it_up(database: Database) -> None:
    """A writer in the middle of its transaction, and a reader in the middle of its own, and each goes on."""
    await database.run(note("before"))
    reading, go_on = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        store.move(connection, {"written": 1})
        assert go_on.wait(PATIENCE_SECONDS)

    def read(connection: Connection) -> dict[str, int]:
        seen = store.positions(connection)
        reading.set()
        assert go_on.wait(PATIENCE_SECONDS)
        return seen

    writer = asyncio.create_task(database.run(write))
    assert await database.read(store.positions) == {"before": 1}
    reader = asyncio.create_task(database.read(read))
    assert await asyncio.to_thread(reading.wait, PATIENCE_SECONDS)
    go_on.set()
    await writer
    assert await reader == {"before": 1}
    assert await database.read(store.positions) == {"before": 1, "written": 1}


async def test_who_reads_can_change_nothing(database: Database) -> None:
    with pytest.raises(DatabaseAway, match=r"readonly|read-only"):
        await database.read(note("changed"))
    assert await database.run(store.positions) == {}


async def test_hosts_that_start_together_make_the_tables_once(postgres: PostgresServer, tmp_path: Path) -> None:
    postgres.execute("create database together")
    for url in (postgres.url("together"), f"sqlite:///{tmp_path}/together.db"):
        hosts = [Database(url) for _ in range(4)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await asyncio.gather(*(host.run(store.positions) for host in hosts)) == [{}] * 4
        for host in hosts:
            host.close()


@pytest.mark.parametrize("wrong", ["password", "port", "name"])
async def test_no_error_tells_a_password(postgres: PostgresServer, wrong: str) -> None:
    url = {"password": postgres.url().replace(PASSWORD, "not-the-one"), "port": postgres.url().replace(
        str(postgres.port), "1"), "name": postgres.url("nowhere")}[wrong]
    database = Database(url)
    with pytest.raises(DatabaseAway) as told:
        await database.run(store.positions)
    for word in (PASSWORD, "not-the-one"):
        assert word not in str(told.value)
    database.close()


async def test_what_is_durable_is_on_disk_also_where_the_server_does_not_wait_for_it(postgres_url: str) -> None:
    """The tests' server commits without waiting for its disk; make_durable does wait."""
    database = Database(postgres_url)
    await database.run(note("before"))
    with psycopg.connect(postgres_url, autocommit=True) as other:
        [committed] = other.execute("select pg_current_wal_insert_lsn()").fetchone() or ()
        await database.make_durable()
        [flushed] = other.execute("select pg_current_wal_flush_lsn() >= %s::pg_lsn", [committed]).fetchone() or ()
    assert flushed
    database.close()
