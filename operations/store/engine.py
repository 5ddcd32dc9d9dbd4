"""SQLAlchemy's engine for a database URL: what is the same on SQLite and PostgreSQL from here on, and what is not."""

from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, make_url

_BUSY_SECONDS = 2.0  # how long a lock is waited for
_STATEMENT_SECONDS = 4.0
_CONNECT_SECONDS = 3
_OPTIONS = f"-c lock_timeout={_BUSY_SECONDS}s -c statement_timeout={_STATEMENT_SECONDS}s"


def engine_of(url: str) -> Engine:
    """An engine for ``sqlite:///PATH``, whose folder is made, or ``postgresql://USER:PASSWORD@HOST/NAME``."""
    return _sqlite(url) if url.startswith("sqlite:") else _postgresql(url)


def _sqlite(url: str) -> Engine:
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, json_serializer=_json)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_writing)
    return engine


def _postgresql(url: str) -> Engine:
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), json_serializer=_json, pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS, "options": _OPTIONS, "application_name": "gatewright"})


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own idea of when a transaction begins is switched off; _begin_writing says it.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={int(_BUSY_SECONDS * 1000)}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_writing(connection: Connection) -> None:
    # Taking the write lock first turns a deadlock between two upgrading readers into a wait.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
