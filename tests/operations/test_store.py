"""The database: its tables and migrations, its thread, and how it goes away and comes back."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from gateway.record import ExchangeRecord, Signal
from operations.ledger import store
from operations.store import migrations
from operations.store.database import Database, DatabaseAway
from operations.store.tables import exchange, metadata, signal
from tests.postgres import locked


def test_an_exchange_has_a_column_for_each_field_of_its_record() -> None:
    assert [column.name for column in exchange.columns] == [
        *(field.name for field in msgspec.structs.fields(ExchangeRecord)), "previous", "digest"]


def test_a_signal_has_a_column_for_each_of_its_fields() -> None:
    assert [column.name for column in signal.columns] == [
        *(field.name for field in msgspec.structs.fields(Signal)), "previous", "digest"]


async def test_the_migrations_end_in_the_tables_of_this_release(database: Database) -> None:
    assert await database.run(lambda c: compare_metadata(MigrationContext.configure(c), metadata)) == []


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


async def test_work_runs_in_one_thread_that_is_not_the_loops(database: Database) -> None:
    threads = {await database.run(lambda _: threading.get_ident()) for _ in range(3)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_work_that_raises_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("INSERT INTO journal_cursor VALUES ('a', 1)"))
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await database.run(half)
    assert await database.run(lambda c: c.execute(text("SELECT * FROM journal_cursor")).all()) == []


async def test_sqlite_writes_ahead_and_leaves_fsync_to_checkpoints(sqlite: Database) -> None:
    def pragma(name: str) -> object:
        return lambda c: c.exec_driver_sql(f"PRAGMA {name}").scalar()

    assert await sqlite.run(pragma("journal_mode")) == "wal"  # type: ignore[arg-type]
    assert await sqlite.run(pragma("synchronous")) == 1  # type: ignore[arg-type]


async def test_a_durable_database_stands_without_its_log(sqlite: Database, tmp_path: Path) -> None:
    """After make_durable the commits are in the database itself: a power loss may take the log."""
    await sqlite.run(lambda c: c.execute(text("INSERT INTO journal_cursor VALUES ('a', 1)")))
    await sqlite.make_durable()
    copy = tmp_path / "copy.db"
    copy.write_bytes((tmp_path / "gatewright.db").read_bytes())
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT * FROM journal_cursor").fetchall() == [("a", 1)]
    connection.close()


async def test_a_reader_in_its_transaction_keeps_nothing_from_being_made_durable(sqlite: Database) -> None:
    """The database cannot take over what a reader must not see yet; the log is synced in its place."""
    await sqlite.run(lambda c: store.move(c, {"a": 1}))
    reading, go_on = threading.Event(), threading.Event()

    def read(connection: Connection) -> None:
        store.positions(connection)
        reading.set()
        go_on.wait(30)

    reader = asyncio.create_task(sqlite.read(read))
    await asyncio.to_thread(reading.wait, 30)
    await sqlite.run(lambda c: store.move(c, {"b": 1}))
    await sqlite.make_durable()
    go_on.set()
    await reader


async def test_a_locked_database_is_away_and_comes_back(database: Database, database_url: str) -> None:
    await database.run(store.positions)
    with locked(database_url):
        with pytest.raises(DatabaseAway, match=r"locked|lock timeout"):
            await database.run(store.positions)
        assert "lock" in database.error
    await database.run(store.positions)
    assert database.error == ""


async def test_a_file_that_is_no_database_is_away_until_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "broken.db"
    path.write_bytes(b"this is no database, and it is long enough to be taken for one" * 20)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DatabaseAway, match="not a database"):
        await database.run(lambda _: None)
    path.unlink()
    assert await database.run(lambda c: c.scalar(text("SELECT 1"))) == 1
    database.close()


async def test_a_database_that_may_not_be_written_is_away_for_changes(sqlite: Database, sqlite_url: str) -> None:
    await sqlite.run(store.positions)
    protected = Database(sqlite_url.replace(":///", ":///file:") + "?mode=ro&uri=true")
    for _ in range(2):
        with pytest.raises(DatabaseAway, match="readonly"):
            await protected.run(lambda c: store.move(c, {"a": 1}))
    assert await protected.read(store.positions) == {}
    protected.close()


async def test_a_database_of_a_later_release_is_left_alone(database: Database, database_url: str) -> None:
    await database.run(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    later = Database(database_url)
    with pytest.raises(DatabaseAway, match="of another release"):
        await later.run(lambda _: None)
    later.close()


async def test_errors_tell_no_statement_and_no_parameters(database: Database) -> None:
    with pytest.raises(DatabaseAway) as failure:
        await database.run(lambda c: c.execute(text("SELECT :secret FROM nowhere"), {"secret": "hunter2"}))
    assert "hunter2" not in str(failure.value)
    assert "SELECT" not in str(failure.value)
