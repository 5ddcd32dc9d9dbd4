"""A segment: one file of the journal, while it is written.

Frames, each ``length u32 | crc32 u32 | payload`` in little-endian order, from the first byte on; what has been set
aside behind them is zeros. The blocks are there before the first frame is: a map over blocks that the disk does not
have is a signal that ends the process, where `write` is an error. Where blocks cannot be had in advance (a nearly full
disk, a quota, a file system that cannot) frames are written by `write`, which tells.

A frame's payload goes into the map first and its header last, in one store of eight bytes. On x86 stores are seen in
their order, and one that crosses no cache line is seen whole; elsewhere neither is sure, and a reader may for a moment
see a header before its payload, or half of one. Then the checksum is wrong, and the reader looks again.
"""

import errno
import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

SUFFIX = ".journal"
HEADER = struct.Struct("<II")
_store = struct.Struct("<Q").pack_into  # the same eight bytes, as one store
_POPULATE_WRITE = 23  # MADV_POPULATE_WRITE of Linux 5.14: faults pages in, and tells what would else be a signal
_WINDOW_BYTES = 256 << 10
_PROBE_BYTES = 4096  # of which several records would find room


def frame(payload: bytes) -> bytes:
    return HEADER.pack(len(payload), crc32(payload)) + payload


class Segment:
    """The end of one file. It is locked from before it has its name until it is sealed."""

    __slots__ = ("_size", "end", "failed", "fd", "listed", "path")

    def __init__(self, fd: int, path: Path, size: int = 0) -> None:
        self.fd = fd
        self.path = path
        self._size = size
        self.end = 0  # of its last frame
        self.listed = False  # its name is on the disk, for sure
        self.failed = False  # the disk has refused some of it: what it says of the rest is worth nothing

    def put(self, payload: bytes) -> bool:
        """Writes one frame, whole or not at all; False where it has no room. Raises OSError where the disk has none."""
        return False

    def probe(self) -> None:
        """Raises OSError where the disk has no room for it to grow."""

    def name(self, path: Path) -> None:
        """Shows it to readers."""
        self.path.rename(path)
        self.path = path

    def seal(self) -> None:
        """Nothing is added to it any more, and readers may know."""
        self._size = 0
        if self.fd >= 0:
            fcntl.flock(self.fd, fcntl.LOCK_UN)

    def sync(self, fdatasync: Callable[[int], None]) -> None:
        """Brings it to the disk, and its name before the first of it. Raises OSError."""
        if self.failed:
            raise OSError(errno.EIO, "the disk has failed over this segment before")
        if not self.listed:
            _sync_folder(self.path.parent)
            self.listed = True
        fdatasync(self.fd)

    def close(self) -> None:
        """Gives back what was set aside and not used."""
        if self.fd < 0:
            return
        with suppress(OSError):  # zeros at its end do no harm
            os.ftruncate(self.fd, self.end)
        os.close(self.fd)
        self.fd = -1  # the number is used again, for another file

    def discard(self) -> None:
        """Removes what nothing was written to."""
        if self.fd >= 0:
            self.path.unlink(missing_ok=True)
        self.close()


class MappedSegment(Segment):
    """Blocks that are there already, under a map. Puts cannot fail but for want of room.

    ``on_low`` is called once, when half of it is in use.
    """

    __slots__ = ("_map", "_on_low", "_opened")

    def __init__(self, fd: int, path: Path, size: int, on_low: Callable[[], None]) -> None:
        super().__init__(fd, path, size)
        self._map = mmap.mmap(fd, size)
        self._on_low: Callable[[], None] | None = on_low
        self._opened = 0  # how far its pages are in memory, writable
        with suppress(OSError):  # large pages, where the file system has them: a fraction of the faults
            self._map.madvise(mmap.MADV_HUGEPAGE)

    def put(self, payload: bytes) -> bool:
        start = self.end
        end = start + HEADER.size + len(payload)
        if end > self._opened and not self._open(end):
            return False
        self._map[start + HEADER.size : end] = payload
        _store(self._map, start, crc32(payload) << 32 | len(payload))
        self.end = end
        return True

    def _open(self, end: int) -> bool:
        """Faults the next pages in, many at once, and by a call that returns an error where the disk has died."""
        if end > self._size:
            return False
        until = -(-max(end, self._opened + _WINDOW_BYTES) // mmap.PAGESIZE) * mmap.PAGESIZE
        until = min(until, self._size)
        try:
            self._map.madvise(_POPULATE_WRITE, self._opened, until - self._opened)
        except OSError as error:
            if error.errno != errno.EINVAL:  # an older kernel does not know the advice
                self._size = self.end
                return False
        self._opened = until
        on_low = self._on_low
        if on_low is not None and until * 2 > self._size:
            self._on_low = None
            on_low()
        return True

    def seal(self) -> None:
        self._opened = 0
        super().seal()

    def close(self) -> None:
        self._map.close()
        super().close()


class WrittenSegment(Segment):
    """One that grows by ``write``."""

    __slots__ = ("_torn",)

    def __init__(self, fd: int, path: Path, size: int) -> None:
        super().__init__(fd, path, size)
        self._torn = False

    def put(self, payload: bytes) -> bool:
        data = frame(payload)
        if self._torn or self.end + len(data) > self._size:
            return False
        self._write(data)
        self.end += len(data)
        return True

    def probe(self) -> None:
        self._write(bytes(_PROBE_BYTES))  # zeros are no frame to any reader
        self._cut()

    def _write(self, data: bytes) -> None:
        if os.write(self.fd, data) < len(data):
            self._cut()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _cut(self) -> None:
        self._torn = True  # where it cannot be cut: frames after a torn one could not be read back
        os.ftruncate(self.fd, self.end)
        self._torn = False


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_mapped(folder: Path, worker: str, size: int, on_low: Callable[[], None]) -> MappedSegment:
    """A segment whose blocks are set aside. Raises OSError where they cannot be."""
    fd, path = _make_hidden(folder, worker)
    try:
        # glibc would write into every block where the file system cannot do it itself, but not to a file that is
        # only appended to, as this one is.
        os.posix_fallocate(fd, 0, size)
        return MappedSegment(fd, path, size, on_low)
    except BaseException:
        Segment(fd, path).discard()
        raise


def make_written(folder: Path, worker: str, size: int) -> WrittenSegment:
    """A segment that grows, to ``size`` at most. Raises OSError."""
    return WrittenSegment(*_make_hidden(folder, worker), size)


def _make_hidden(folder: Path, worker: str) -> tuple[int, Path]:
    """A file without a name that readers look at. Named only once locked: no reader ever sees a segment that looks
    ended and is not."""
    path = folder / f".{segment_name(worker, time.time_ns())}"
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        Segment(fd, path).discard()
        raise
    return fd, path


def segment_name(worker: str, time_ns: int) -> str:
    """Names sort by time, so that a reader takes one worker's segments in the order they were written."""
    return f"{worker}-{time_ns:020d}-{os.getpid()}{SUFFIX}"
