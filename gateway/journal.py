"""The journal: finished exchanges, appended by a worker to a local file and read back in order by the control process.

A segment is a file of frames (gateway/segment.py). The payload of each is one ExchangeRecord in MessagePack, or one
Signal, which says so in its first field. What ``append`` wrote is in the page cache and survives kill -9 of the
process. A torn frame (a crash of the machine) ends the segment at its last whole one. Only the worker that made a
segment writes to it; a new life of the worker makes new segments. A segment is locked while it may grow, and the kernel
lets the lock go with the process: a reader knows an ended segment without asking for pids, which are used again.
"""

import errno
import fcntl
import os
import time
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from gateway.record import Entry, ExchangeRecord, Signal
from gateway.segment import (
    HEADER,
    SUFFIX,
    MappedSegment,
    Segment,
    WrittenSegment,
    make_mapped,
    make_written,
    segment_name,
)

_SIGNAL = msgspec.msgpack.encode("record") + msgspec.msgpack.encode("signal")
MAX_FRAME_BYTES = 1 << 20
SEGMENT_BYTES = 16 << 20
_MAX_PAYLOAD_BYTES = MAX_FRAME_BYTES - HEADER.size
_CHUNK_BYTES = 256 << 10
_PAGE_BYTES = 4096


class Journal:
    """The writing end. Appends never raise: what could not be written is counted in ``lost``.

    ``writer`` is this life of the worker: each entry is told its place in it, from 1 on and without a gap; entries
    without a writer have no place. ``full`` is true while the disk takes no entry. With ``keeps``, what was appended is
    kept until it is known to be on the disk.
    """

    def __init__(self, folder: Path, worker: str, segment_bytes: int = SEGMENT_BYTES, *, writer: str = "",
                 keeps: bool = False) -> None:
        self._folder = folder
        self._worker = worker
        self._writer = writer
        self._segment_bytes = segment_bytes
        self._encode = msgspec.msgpack.Encoder().encode
        self._named_at = 0
        self._closed = False
        self._thread = ThreadPoolExecutor(1, "segments")  # for what takes milliseconds
        self._spare: Future[MappedSegment] | None = None
        self._kept: list[bytes] | None = [] if keeps else None
        self._left: list[Segment] = []  # by appends, and still to be confirmed
        self.appended = 0
        self.lost = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_spares()
        self._segment = Segment(-1, folder)  # room for nothing: the first append would make one too
        self.full = True
        self.recover()

    def append(self, entry: Entry) -> bool:
        """Writes one entry; returns False where the disk would not take it."""
        if self._writer:
            entry.writer, entry.sequence = self._writer, self.appended + 1
        if not self._put(entry):
            return False
        self.appended += 1
        return True

    def append_again(self, entry: Entry) -> bool:
        """Writes one that may stand in an earlier journal. It is given no place in this writer's chain: the ledger
        leaves it out where it has its id already."""
        entry.writer, entry.sequence = "", 0
        return self._put(entry)

    def _put(self, entry: Entry) -> bool:
        try:
            payload = self._encode(entry)
            if len(payload) > _MAX_PAYLOAD_BYTES:
                raise OverflowError("larger than any reader takes: it would hide what comes after it")
            if not self._segment.put(payload):
                self._put_into_next(payload)
        except Exception as error:  # whatever is wrong with an entry or the disk, the client gets its reply
            self.lost += 1
            self.full = self.full or isinstance(error, OSError)
            return False
        self.full = False
        if self._kept is not None:
            self._kept.append(payload)
        return True

    def recover(self) -> bool:
        """Looks whether a disk that was full has room again; True where entries are taken."""
        if self.full and not self._closed:
            with suppress(OSError):
                if not isinstance(self._segment, WrittenSegment):
                    self._turn()
                self._segment.probe()
                self.full = False
        return not self.full

    def close(self) -> None:
        """Ends the segment. What is appended afterwards is lost, and counted."""
        if self._closed:
            return
        self._closed = True
        self._thread.shutdown()
        for segment in (*self._left, self._segment):
            segment.close()
        if self._spare is not None and self._spare.exception() is None:
            self._spare.result().discard()

    # Segments

    def _put_into_next(self, payload: bytes) -> None:
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        self._turn(HEADER.size + len(payload))
        self._segment.put(payload)

    def _turn(self, needed: int = 0) -> None:
        """Leaves the segment for a new one. Raises OSError where there is none; then it has no room all the same."""
        before, following = self._segment, self._make_segment(needed)
        before.seal()  # first: a reader takes the one that may grow for the last
        try:
            # In the order of writing, also where the clock is set back.
            self._named_at = max(time.time_ns(), self._named_at + 1)
            following.name(self._folder / segment_name(self._worker, self._named_at))
        except OSError:
            following.discard()
            raise
        self._segment = following
        if not before.end:
            self._thread.submit(before.discard)
        elif self._kept is None or before.failed:
            self._thread.submit(before.close)
        else:
            self._left.append(before)

    def _make_segment(self, needed: int) -> Segment:
        """One with its blocks set aside if that can be; else one that grows as long as the disk lets it."""
        size = max(self._segment_bytes, needed)
        try:
            return self._take_spare() or make_mapped(self._folder, self._worker, size, self._make_spare)
        except OSError:
            return make_written(self._folder, self._worker, size)

    def _make_spare(self) -> None:
        """Has the next segment made meanwhile: to set blocks aside may take the disk milliseconds."""
        if self._spare is None and self._segment_bytes >= MAX_FRAME_BYTES:  # it has to hold whatever comes
            self._spare = self._thread.submit(
                make_mapped, self._folder, self._worker, self._segment_bytes, self._make_spare)

    def _take_spare(self) -> MappedSegment | None:
        if self._spare is None or not self._spare.done():
            return None
        spare, self._spare = self._spare, None
        return spare.result() if spare.exception() is None else None

    def _remove_spares(self) -> None:
        """Those that an earlier life of the worker was killed over."""
        with suppress(OSError):
            for left in self._folder.glob(f".*{SUFFIX}"):
                if worker_of(left) == f".{self._worker}" and has_ended(left):
                    left.unlink(missing_ok=True)

    # What the disk has

    def unconfirmed(self) -> "Unconfirmed":
        return Unconfirmed([*self._left, self._segment], len(self._kept or ()))

    def confirm(self, those: "Unconfirmed") -> None:
        """The disk has them."""
        self.give_up(those)
        done = those.segments[:-1]  # the last one grew then, and may hold more by now
        self._left = [segment for segment in self._left if segment not in done]
        self._close_all(done)

    def give_up(self, those: "Unconfirmed") -> None:
        """Nobody waits for them any more."""
        if self._kept is not None:
            del self._kept[: those.entries]

    def begin_again(self) -> bool:
        """Leaves the segments that the disk failed over, and appends what they may have lost to a new one: the same
        bytes, so that who reads both knows the double. False where that cannot be."""
        failed, self._left = self._left, []
        self._fail([*failed, self._segment])
        self._close_all(failed)
        try:
            self._turn()
            for payload in self._kept or ():
                if not self._segment.put(payload):
                    self._put_into_next(payload)
        except OSError:
            self._fail([*self._left, self._segment])  # not all is there: what is has to come again
            return False
        return True

    def _fail(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            segment.failed = True

    def _close_all(self, segments: Iterable[Segment]) -> None:
        for segment in segments:
            self._thread.submit(segment.close)


class Unconfirmed(msgspec.Struct, frozen=True):
    """Entries that the disk may not have: how many, and the segments that they are in."""

    segments: list[Segment]
    entries: int


def segments(folder: Path) -> list[Path]:
    """The segments in ``folder``, each worker's in the order they were written."""
    return sorted(folder.glob(f"[!.]*{SUFFIX}"))


def worker_of(segment: Path) -> str:
    """The name of the worker that wrote a segment."""
    return segment.name.removesuffix(SUFFIX).rsplit("-", 2)[0]


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
    return int(segment.name.removesuffix(SUFFIX).rpartition("-")[2])


class Torn(Exception):
    """A frame whose bytes are not what was written; ``offset`` is where it starts."""

    def __init__(self, segment: Path, offset: int) -> None:
        self.segment = segment
        self.offset = offset
        super().__init__(f"{segment.name}: torn frame at byte {offset}")


def read_frames(segment: Path, offset: int = 0, limit_bytes: int = 4 << 20) -> Iterator[tuple[bytes, int]]:
    """Yields payloads from ``offset`` on, each with the offset after it; those that end within ``limit_bytes``.

    Ends quietly where nothing is written yet, which is zeros, and at a frame that is not yet whole (its writer may be
    at it). Raises Torn at a frame whose checksum is wrong: while its writer lives, it may be right a moment later.
    """
    limit = offset + limit_bytes
    wanted = HEADER.size
    with segment.open("rb", buffering=0) as file:
        while wanted <= limit - offset:
            asked = min(max(wanted, _CHUNK_BYTES), limit - offset)
            data = os.pread(file.fileno(), asked, offset)
            place, wanted = 0, HEADER.size
            while place + wanted <= len(data):
                length, checksum = HEADER.unpack_from(data, place)
                if not length:
                    return
                if length > MAX_FRAME_BYTES:
                    raise Torn(segment, offset + place)
                wanted += length
                if place + wanted > len(data):
                    break
                payload = data[place + HEADER.size : place + wanted]
                if zlib.crc32(payload) != checksum:
                    raise Torn(segment, offset + place)
                place, wanted = place + wanted, HEADER.size
                yield payload, offset + place
            if len(data) < asked:
                return
            offset += place


def end_of(segment: Path) -> int:
    """Where the last byte stands that is not zero; 0 where the segment is gone. What is behind was only set aside."""
    try:
        with segment.open("rb", buffering=0) as file:
            start = os.fstat(file.fileno()).st_size
            while start > 0:
                size = min(start, _CHUNK_BYTES)
                start -= size
                if found := os.pread(file.fileno(), size, start).rstrip(b"\0"):
                    return start + len(found)
    except FileNotFoundError:
        pass
    return 0


def size_of(segment: Path) -> int:
    """The same for one in which nothing is missing, and quickly: by halves."""
    try:
        with segment.open("rb", buffering=0) as file:
            fd = file.fileno()
            low, high = 0, -(-os.fstat(fd).st_size // _PAGE_BYTES)
            while low < high:
                middle = (low + high) // 2
                low, high = (middle + 1, high) if _page(fd, middle) else (low, middle)
            return (low - 1) * _PAGE_BYTES + len(_page(fd, low - 1)) if low else 0
    except FileNotFoundError:
        return 0


def _page(fd: int, number: int) -> bytes:
    return os.pread(fd, _PAGE_BYTES, number * _PAGE_BYTES).rstrip(b"\0")


def decode_record(payload: bytes) -> ExchangeRecord:
    """Returns a record; raises msgspec.ValidationError where it is none. Fields of a later schema are left out."""
    return msgspec.msgpack.decode(payload, type=ExchangeRecord)


def decode_entry(payload: bytes) -> Entry:
    """The same, of either kind."""
    # A map of fewer than 16 fields begins with one byte, and a name of fewer than 32 letters too.
    if payload[1 : 1 + len(_SIGNAL)] == _SIGNAL:
        return msgspec.msgpack.decode(payload, type=Signal)
    return decode_record(payload)
