"""Latency: how long rows took, of what lengths."""

from array import array
from collections.abc import Sequence

import msgspec

_KB = 1024


class Spread(msgspec.Struct, frozen=True):
    """In microseconds."""

    mean: float
    p50: float
    p95: float


class LatencyFigures(msgspec.Struct, frozen=True):
    """Over ``rows`` rows. ``per_kb``: of each row by its length; the mean is all time by all bytes."""

    rows: int
    per_row: Spread
    per_kb: Spread


class Latencies:
    """Two numbers a row are kept: 50,000 rows are less than a megabyte."""

    def __init__(self) -> None:
        self._nanoseconds = array("q")
        self._bytes = array("q")

    def add(self, nanoseconds: int, length_bytes: int) -> None:
        self._nanoseconds.append(nanoseconds)
        self._bytes.append(length_bytes)

    def points(self) -> list[tuple[int, float]]:
        """(bytes, microseconds) of each row."""
        return [(size, taken / 1000) for size, taken in zip(self._bytes, self._nanoseconds, strict=True)]

    def figures(self) -> LatencyFigures | None:
        if not self._nanoseconds:
            return None
        each = [taken / 1000 for taken in self._nanoseconds]
        by_length = [taken * _KB / max(1, size) for taken, size in zip(each, self._bytes, strict=True)]
        return LatencyFigures(len(each), _spread(each, sum(each) / len(each)),
                              _spread(by_length, sum(each) * _KB / max(1, sum(self._bytes))))


def _spread(values: Sequence[float], mean: float) -> Spread:
    ordered = sorted(values)
    return Spread(mean, quantile(ordered, 0.5), quantile(ordered, 0.95))


def quantile(ordered: Sequence[float], share: float) -> float:
    """The nearest rank: a value that was measured."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
