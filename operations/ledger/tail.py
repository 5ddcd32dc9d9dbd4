"""Reads a folder of journal segments from where it stopped last, each worker's in order."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path

import msgspec

from gateway.journal import Torn, decode_entry, end_of, has_ended, read_frames, segments, worker_of
from gateway.record import Entry
from operations.ledger.sequences import Sequences

_READ_BYTES = 2 << 20  # above journal.MAX_FRAME_BYTES, so that a whole frame always fits


class Chunk(msgspec.Struct, frozen=True):
    """Records of one segment, and the place after the last of them."""

    segment: str
    records: list[Entry]
    position: int


class Trouble(msgspec.Struct, frozen=True):
    """Bytes that give no record: ``torn`` (the rest of the segment is lost) or ``unreadable`` (one frame). Or records
    that are missing before ``position``, a ``gap``: those that the writer counted from ``first`` to ``last``."""

    kind: str
    segment: str
    position: int
    lost_bytes: int = 0
    writer: str = ""
    first: int = 0
    last: int = 0


class Tail:
    """A reader's place in every segment. A segment is finished once nothing can be added to it and all of it was read;
    the next segment of the same worker is begun only then.

    Where the disk has failed a writer appends some records again. With ``doubles`` both come: the ledger stores one.
    """

    def __init__(
        self, folder: Path, positions: Mapping[str, int], on_trouble: Callable[[Trouble], None] = lambda _: None,
        *, doubles: bool = True,
    ) -> None:
        self.finished: set[str] = set()
        self.torn: set[str] = set()
        self._folder = folder
        self._positions = dict(positions)
        self._on_trouble = on_trouble
        self._doubles = doubles
        self._sequences = Sequences()
        self._doubted: dict[str, int] = {}  # frames that are wrong, and may be right once they are whole

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
            self._doubt(segment, position)
        return len(records)

    def _frames(self, segment: Path, limit: int) -> tuple[list[Entry], int, bool]:
        position = self._positions.get(segment.name, 0)
        records: list[Entry] = []
        try:
            for payload, end in read_frames(segment, position, _READ_BYTES):
                try:
                    entry = decode_entry(payload)
                except msgspec.DecodeError:
                    self._on_trouble(Trouble("unreadable", segment.name, position, len(payload)))
                else:
                    if self._is_new(segment, entry, position) or self._doubles:
                        records.append(entry)
                position = end
                if len(records) >= limit:
                    break
        except Torn:
            return records, position, True
        return records, position, False

    def _is_new(self, segment: Path, entry: Entry, position: int) -> bool:
        missing = self._sequences.note(worker_of(segment), entry)
        if missing:
            self._on_trouble(Trouble("gap", segment.name, position, 0, entry.writer, missing[0], missing[-1]))
        return missing is not None

    def _finish(self, segment: Path, position: int) -> None:
        if segment.name not in self.torn and end_of(segment) > position:
            self._tear(segment, position)
        self.finished.add(segment.name)

    def _doubt(self, segment: Path, position: int) -> None:
        """A frame that is wrong twice is torn; the first time its writer may have been at it."""
        if self._doubted.get(segment.name) == position:
            self._tear(segment, position)
        self._doubted[segment.name] = position

    def _tear(self, segment: Path, position: int) -> None:
        self.torn.add(segment.name)
        self._on_trouble(Trouble("torn", segment.name, position, max(0, end_of(segment) - position)))

    def _forget_all_but(self, present: set[str]) -> None:
        self.finished &= present
        self.torn &= present
        self._doubted = {name: place for name, place in self._doubted.items() if name in present}
        self._positions = {name: place for name, place in self._positions.items() if name in present}

