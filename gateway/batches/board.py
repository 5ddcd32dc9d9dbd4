"""The board: what the workers of a host have at each endpoint, told to one another through a file in memory.

Each worker writes into a region of its own, and reads the others'; nobody waits for anybody.

    region: alive at u64 | place*        place: interactive u32 | lines u32 | stubborn u32 | - | last interactive u64

Times are CLOCK_MONOTONIC's nanoseconds, which all processes of a host share. Endpoints have a place by the hash of
their URL: two that share one are taken for one, which makes lines wait where they need not, and never the other way. A
region that was not touched for two seconds is a dead worker's. A read may meet a write half done; the next one, some
milliseconds later, does not.
"""

import mmap
import os
import struct
import time
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

FILE = "traffic"
REGIONS = 128
PLACES = 512
_PLACE = struct.Struct("<IIIxxxxQ")
_pack = _PLACE.pack_into
_ALIVE = struct.Struct("<Q")
_REGION_BYTES = _ALIVE.size + PLACES * _PLACE.size
_BYTES = REGIONS * _REGION_BYTES
_FRESH_NANOSECONDS = 2_000_000_000


class Seen(NamedTuple):
    """What is at an endpoint: calls for which somebody waits, lines of batches, those among them that do not yield, and
    for how many seconds nobody has waited there."""

    interactive: int
    lines: int
    stubborn: int
    quiet_seconds: float


class Cell:
    """This worker's part of one place, and the ear of the endpoints there. ``begun`` and ``ended`` are on every
    request's way: two writes of 24 bytes to memory."""

    __slots__ = ("_board", "_memory", "_now", "_offset", "interactive", "lines", "place", "stamp", "stubborn")

    def __init__(self, board: "Board", place: int, offset: int) -> None:
        self.place = place
        self.interactive = self.lines = self.stubborn = 0
        self.stamp = 0
        self._board = board
        self._memory = board.memory
        self._now = board.now
        self._offset = offset

    def begun(self) -> None:
        self.interactive += 1
        self.stamp = now = self._now()
        _pack(self._memory, self._offset, self.interactive, self.lines, self.stubborn, now)
        if self.lines:
            self._board.on_arrival(self)

    def ended(self) -> None:
        self.interactive -= 1
        self.stamp = now = self._now()
        _pack(self._memory, self._offset, self.interactive, self.lines, self.stubborn, now)

    def write(self) -> None:
        """Tells of what was changed in the lines' numbers."""
        _pack(self._memory, self._offset, self.interactive, self.lines, self.stubborn, self.stamp)


class Board:
    """One worker's end. Where the state folder cannot have the file, a full disk say, a worker sees itself alone."""

    def __init__(self, state: Path, worker: str, now: Callable[[], int] = time.monotonic_ns) -> None:
        self.now = now
        self.on_arrival: Callable[[Cell], None] = lambda cell: None
        self._own = _region_of(worker)
        self._cells: dict[int, Cell] = {}
        self._others: list[int] = []  # the regions of workers that live
        try:
            self.memory = _shared(state)
        except OSError:
            self.memory = mmap.mmap(-1, _BYTES)
        start = self._own * _REGION_BYTES
        self.memory[start : start + _REGION_BYTES] = bytes(_REGION_BYTES)  # an earlier life's
        self.touch()

    def touch(self) -> None:
        """Says that this worker lives, and looks who else does; to be called several times a second."""
        now = self.now()
        _ALIVE.pack_into(self.memory, self._own * _REGION_BYTES, now)
        alive = ((region, _ALIVE.unpack_from(self.memory, region * _REGION_BYTES)[0]) for region in range(REGIONS))
        self._others = [region for region, at in alive
                        if region != self._own and at and now - at < _FRESH_NANOSECONDS]

    def cell(self, url: str) -> Cell:
        place = int.from_bytes(blake2b(url.encode(), digest_size=4).digest()) % PLACES
        cell = self._cells.get(place)
        if cell is None:
            cell = self._cells[place] = Cell(self, place, _offset(self._own, place))
        return cell

    def seen(self, cell: Cell) -> Seen:
        """What all live workers have there."""
        interactive, lines, stubborn, stamp = cell.interactive, cell.lines, cell.stubborn, cell.stamp
        for region in self._others:
            one = _PLACE.unpack_from(self.memory, _offset(region, cell.place))
            interactive, lines, stubborn = interactive + one[0], lines + one[1], stubborn + one[2]
            stamp = max(stamp, one[3])
        quiet = (self.now() - stamp) / 1e9 if stamp else float("inf")
        return Seen(interactive, lines, stubborn, 0.0 if interactive else quiet)

    def close(self) -> None:
        """What this worker had is nobody's concern any more."""
        _ALIVE.pack_into(self.memory, self._own * _REGION_BYTES, 0)


def _shared(state: Path) -> mmap.mmap:
    """Raises OSError. Its blocks are there before it is mapped: to write where none can be had ends the process."""
    state.mkdir(parents=True, exist_ok=True)
    fd = os.open(state / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, _BYTES)
        return mmap.mmap(fd, _BYTES)
    finally:
        os.close(fd)


def _region_of(worker: str) -> int:
    """Workers are named w0, w1 and so on; others have a region by their hash."""
    digits = worker.removeprefix("w")
    if digits.isascii() and digits.isdigit():
        return int(digits) % REGIONS
    return int.from_bytes(blake2b(worker.encode(), digest_size=4).digest()) % REGIONS


def _offset(region: int, place: int) -> int:
    return region * _REGION_BYTES + _ALIVE.size + place * _PLACE.size
