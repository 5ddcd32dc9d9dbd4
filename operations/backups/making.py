"""Makes one backup, whole or not at all, and reads it back before it counts."""

import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from gateway import snapshot_file
from operations.backups import archive
from operations.backups.archive import Archive, Member
from operations.backups.databases import dumped, source_of
from operations.backups.dump import Alive, Dump
from operations.backups.folder import Backup, Folder
from operations.backups.manifest import Manifest
from operations.metrics.gauges import release
from operations.secrets.master import MasterKey

PURPOSE = "backup"  # of the key that is derived from the master key
DATABASE = "database"
WRITERS = "writers.json"
ERASURES = "erasures.jsonl"
_SALT_BYTES = 16
_SCRATCH = "backup-scratch-"


def moment_of(seconds: float) -> str:
    """A time as it stands in names: UTC, to the second."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


class Maker:
    """Makes backups of one database, with the small files of the state folder that belong to it. It blocks: it is for
    a thread. A scratch copy of SQLite lies in the state folder meanwhile, as private as the database."""

    def __init__(
        self, database: str, state: Path, folder: Folder, key: MasterKey, host: str = "",
        clock: Callable[[], float] = time.time, random: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        self.folder = folder
        self.key_is_given = key.is_given
        self.host = host or socket.gethostname()
        self.source = source_of(database, self.host)
        self._database = database
        self._state = state
        self._key = key.derived(PURPOSE)
        self._clock = clock
        self._random = random

    @property
    def key_id(self) -> str:
        return archive.key_id(self._key)

    def make(self, alive: Alive = lambda: None) -> Backup:
        """Raises OSError, SQLAlchemyError, sqlite3.Error, DumpFailed, Refused, Damaged, Stopped; then nothing is left.
        """
        self._state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=self._state) as scratch, \
                dumped(self._database, Path(scratch), alive) as dump:
            manifest = self._manifest(dump)
            with self.folder.writing(manifest.id) as file:
                self._write(file, manifest, dump, alive)
                self._read_back(Path(file.name), alive)
        path = self.folder.path_of(manifest.id)
        return Backup(path=path, bytes=path.stat().st_size, manifest=manifest)

    def _manifest(self, dump: Dump) -> Manifest:
        contents, now = dump.contents, self._clock()
        return Manifest(
            id=f"gatewright-{moment_of(now)}-{self._random(3)}", created_at=now, host=self.host, release=release(),
            kind=dump.kind, source=self.source, tool=dump.tool, schema=contents.schema, revision=contents.revision,
            counts=contents.counts, newest_at=contents.newest_at, checkpoint=contents.checkpoint, key=self.key_id,
            key_is_given=self.key_is_given, salt=self._random(_SALT_BYTES))

    def _write(self, file: BinaryIO, manifest: Manifest, dump: Dump, alive: Alive) -> None:
        for part in archive.written(manifest, self._members(dump), self._key):
            alive()
            file.write(part)
        file.flush()
        os.fsync(file.fileno())

    def _members(self, dump: Dump) -> Iterator[Member]:
        yield DATABASE, dump.blocks
        yield WRITERS, [msgspec.json.encode(dump.contents.writers)]
        # After the database: what was erased meanwhile is told here, and erased again when this is restored.
        for name in (ERASURES, snapshot_file.NAME):
            path = self._state / name
            if path.exists():
                yield name, [path.read_bytes()]

    def _read_back(self, path: Path, alive: Alive) -> None:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # from the disk, not from memory
        check(Archive(path), self._key, alive)


def check(whole: Archive, key: bytes, alive: Alive = lambda: None) -> dict[str, int]:
    """Reads all of a backup; returns the bytes of each member. Raises WrongKey, Damaged, OSError."""
    found = {}
    for name, blocks in whole.members(key):
        size = 0
        for block in blocks:
            alive()
            size += len(block)
        found[name] = size
    return found


def remove_scratch(state: Path) -> None:
    """Clears what a process left that was killed while it made a backup. Called before any is made."""
    for left in state.glob(f"{_SCRATCH}*"):
        shutil.rmtree(left, ignore_errors=True)
