"""The database behind two threads: the event loop never waits for a disk, nor writers for each other or for readers."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from operations.store.engine import engine_of
from operations.store.migrations import migrate

T = TypeVar("T")


class DatabaseAway(Exception):
    """The database does not answer, or not as a database of this release would."""


class Database:
    """Runs functions over a connection, each in one transaction: what writes in one thread, what reads in another.

    It opens (and migrates) on first use and again after a failure, so that whoever keeps asking sees it come back.
    ``error`` says what is wrong while something is; empty otherwise.

    SQLite writes ahead (WAL) with synchronous=NORMAL: a commit is one write and no fsync. A crash of a process loses
    nothing; a loss of power may lose the last commits, whole. Nothing that a commit replaces may therefore be destroyed
    before ``make_durable`` has returned.
    """

    def __init__(self, url: str) -> None:
        self._writing = Lane("database", lambda: _migrated(engine_of(url)))
        self._reading = Lane("database-reading", lambda: engine_of(url, writes=False))
        self._migrated = False

    @property
    def error(self) -> str:
        return self._writing.error

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Returns ``work(connection)`` once its transaction is committed; raises DatabaseAway."""
        result = await self._writing.run(lambda opened: _transaction(opened, work))
        self._migrated = True
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Returns ``work(connection)``, which sees what is committed and changes nothing; raises DatabaseAway.

        It neither waits for ``run`` nor holds it up."""
        if not self._migrated:
            await self.run(lambda _: None)
        return await self._reading.run(lambda opened: _transaction(opened, work))

    async def make_durable(self, mode: Literal["FULL", "TRUNCATE"] = "FULL") -> None:
        """Returns once every commit so far would outlive a loss of power; raises DatabaseAway. With TRUNCATE nothing is
        left in SQLite's log of what they have replaced or deleted, unless somebody reads just then."""
        await self._writing.run(lambda opened: _make_durable(opened, mode))

    def close(self) -> None:
        self._reading.close()
        self._writing.close()


class Lane:
    """One thread with one engine: what is run in it runs one after another."""

    def __init__(self, name: str, open_engine: Callable[[], Engine]) -> None:
        self.error = ""
        self._open = open_engine
        self._engine: Engine | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, work: Callable[[Engine], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, work)

    def _run(self, work: Callable[[Engine], T]) -> T:
        try:
            self._engine = self._engine or self._open()
            result = work(self._engine)
        except IntegrityError:
            raise
        except _signs_of_absence(self._engine) as error:
            self._give_up(error)
            raise DatabaseAway(self.error) from None
        self.error = ""
        return result

    def _give_up(self, error: BaseException) -> None:
        self.error = _words_of(error)
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def close(self) -> None:
        self._thread.submit(lambda: self._engine.dispose() if self._engine else None).result()
        self._thread.shutdown()


def _transaction(opened: Engine, work: Callable[[Connection], T]) -> T:
    with opened.begin() as connection:
        return work(connection)


def _migrated(opened: Engine) -> Engine:
    try:
        migrate(opened)
    except BaseException:
        opened.dispose()
        raise
    return opened


def _make_durable(opened: Engine, mode: str) -> None:
    if opened.dialect.name == "sqlite":
        _checkpoint(opened, mode)
    else:
        from operations.store.postgresql import flush
        _transaction(opened, flush)


def _checkpoint(opened: Engine, mode: str) -> None:
    # Below SQLAlchemy, which would begin a transaction; the checkpoint syncs the log, then the database.
    connection = opened.raw_connection()
    try:
        [(busy, *_)] = connection.cursor().execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        if busy:
            # Somebody reads what was there before: the database cannot take the log over yet, and the log will do.
            _sync(f"{opened.url.database}-wal")
    finally:
        connection.close()


def _sync(path: str) -> None:
    with open(path, "rb") as file:
        os.fsync(file)


def _signs_of_absence(opened: Engine | None) -> tuple[type[Exception], ...]:
    # What is said to the driver directly is not put into SQLAlchemy's words.
    direct = sqlite3.Error if opened is None else opened.dialect.loaded_dbapi.Error
    return SQLAlchemyError, OSError, direct


def _words_of(error: BaseException) -> str:
    # The first failure: a full disk, say, undoes the transaction, and then its savepoint cannot be found.
    cause, context = error, error.__context__
    while context is not None:
        cause, context = context if isinstance(context, DBAPIError) else cause, context.__context__
    # The driver's own words: SQLAlchemy's would repeat the statement and its parameters.
    if isinstance(cause, DBAPIError) and cause.orig:
        cause = cause.orig
    # Their first line: PostgreSQL's next ones quote the statement.
    return f"{type(cause).__name__}: {str(cause).partition(chr(10))[0]}"
