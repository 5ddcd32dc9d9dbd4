"""Opens a database for a verification: read only, one snapshot, and without the service."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from operations.store.tables import act, audit_checkpoint, exchange, signal

KEY_BYTES = 32


class CannotVerify(Exception):
    """What is to be verified, or to verify with, cannot be used; the message says why."""


@contextmanager
def opened(database: str) -> Iterator[Connection]:
    """A connection to a URL or a SQLite file, in a transaction that writes nothing and sees no other's changes. Raises
    CannotVerify."""
    try:
        with _connected(database) as connection:
            _check(connection)
            yield connection
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise CannotVerify(f"the database cannot be read: {str(cause).partition(chr(10))[0]}") from None


@contextmanager
def _connected(database: str) -> Iterator[Connection]:
    engine = _engine(database)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            yield connection
    finally:
        engine.dispose()


def _engine(database: str) -> Engine:
    if "://" not in database or database.startswith("sqlite"):
        return _sqlite(Path(database.removeprefix("sqlite:///")))
    try:
        url = make_url(database).set(drivername="postgresql+psycopg")
    except ArgumentError:
        raise CannotVerify("expected a file, sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME") from None
    return create_engine(url, poolclass=NullPool, isolation_level="REPEATABLE READ",
                         execution_options={"postgresql_readonly": True})


def _sqlite(path: Path) -> Engine:
    if not path.is_file():
        raise CannotVerify(f"there is no file {path}")
    # A copy without its log, in a folder that cannot be written to, opens only where nobody else can be at it.
    for options in ("mode=ro", "immutable=1"):
        engine = create_engine(f"sqlite:///file:{quote(str(path.resolve()))}?{options}&uri=true", poolclass=NullPool)
        event.listen(engine, "connect", _read_any_text)
        try:
            with engine.connect() as connection:
                connection.exec_driver_sql("select count(*) from sqlite_master")
        except SQLAlchemyError:
            engine.dispose()
            if options != "mode=ro":
                raise
        else:
            return engine
    raise AssertionError("not reached")


def _read_any_text(connection: Any, _record: object) -> None:
    # Text that is no UTF-8 was put there by somebody, and is a finding: it must not end the reading.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")


def _check(connection: Connection) -> None:
    looked = inspect(connection)
    if not looked.has_table(audit_checkpoint.name):
        raise CannotVerify("it is no database of Gatewright, or of a release before there was an audit log")
    for table in (exchange, signal, act):
        beyond = {column["name"] for column in looked.get_columns(table.name)} - set(table.columns.keys())
        if beyond:
            raise CannotVerify(f"it is of a later release: table {table.name} has {', '.join(sorted(beyond))}")


def public_key(given: str) -> bytes:
    """A public key: 64 hexadecimal digits, or a file that holds them. Raises CannotVerify."""
    text = given
    if len(given) != 2 * KEY_BYTES:
        try:
            text = Path(given).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise CannotVerify(f"public key: expected 64 hexadecimal digits or a file with them ({error})") from None
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise CannotVerify("public key: expected 64 hexadecimal digits, as gatewright audit public-key prints them")
    return key
