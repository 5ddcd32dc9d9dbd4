"""Reads a folder of journal segments from where it stopped last, each worker's in order."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path

import msgspec

from gateway.journal import Torn, decode_entry, has_ended, read_frames, segments, worker_of
from gateway.record import Entry

_READ_BYTES = 2 << 20  # above journal.MAX_FRAME_BYTES, so that a whole frame always fits


class Chunk(msgspec.Struct, frozen=True):
    """Records of one segment, and the place after the last of them."""

    segment: str
    records: list[Entry]
    position: int


class Trouble(msgspec.Struct, frozen=True):
    """Bytes that give no record: ``torn`` (the rest of the segment is lost) or ``unreadable`` (one frame)."""

    kind: str
    segment: str
    position: int
    lost_bytes: int


class Tail:
    """A reader's place in every segment. A segment is finished once nothing can be added to it and all of it was read;
    the next segment of the same worker is begun only then.
    """

    def __init__(
        self, folder: Path, positions: Mapping[str, int], on_trouble: Callable[[Trouble], None] = lambda _: None
    ) -> None:
        self.finished: set[str] = set()
        self.torn: set[str] = set()
        self._folder = folder
        self._positions = dict(positions)
        self._on_trouble = on_trouble

    def read(self, limit: int) -> list[Chunk]:
        """The next records, about ``limit`` of them at most; none once everything was read."""
        present = segments(self._folder)
        self._forget_all_but({segment.name for segment in present})
        chunks: list[Chunk] = []
        for _, own in groupby(present, worker_of):
            for segment, ended in self._in_order(own):
                limit -= self._read_segment(segment, ended, limit, chunks)
                if segment.name not in self.finished or limit <= 0:
                    break
        return chunks

    def _in_order(self, own: Iterable[Path]) -> list[tuple[Path, bool]]:
        # Asked before reading: what is read after the end was seen cannot be followed by more. The one that may still
        # grow is the last, also where the clock was set back and its name sorts before the others.
        rest = [(segment, has_ended(segment)) for segment in own if segment.name not in self.finished]
        return sorted(rest, key=lambda pair: (not pair[1], pair[0].name))

    def positions(self) -> dict[str, int]:
        """How far each segment was read."""
        return dict(self._positions)

    def _read_segment(self, segment: Path, ended: bool, limit: int, chunks: list[Chunk]) -> int:
        try:
            records, position, torn = self._frames(segment, limit)
        except FileNotFoundError:
            self.finished.add(segment.name)
            return 0
        if position > self._positions.get(segment.name, 0):
            self._positions[segment.name] = position
            chunks.append(Chunk(segment.name, records, position))
        elif ended:
            self._finish(segment, position)
        elif torn and segment.name not in self.torn:
            self._tear(segment, position)
        return len(records)

    def _frames(self, segment: Path, limit: int) -> tuple[list[Entry], int, bool]:
        position = self._positions.get(segment.name, 0)
        records: list[Entry] = []
        try:
            for payload, end in read_frames(segment, position, _READ_BYTES):
                try:
                    records.append(decode_entry(payload))
                except msgspec.DecodeError:
                    self._on_trouble(Trouble("unreadable", segment.name, position, len(payload)))
                position = end
                if len(records) >= limit:
                    break
        except Torn:
            return records, position, True
        return records, position, False

    def _finish(self, segment: Path, position: int) -> None:
        if size_of(segment) > position and segment.name not in self.torn:
            self._tear(segment, position)
        self.finished.add(segment.name)

    def _tear(self, segment: Path, position: int) -> None:
        self.torn.add(segment.name)
        self._on_trouble(Trouble("torn", segment.name, position, size_of(segment) - position))

    def _forget_all_but(self, present: set[str]) -> None:
        self.finished &= present
        self.torn &= present
        self._positions = {name: place for name, place in self._positions.items() if name in present}


def size_of(segment: Path) -> int:
    """Its bytes; 0 where it is gone."""
    try:
        return segment.stat().st_size
    except FileNotFoundError:
        return 0
