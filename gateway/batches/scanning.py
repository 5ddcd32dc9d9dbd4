"""Scanning: an input is read from beginning to end, a chunk at a time, before any of it is asked.

In a thread.
"""

from array import array
from collections.abc import Iterator

from gateway.batches.batch import LineError
from gateway.batches.line import Checked, Checker
from gateway.batches.pace import gently
from gateway.batches.sealing import SealedReader

MOST_ERRORS = 100


class Input:
    """What stands where: of each line its start and length, and which of ``models`` it asks. Lines that are blank are
    none."""

    def __init__(self) -> None:
        self.starts = array("Q")
        self.lengths = array("Q")
        self.model_of = array("I")
        self.models: list[str] = []
        self.errors: list[LineError] = []
        self.errors_untold = 0

    def __len__(self) -> int:
        return len(self.starts)

    def note(self, error: LineError) -> None:
        if len(self.errors) < MOST_ERRORS:
            self.errors.append(error)
        else:
            self.errors_untold += 1


def scan(reader: SealedReader, checker: Checker, most_lines: int) -> Input:
    """Reads and checks every line. Raises Damaged, OSError."""
    found = Input()
    models: dict[str, int] = {}
    for count, (number, start, line) in enumerate(gently(lines_of(reader, checker.most_bytes)), 1):
        if count > most_lines:
            found.note(LineError("too_many_lines", f"The file has more than {most_lines} lines.", number))
            return found
        checked = checker.check(line, number)
        if isinstance(checked, Checked):
            found.starts.append(start)
            found.lengths.append(len(line))
            found.model_of.append(models.setdefault(checked.model, len(models)))
        else:
            found.note(checked)
    found.models = list(models)
    if not found.starts and not found.errors:
        found.note(LineError("empty_file", "The file has no lines."))
    return found


def lines_of(reader: SealedReader, most_bytes: int) -> Iterator[tuple[int, int, bytes]]:
    """Each line that is not blank: its number from 1 on, where it starts, and what it is, without its end. Of one that
    is longer than ``most_bytes`` only a beginning that is longer too is held."""
    number = start = length = 0
    parts: list[bytes] = []
    for chunk in reader.chunks():
        pieces = chunk.split(b"\n")
        for left, piece in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
            if length <= most_bytes:
                parts.append(piece)
            length += len(piece)
            if left:
                number += 1
                yield from _told(number, start, parts)
                start += length + 1
                parts, length = [], 0
    yield from _told(number + 1, start, parts)


def _told(number: int, start: int, parts: list[bytes]) -> Iterator[tuple[int, int, bytes]]:
    line = b"".join(parts)
    if line.strip():
        yield number, start, line
