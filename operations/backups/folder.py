"""The folder that backups are kept in."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from operations.backups.archive import Archive
from operations.backups.damage import Damaged
from operations.backups.manifest import Manifest

SUFFIX = ".gwbackup"
_PARTIAL = ".partial"


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup as its folder shows it: what its head says, or what is wrong with it. Whether all of it is what was
    written takes reading it."""

    path: Path
    bytes: int
    manifest: Manifest | None
    problem: str = ""


class Folder:
    """Backups by name, which sort by time. A file has its name only once all of it is on the disk, and was read back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[Backup]:
        """Every backup, the newest first; raises OSError where the folder cannot be read."""
        paths = [path for path in self.path.iterdir() if path.name.endswith(SUFFIX) and not path.name.startswith(".")]
        return sorted(filter(None, map(looked_at, paths)), key=_age)

    def of(self, source: str) -> list[Backup]:
        """The backups of one database, as far as their heads can be read."""
        return [one for one in self.all() if one.manifest is not None and one.manifest.source == source]

    def path_of(self, name: str) -> Path:
        return self.path / f"{name}{SUFFIX}"

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A file to write to, locked; it is durable and has its name when the block ends well, and is gone when not."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._remove_left_over()
        partial = self.path / f".{name}{_PARTIAL}"
        with open(partial, "xb", opener=_private) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield file
                os.rename(partial, self.path_of(name))
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
        sync(self.path)

    def _remove_left_over(self) -> None:
        # What a process left that was killed: nobody holds its lock any more.
        for partial in self.path.glob(f".*{_PARTIAL}"):
            with contextlib.suppress(OSError), partial.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                partial.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _age(backup: Backup) -> tuple[float, str]:
    return (-(backup.manifest.created_at if backup.manifest else 0.0), backup.path.name)


def looked_at(path: Path) -> Backup | None:
    """A backup by its head alone; None where the file is gone."""
    try:
        archive = Archive(path)
    except Damaged as error:
        return Backup(path=path, bytes=path.stat().st_size, manifest=None, problem=str(error))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Backup(path=path, bytes=0, manifest=None, problem=str(error))
    return Backup(path=path, bytes=archive.bytes, manifest=archive.manifest)


def sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
