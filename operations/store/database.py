"""The database behind one thread: the event loop never waits for a disk, and writers never wait for each other."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from operations.store.engine import engine_of
from operations.store.migrations import migrate

T = TypeVar("T")


class DatabaseAway(Exception):
    """The database does not answer, or not as a database of this release would."""


class Database:
    """Runs functions over a connection, each in one transaction, one after another, in a thread of its own.

    It opens (and migrates) on first use and again after a failure, so that whoever keeps asking sees it come back.
    ``error`` says what is wrong while something is; empty otherwise.

    SQLite writes ahead (WAL) with synchronous=NORMAL: a commit is one write and no fsync. A crash of a process loses
    nothing; a loss of power may lose the last commits, whole. Nothing that a commit replaces may therefore be destroyed
    before ``make_durable`` has returned.
    """

    def __init__(self, url: str) -> None:
        self.error = ""
        self._url = url
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="database")

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Returns ``work(connection)`` once its transaction is committed; raises DatabaseAway."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._opened().begin() as connection:
                result = work(connection)
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError) as error:
            self._give_up(error)
            raise DatabaseAway(self.error) from None
        self.error = ""
        return result

    def _opened(self) -> Engine:
        if self._engine is None:
            engine = engine_of(self._url)
            try:
                migrate(engine)
            except BaseException:
                engine.dispose()
                raise
            self._engine = engine
        return self._engine

    def _give_up(self, error: Exception) -> None:
        self.error = _words_of(error)
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    async def make_durable(self) -> None:
        """Returns once every commit so far would outlive a loss of power."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._make_durable)

    def _make_durable(self) -> None:
        try:
            engine = self._opened()
            if engine.dialect.name == "sqlite":
                _checkpoint(engine)
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            self._give_up(error)
            raise DatabaseAway(self.error) from None

    def close(self) -> None:
        self._thread.submit(lambda: self._engine.dispose() if self._engine else None).result()
        self._thread.shutdown()


def _words_of(error: BaseException) -> str:
    # The first failure: a full disk, say, undoes the transaction, and then its savepoint cannot be found.
    cause, context = error, error.__context__
    while context is not None:
        cause, context = context if isinstance(context, DBAPIError) else cause, context.__context__
    # The driver's own words: SQLAlchemy's would repeat the statement and its parameters.
    if isinstance(cause, DBAPIError) and cause.orig:
        cause = cause.orig
    # Its first line: PostgreSQL's next ones quote the statement.
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}"


def _checkpoint(engine: Engine) -> None:
    # Below SQLAlchemy, which would begin a transaction; the checkpoint syncs the log, then the database.
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(FULL)")
    finally:
        connection.close()

