"""A finding: what a detector has seen, where, and how sure it is. It never holds the text itself."""

from typing import NamedTuple


class Finding(NamedTuple):
    """``start`` and ``end`` are characters (code points) of the passage; both 0 where it is about the whole of it.
    ``score`` is in (0, 1]."""

    detector: str
    label: str
    start: int
    end: int
    score: float
