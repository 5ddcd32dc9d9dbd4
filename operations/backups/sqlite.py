"""SQLite: copied through its online backup API, restored as a file that takes another's place."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from sqlalchemy import NullPool, create_engine

from operations.backups.contents import contents_of
from operations.backups.damage import Damaged, Refused
from operations.backups.dump import Alive, Dump
from operations.backups.folder import sync

PREFIX = "sqlite:///"
_PAGES = 512  # a step: 2 MiB, some milliseconds
_BLOCK_BYTES = 256 << 10
_BESIDE = ("", "-wal", "-shm")


def path_of(url: str) -> Path:
    return Path(url.removeprefix(PREFIX))


@contextlib.contextmanager
def dumped(url: str, scratch: Path, alive: Alive) -> Iterator[Dump]:
    """A copy in the folder ``scratch``, gone at the end. Raises OSError, sqlite3.Error, Stopped."""
    copy = scratch / "copy.db"
    try:
        _copy(path_of(url), copy, alive)
        engine = create_engine(f"{PREFIX}{copy}", poolclass=NullPool)
        with engine.connect() as connection:
            contents = contents_of(connection)
        with copy.open("rb") as file:
            yield Dump(kind="sqlite", tool=f"SQLite {sqlite3.sqlite_version}", contents=contents,
                       blocks=iter(lambda: file.read(_BLOCK_BYTES), b""))
    finally:
        remove(copy)


def _copy(source: Path, copy: Path, alive: Alive) -> None:
    # One read transaction over all steps: with write-ahead logging it keeps no writer waiting, and a copy that is
    # locked anew for every step would begin again whenever somebody has written.
    remove(copy)
    with _closing(f"file:{source}?mode=ro") as reading, _closing(f"file:{copy}") as writing:
        writing.execute("PRAGMA synchronous=OFF")
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        reading.backup(writing, pages=_PAGES, progress=lambda *_: alive())
        reading.execute("ROLLBACK")
        # The copy is read, and sent, as one file.
        writing.execute("PRAGMA journal_mode=DELETE")


@contextlib.contextmanager
def _closing(uri: str) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=5)) as connection:
        yield connection


def remove(path: Path) -> None:
    """The database at ``path`` and what SQLite keeps beside it."""
    for suffix in (*_BESIDE, "-journal"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


class SqliteTarget:
    """A database at a path: written beside it, then renamed onto it."""

    def __init__(self, url: str, replace: bool, moment: str) -> None:
        """Raises Refused where there is a database with something in it, and it is not to be replaced."""
        self._path = path_of(url)
        self._aside = Path(f"{self._path}.before-{moment}")
        self._filled = Path(f"{self._path}.restoring-{moment}")
        self.url = f"{PREFIX}{self._filled}"
        if not replace and not _is_empty(self._path):
            raise Refused(f"{self._path} holds a database already: name another place, or say --replace (the old one "
                          f"is then kept beside it)")

    def fill(self, blocks: Iterable[bytes]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(self._filled, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            for block in blocks:
                file.write(block)
        with _closing(f"file:{self._filled}") as connection:
            try:
                (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            except sqlite3.DatabaseError as error:
                said = str(error)
        if said != "ok":
            raise Damaged(f"SQLite finds its database damaged: {said}")

    def take_place(self) -> str:
        with _closing(f"file:{self._filled}") as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # all of it in one file
        sync(self._filled)
        kept = self._set_aside()
        os.replace(self._filled, self._path)
        sync(self._path.parent)
        return kept

    def _set_aside(self) -> str:
        if not self._path.exists():
            return ""
        if _is_empty(self._path):
            remove(self._path)
            return ""
        _close_log(self._path)
        for suffix in _BESIDE:
            with contextlib.suppress(FileNotFoundError):
                os.rename(f"{self._path}{suffix}", f"{self._aside}{suffix}")
        return str(self._aside)

    def discard(self) -> None:
        remove(self._filled)


def _close_log(path: Path) -> None:
    """Ends write-ahead logging, which is possible only where nobody else has the database open; raises Refused."""
    with _closing(f"file:{path}?mode=rw") as connection:
        try:
            connection.execute("PRAGMA busy_timeout=0")
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname not in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                return  # what is broken can be set aside as it is
            raise Refused(f"{path} is open in another process: stop the gateway that uses it") from None
        except sqlite3.DatabaseError:
            return


def _is_empty(path: Path) -> bool:
    if not path.exists() or not path.stat().st_size:
        return True
    with _closing(f"file:{path}?mode=ro") as connection:
        try:
            return not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        except sqlite3.DatabaseError:
            return False

