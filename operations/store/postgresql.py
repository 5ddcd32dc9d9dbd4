"""PostgreSQL through psycopg: a connection that never waits for long, whatever has become of the server."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.errors import OperationalError, _WaitTimeout
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from operations.store import engine as bounds

_CONNECT_SECONDS = 2  # the least that libpq knows
_PING_SECONDS = 2.0
_STATEMENT_SECONDS = 4.0
_ABANDONED_SECONDS = 30  # after which the server ends a transaction whose host has frozen
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
_MAY_WRITE = text("SELECT current_setting('transaction_read_only') = 'off'")


class ReadOnly(SQLAlchemyError):
    """The server takes no changes: a standby, or one that was told so."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed, and raises OperationalError, where an answer is not there by ``deadline``.

    The server's own timeouts end what takes too long while the server is there to end it. This one is for a server
    that took the question and says nothing more: frozen, or behind a network that swallows.
    """

    deadline: float | None = None  # time.monotonic(); without one, each answer has _PING_SECONDS

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        allowed = _PING_SECONDS if self.deadline is None else self.deadline - time.monotonic()
        allowed = max(0.0, allowed if timeout is None else min(allowed, timeout))
        try:
            return super().wait(gen, interval, allowed)
        except _WaitTimeout:
            self.pgconn.finish()
            raise OperationalError("the server did not answer in time") from None


def postgresql_engine(url: str, writes: bool, json: Callable[[Any], str]) -> Engine:
    """See ``engine``. A transaction that might write does not begin where the server would not let it: whoever asks
    whether the database is there is told so before there is something to write.

    Nothing is prepared on the server: every question is planned for what it asks."""
    options = {"lock_timeout": f"{bounds.LOCK_SECONDS}s", "statement_timeout": f"{_STATEMENT_SECONDS}s",
               "idle_in_transaction_session_timeout": f"{_ABANDONED_SECONDS}s",
               "default_transaction_read_only": "" if writes else "on"}
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"), json_serializer=json, pool_pre_ping=True, pool_size=1,
        max_overflow=0, connect_args=_KEEPALIVES | {
            "connect_timeout": _CONNECT_SECONDS, "application_name": "gatewright", "prepare_threshold": None,
            "options": " ".join(f"-c {name}={value}" for name, value in options.items() if value)})
    event.listen(engine, "do_connect", lambda _dialect, _record, args, known: BoundedConnection.connect(*args, **known))
    event.listen(engine, "begin", _begin_writing if writes else _set_deadline)
    event.listen(engine, "checkin", _unset_deadline)
    return engine


def _begin_writing(connection: Connection) -> None:
    _set_deadline(connection)
    if not connection.scalar(_MAY_WRITE):
        raise ReadOnly("the server takes no changes: transaction_read_only is on")


def _set_deadline(connection: Connection) -> None:
    _driver(connection).deadline = time.monotonic() + bounds.TRANSACTION_SECONDS


def _unset_deadline(driver: BoundedConnection | None, _record: object) -> None:
    if driver is not None:
        driver.deadline = None


def _driver(connection: Connection) -> BoundedConnection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, BoundedConnection)
    return driver


def take_your_time(connection: Connection, lock_seconds: float) -> None:
    """For this transaction alone: statements may take as long as they do, once locks were had in ``lock_seconds``."""
    connection.execute(text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', :s, true)"),
                       {"s": f"{lock_seconds}s"})
    _driver(connection).deadline = float("inf")


def flush(connection: Connection) -> None:
    """Returns once every commit before this one is on disk, also where the server commits without waiting for it."""
    # Its log is written in order: waiting for a word that was put there now is waiting for all before it.
    connection.execute(text("SELECT set_config('synchronous_commit', 'on', true), "
                            "pg_logical_emit_message(true, 'gatewright', 'so far') "
                            "WHERE current_setting('synchronous_commit') = 'off'"))
