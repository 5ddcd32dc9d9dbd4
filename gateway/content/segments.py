"""A worker's segments of sealed content: files beside the journal, of which the disk is let go first."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gateway.content.item import Item
from gateway.content.sealing import Sealer

SUFFIX = ".sealed"
FOLDER = "content"
SEGMENT_BYTES = 4 << 20
SEGMENT_SECONDS = 10.0
# Below this nothing is kept: what is left of the disk is for the records.
FREE_BYTES = 256 << 20


class ContentSegments:
    """The writing end. ``keep`` never raises: what could not be kept is counted in ``shed``.

    A segment is locked while it may grow and ended after ``SEGMENT_SECONDS``: with it ends the only key by which this
    process could read what it has sealed, and the reader can remove it.
    """

    def __init__(self, folder: Path, worker: str, sealing: bytes, clock: Callable[[], float], *,
                 free_bytes: int = FREE_BYTES, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.kept = 0
        self.shed = 0
        self._folder = folder
        self._worker = worker
        self._sealing = sealing
        self._now = clock
        self._free_bytes = free_bytes
        self._segment_bytes = segment_bytes
        self._encode = msgspec.msgpack.Encoder().encode
        self._sealer: Sealer | None = None
        self._fd = -1
        self._size = 0
        self._opened_at = 0.0

    def warm(self) -> None:
        """Has loaded what sealing takes: some tens of milliseconds, which no exchange should wait for."""
        Sealer(self._sealing, os.urandom)

    def keep(self, item: Item) -> bool:
        """Seals and writes one item; returns False where that could not be."""
        try:
            self._write(self._encode(item))
        except Exception:  # whatever is wrong with the item or the disk, the client gets its reply
            self.shed += 1
            return False
        self.kept += 1
        return True

    def _write(self, payload: bytes) -> None:
        if self._sealer is None:
            self._sealer = self._open()
        room = os.fstatvfs(self._fd)
        if room.f_bavail * room.f_frsize < self._free_bytes + len(payload):
            raise OSError("the disk is nearly full")
        frame = self._sealer.seal(payload)
        written = os.write(self._fd, frame)
        self._size += written
        if written < len(frame):
            self.close()  # what came after a torn frame could not be read
            raise OSError("the disk is full")
        if self._size >= self._segment_bytes:
            self.close()

    def _open(self) -> Sealer:
        self._folder.mkdir(parents=True, exist_ok=True)
        sealer = Sealer(self._sealing, os.urandom)
        name = f"{self._worker}-{time.time_ns():020d}-{os.getpid()}{SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._folder / f".{name}", flags, 0o600)
        try:
            # Named once locked and begun: no reader ever sees one that looks ended, or lacks its head.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(fd, sealer.head)
            os.rename(self._folder / f".{name}", self._folder / name)
        except OSError:
            os.close(fd)
            raise
        self._fd, self._size, self._opened_at = fd, len(sealer.head), self._now()
        return sealer

    def sweep(self) -> None:
        """Ends a segment that has been open for long enough."""
        if self._sealer is not None and self._now() - self._opened_at >= SEGMENT_SECONDS:
            self.close()

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._sealer = -1, None


def sealed_segments(folder: Path) -> list[Path]:
    """The segments in ``folder`` that can be read, each worker's in the order in which they were written."""
    return sorted(folder.glob(f"[!.]*{SUFFIX}"))
