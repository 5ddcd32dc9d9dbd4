"""SQLAlchemy's engines for a database URL: what SQLite and PostgreSQL have to be told so that both keep one promise.

A transaction waits ``LOCK_SECONDS`` for what another holds, and ends after ``TRANSACTION_SECONDS``, well or not.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url

LOCK_SECONDS = 2.0
TRANSACTION_SECONDS = 5.0
_STEPS = 20_000  # of SQLite's machine between two looks at the clock: about a millisecond
_CACHE_KIB = 32 << 10  # SQLite's pages in memory: what the indexes touch again and again
_LOG_PAGES = 8000  # of 4 KiB: a page that ten commits changed is copied into the database once


def engine_of(url: str, writes: bool = True) -> Engine:
    """An engine for ``sqlite:///PATH``, whose folder is made, or ``postgresql://USER:PASSWORD@HOST/NAME``.

    The transactions of one that does not write see what is committed, and neither wait for another's nor hold it up."""
    if url.startswith("sqlite:"):
        return _sqlite(url, writes)
    # Only whoever has such a URL needs the driver: it is an extra.
    from operations.store.postgresql import postgresql_engine
    return postgresql_engine(url, writes, _json)


def shown(url: str) -> str:
    """The URL as it may be told: without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _sqlite(url: str, writes: bool) -> Engine:
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, json_serializer=_json, json_deserializer=msgspec.json.decode)
    event.listen(engine, "connect", _preparing(writes))
    event.listen(engine, "begin", _begin_writing if writes else _begin_reading)
    return engine


def _preparing(writes: bool) -> Callable[[Any, object], None]:
    def prepare(connection: Any, _record: object) -> None:
        # The driver's own idea of when a transaction begins is switched off; _begin_writing says it.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"wal_autocheckpoint={_LOG_PAGES}",
                       f"cache_size=-{_CACHE_KIB}", f"busy_timeout={int(LOCK_SECONDS * 1000)}",
                       f"query_only={int(not writes)}"):
            connection.execute(f"PRAGMA {pragma}")
    return prepare


def _begin_writing(connection: Connection) -> None:
    # Taking the write lock first turns a deadlock between two upgrading readers into a wait.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection, now: Callable[[], float] = time.monotonic) -> None:
    # A question that would read the whole ledger is stopped, as PostgreSQL's statement_timeout stops it.
    deadline = now() + TRANSACTION_SECONDS
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: now() > deadline, _STEPS)
    connection.exec_driver_sql("BEGIN")
