"""A histogram that is cheap to add to and that takes counts made elsewhere."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence


class Histogram:
    """Counts per boundary (a value belongs to the first boundary that is not below it), one more for what is above."""

    __slots__ = ("_boundaries", "_counts", "_sum")

    def __init__(self, boundaries: Sequence[float]) -> None:
        self._boundaries = boundaries
        self._counts = [0] * (len(boundaries) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._boundaries, value)] += 1
        self._sum += value

    def merge(self, counts: Iterable[int], total: float) -> None:
        """Adds counts over the same boundaries; what runs past the last of them counts as above."""
        last = len(self._counts) - 1
        for index, count in enumerate(counts):
            self._counts[min(index, last)] += count
        self._sum += total

    @property
    def sum(self) -> float:
        return self._sum

    def cumulative(self) -> Iterator[tuple[float, int]]:
        """Each boundary with how many values are not above it; infinity last."""
        running = 0
        for boundary, count in zip((*self._boundaries, float("inf")), self._counts, strict=True):
            running += count
            yield boundary, running
