"""What differs between the kinds of database, behind one name each."""

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
from sqlalchemy import Engine, NullPool, create_engine, make_url

from operations.backups import postgresql, sqlite
from operations.backups.damage import Refused
from operations.backups.dump import Alive, Dump, Target
from operations.backups.manifest import Kind

_PORT = 5432


def kind_of(url: str) -> Kind:
    """Raises Refused for a database of another kind."""
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        return "sqlite"
    if scheme == "postgresql":
        return "postgresql"
    raise Refused(f"expected sqlite:///PATH or postgresql://USER@HOST/NAME, found {scheme or 'nothing'}://...")


def source_of(url: str, host: str) -> str:
    """The database's name among all that are backed up to one folder: the same from every host, without its password.
    """
    if kind_of(url) == "sqlite":
        return f"sqlite {host}:{sqlite.path_of(url).resolve()}"
    parsed = make_url(url)
    return f"postgresql {parsed.host or parsed.query.get('host', 'localhost')}:{parsed.port or _PORT}/{parsed.database}"


def offline_engine(url: str) -> Engine:
    """An engine for a database that nobody serves from: each use is a connection, and may take its time."""
    parsed = make_url(url)
    if kind_of(url) == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return create_engine(parsed, poolclass=NullPool, json_serializer=lambda value: msgspec.json.encode(value).decode())


def dumped(url: str, scratch: Path, alive: Alive) -> AbstractContextManager[Dump]:
    """A consistent copy, while the block lasts."""
    if kind_of(url) == "sqlite":
        return sqlite.dumped(url, scratch, alive)
    return postgresql.dumped(url, scratch, alive)


def is_there(url: str) -> bool:
    """Whether there is such a database, be it an empty one."""
    return sqlite.path_of(url).exists() if kind_of(url) == "sqlite" else postgresql.exists(make_url(url))


def remove(url: str, leave_it_empty: bool) -> None:
    """Removes what a trial has filled; one that was there before, and was empty, is that again. Raises Refused."""
    if kind_of(url) == "sqlite":
        sqlite.remove(sqlite.path_of(url))
    elif leave_it_empty:
        postgresql.empty(make_url(url))
    else:
        postgresql.drop(make_url(url))


def target_at(url: str, kind: Kind, replace: bool, moment: str) -> Target:
    """Raises Refused where there is something that is not to be replaced, or where a dump of ``kind`` does not fit."""
    if kind_of(url) != kind:
        raise Refused(f"it is a backup of a {kind} database, which {kind_of(url)} cannot take: restore it with "
                      f"--to {'sqlite:///PATH' if kind == 'sqlite' else 'postgresql://USER@HOST/NAME'}")
    return sqlite.SqliteTarget(url, replace, moment) if kind == "sqlite" else postgresql.PostgresTarget(
        url, replace, moment)
