"""Rows that stand in one file or in several: their lines are counted through, as if they were one file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from guardrails.evaluation.row import BadRow, Row, rows_of
from guardrails.passage import Role


class DataFile(NamedTuple):
    """``first`` is the number of its first line; ``rows`` of its lines are not empty."""

    path: Path
    first: int
    lines: int
    rows: int


def data_files(paths: Sequence[Path]) -> list[DataFile]:
    """The files, looked through once. Raises OSError."""
    found: list[DataFile] = []
    for path in paths:
        first = found[-1].first + found[-1].lines if found else 1
        with path.open("rb") as file:
            filled = [bool(line.strip()) for line in file]
        found.append(DataFile(path, first, len(filled), sum(filled)))
    return found


def rows_in(files: Sequence[DataFile], role: Role) -> Iterator[Row | BadRow]:
    """All rows, one by one. Of several files each is the source of those of its rows that name none."""
    for file in files:
        with file.path.open("rb") as lines:
            yield from rows_of(lines, role, file.path.stem if len(files) > 1 else "", file.first)


def place_of(number: int, files: Sequence[DataFile]) -> str:
    """Where a line is, in words."""
    file = next(one for one in reversed(files) if one.first <= number)
    return f"line {number}" if len(files) == 1 else f"{file.path} line {number - file.first + 1}"
