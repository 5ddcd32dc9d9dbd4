"""PostgreSQL: dumped by pg_dump in the snapshot in which its rows were counted, restored by pg_restore."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from sqlalchemy import URL, Connection, Engine, MetaData, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

from operations.backups.contents import contents_of
from operations.backups.damage import Damaged, Refused
from operations.backups.dump import Alive, Dump
from operations.backups.postgresql_tools import Tool, address_of, environment_of, tool_for

_BLOCK_BYTES = 256 << 10
_LOCK_SECONDS = 30
_TOLD_BYTES = 2000
_SERVICE = "postgres"  # the database that every server has, to be in while another one is made or renamed


class DumpFailed(Exception):
    """A program of PostgreSQL's ended with an error; the message is its own."""


def engine_for(url: str | URL, **options: str) -> Engine:
    """An engine whose connections end with their use, by the driver that is installed."""
    parsed = make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, poolclass=NullPool, execution_options=options)


@contextlib.contextmanager
def dumped(url: str, scratch: Path, alive: Alive) -> Iterator[Dump]:
    """What pg_dump writes, read as it comes. Raises DumpFailed, Refused, SQLAlchemyError, OSError, Stopped."""
    with engine_for(url, isolation_level="REPEATABLE READ").connect() as connection:
        tool = tool_for("pg_dump", _major_of(connection))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))
        contents = contents_of(connection)
        command = [tool.path, "--format=custom", "--compress=0", "--no-owner", "--no-privileges",
                   f"--lock-wait-timeout={_LOCK_SECONDS}s", f"--snapshot={snapshot}", f"--dbname={address_of(url)}"]
        with _Program(command, url, stdout=subprocess.PIPE) as program:
            yield Dump(kind="postgresql", tool=str(tool), contents=contents, blocks=program.output(alive))


def _major_of(connection: Connection) -> int:
    return int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000


class _Program:
    """A program of PostgreSQL's, which is gone when the block around it ends."""

    def __init__(self, command: list[str], url: str, stdin: int | None = None, stdout: int | None = None) -> None:
        self._told = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the block)
        self._name = Path(command[0]).name
        self._process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=self._told,
                                         env=environment_of(url, os.environ))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._told):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()

    def output(self, alive: Alive) -> Iterator[bytes]:
        """What it writes; raises DumpFailed at the end where the program was not content."""
        assert self._process.stdout is not None
        while block := self._process.stdout.read(_BLOCK_BYTES):
            alive()
            yield block
        self._finish()

    def feed(self, blocks: Iterable[bytes]) -> None:
        """Gives it its input; raises DumpFailed."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it says itself why it reads no further
            for block in blocks:
                self._process.stdin.write(block)
            self._process.stdin.close()
        self._finish()

    def _finish(self) -> None:
        if self._process.wait():
            self._told.seek(0)
            said = self._told.read(_TOLD_BYTES).decode(errors="replace").strip()
            raise DumpFailed(said or f"{self._name} ended with status {self._process.returncode}")


class PostgresTarget:
    """A database on a server: filled beside the one that it is to replace, then renamed."""

    def __init__(self, url: str, replace: bool, moment: str) -> None:
        """Raises Refused where the database has tables, and is not to be replaced."""
        self._wanted = make_url(url)
        self._name = self._wanted.database or ""
        self._aside = _named(self._name, f"_before_{moment}")
        self._made = self._filling = False
        there = exists(self._wanted)
        if there and _is_empty(self._wanted):
            self._filled = self._wanted
        elif there and not replace:
            raise Refused(f"the database {self._name} has tables already: name another one, or say --replace (the old "
                          f"one is then kept as {self._aside})")
        else:
            self._filled = self._wanted.set(database=_named(self._name, f"_restoring_{moment}"))
        self.url = self._filled.render_as_string(hide_password=False)

    def fill(self, blocks: Iterable[bytes]) -> None:
        if self._filled is not self._wanted:
            _in_service(self._wanted, f"CREATE DATABASE {_quoted(self._filled)}")
            self._made = True
        with engine_for(self.url).connect() as connection:
            tool = tool_for("pg_restore", _major_of(connection))
        self._filling = True
        try:
            _feed(tool, self.url, blocks)
        except DumpFailed as error:
            raise Damaged(f"pg_restore does not take its dump: {error}") from None

    def take_place(self) -> str:
        if not self._made:
            self._filling = False
            return ""
        aside = self._wanted.set(database=self._aside)
        replaced = exists(self._wanted)
        if replaced:
            _rename(self._wanted, aside)
        try:
            _rename(self._filled, self._wanted)
        except BaseException:
            if replaced:
                _rename(aside, self._wanted)
            raise
        self._made = self._filling = False
        return self._aside if replaced else ""

    def discard(self) -> None:
        if self._made:
            drop(self._filled)
        elif self._filling:  # it was empty, and is again
            empty(self._filled)
        self._made = self._filling = False


def _feed(tool: Tool, url: str, blocks: Iterable[bytes]) -> None:
    command = [tool.path, "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges",
               f"--dbname={address_of(url)}"]
    with _Program(command, url, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as program:
        program.feed(blocks)


def _named(name: str, suffix: str) -> str:
    return name[: 63 - len(suffix)] + suffix  # PostgreSQL's longest name


def _quoted(url: URL) -> str:
    name = (url.database or "").replace('"', '""')
    return f'"{name}"'


def exists(url: URL) -> bool:
    """Raises SQLAlchemyError where the server does not say."""
    try:
        with engine_for(url).connect():
            return True
    except OperationalError as error:
        if "does not exist" in str(error.orig):
            return False
        raise


def _is_empty(url: URL) -> bool:
    own = text("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
               "WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'")
    with engine_for(url).connect() as connection:
        return not connection.scalar(own)


def empty(url: URL) -> None:
    """Drops every table in a database."""
    engine, tables = engine_for(url), MetaData()
    tables.reflect(engine)
    tables.drop_all(engine)


def _rename(url: URL, to: URL) -> None:
    _in_service(url, f"ALTER DATABASE {_quoted(url)} RENAME TO {_quoted(to)}")


def _in_service(url: URL, statement: str) -> None:
    """Runs what no database can be told of itself; raises Refused."""
    with engine_for(url.set(database=_SERVICE), isolation_level="AUTOCOMMIT").connect() as connection:
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            raise Refused(f"PostgreSQL refuses {statement.partition(' ')[0].lower()}ing a database: "
                          f"{str(error.orig).strip()}") from None


def drop(url: URL) -> None:
    """Removes a database, whoever is in it; raises Refused."""
    _in_service(url, f"DROP DATABASE IF EXISTS {_quoted(url)} WITH (FORCE)")
