"""The journal: finished exchanges, appended by a worker to a local file and read back in order by the control process.

A segment is a file of frames, each ``length u32 | crc32 u32 | payload`` in little-endian order, the payload one
ExchangeRecord in MessagePack, or one Signal, which says so in its first field. ``append`` is one ``write`` system call:
what it wrote is in the page cache and survives kill -9 of the process. A torn tail (a crash of the machine, a full
disk) ends the segment at its last whole frame. Only the worker that made a segment writes to it; a new life of the
worker makes new segments. A segment is locked while it may grow, and the kernel lets the lock go with the process: a
reader knows an ended segment without asking for pids, which are used again.
"""

import fcntl
import os
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gateway.record import Entry, ExchangeRecord, Signal

_HEADER = struct.Struct("<II")
_SUFFIX = ".journal"
_SIGNAL = msgspec.msgpack.encode("record") + msgspec.msgpack.encode("signal")
MAX_FRAME_BYTES = 1 << 20
SEGMENT_BYTES = 16 << 20


def frame(payload: bytes) -> bytes:
    return _HEADER.pack(len(payload), zlib.crc32(payload)) + payload


class Journal:
    """The writing end. Appends never raise: what could not be written is counted in ``lost``."""

    def __init__(self, folder: Path, worker: str, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._folder = folder
        self._worker = worker
        self._segment_bytes = segment_bytes
        self._encode = msgspec.msgpack.Encoder().encode
        self._fd = -1
        self._size = 0
        self.appended = 0
        self.lost = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._open_segment()

    def _open_segment(self) -> None:
        # Names sort by time, so that a reader takes one worker's segments in the order they were written.
        name = f"{self._worker}-{time.time_ns():020d}-{os.getpid()}{_SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fd = os.open(self._folder / f".{name}", flags, 0o600)
        try:
            # Named only once locked: no reader ever sees a segment that looks ended and is not.
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(self._folder / f".{name}", self._folder / name)
        except OSError:
            os.close(fd)
            raise
        self._fd, self._size = fd, 0

    def append(self, record: Entry) -> bool:
        """Writes one record; returns False where the disk would not take it."""
        try:
            data = frame(self._encode(record))
            if len(data) > MAX_FRAME_BYTES:
                raise OverflowError("larger than any reader takes: it would hide what comes after it")
            if self._size >= self._segment_bytes:
                self.close()
                self._open_segment()
            written = os.write(self._fd, data)
        except Exception:  # whatever is wrong with a record or the disk, the client gets its reply
            self.lost += 1
            return False
        self._size += written
        if written < len(data):
            return self._abandon_torn_segment()
        self.appended += 1
        return True

    def _abandon_torn_segment(self) -> bool:
        # Frames after a torn one could not be read back: the next append starts a new segment.
        self._size = self._segment_bytes
        self.lost += 1
        return False

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def segments(folder: Path) -> list[Path]:
    """The segments in ``folder``, each worker's in the order they were written."""
    return sorted(folder.glob(f"[!.]*{_SUFFIX}"))


def worker_of(segment: Path) -> str:
    """The name of the worker that wrote a segment."""
    return segment.name.removesuffix(_SUFFIX).rsplit("-", 2)[0]


def has_ended(segment: Path) -> bool:
    """True once nothing more can be appended: its writer has closed it, or is gone."""
    try:
        with segment.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True


def writer_pid(segment: Path) -> int:
    """The process that wrote a segment; while it lives the segment may still grow."""
    return int(segment.name.removesuffix(_SUFFIX).rpartition("-")[2])


class Torn(Exception):
    """A frame whose bytes are not what was written; ``offset`` is where it starts."""

    def __init__(self, segment: Path, offset: int) -> None:
        self.segment = segment
        self.offset = offset
        super().__init__(f"{segment.name}: torn frame at byte {offset}")


def read_frames(segment: Path, offset: int = 0, limit_bytes: int = 4 << 20) -> Iterator[tuple[bytes, int]]:
    """Yields payloads from ``offset`` on, each with the offset after it.

    Ends quietly at a frame that is not yet whole (its writer may be at it). Raises Torn at a frame that is whole and
    whose checksum is wrong.
    """
    with segment.open("rb") as file:
        file.seek(offset)
        data = memoryview(file.read(limit_bytes))
    position = 0
    while position + _HEADER.size <= len(data):
        length, checksum = _HEADER.unpack_from(data, position)
        end = position + _HEADER.size + length
        if not 0 < length <= MAX_FRAME_BYTES:  # zeros are what a file system may leave behind when the power goes
            raise Torn(segment, offset + position)
        if end > len(data):
            return
        payload = bytes(data[position + _HEADER.size : end])
        if zlib.crc32(payload) != checksum:
            raise Torn(segment, offset + position)
        yield payload, offset + end
        position = end


def decode_record(payload: bytes) -> ExchangeRecord:
    """Returns a record; raises msgspec.ValidationError where it is none. Fields of a later schema are left out."""
    return msgspec.msgpack.decode(payload, type=ExchangeRecord)


def decode_entry(payload: bytes) -> Entry:
    """The same, of either kind."""
    # A map of fewer than 16 fields begins with one byte, and a name of fewer than 32 letters too.
    if payload[1 : 1 + len(_SIGNAL)] == _SIGNAL:
        return msgspec.msgpack.decode(payload, type=Signal)
    return decode_record(payload)
