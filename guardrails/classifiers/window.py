"""Windows: a long text, read in pieces that overlap, so that nothing is cut where only its surroundings explain it."""

from typing import NamedTuple

SIZE = 480
OVERLAP = 96
_NEAR = 32  # so far a cut is moved to a blank


class Window(NamedTuple):
    """Reads the text from ``start`` to ``end``, and is believed from ``first`` to ``last``: where two overlap, each is
    believed in the half that lies further from its edge. Offsets in characters."""

    start: int
    end: int
    first: int
    last: int


def windows_of(text: str, size: int = SIZE, overlap: int = OVERLAP) -> list[Window]:
    """The windows over ``text``, in order; together they are believed in all of it. None over an empty one."""
    found: list[Window] = []
    start, first, length = 0, 0, len(text)
    while start < length:
        end = length if length - start <= size else _blank_near(text, start + size)
        if end == length:
            found.append(Window(start, end, first, end))
            break
        following = _blank_near(text, end - overlap)
        last = _blank_near(text, (following + end) // 2)
        found.append(Window(start, end, first, last))
        start, first = following, last
    return found


def _blank_near(text: str, at: int) -> int:
    """The end of the last blank that stands shortly before ``at``; ``at`` where there is none."""
    found = max(text.rfind(blank, at - _NEAR, at) for blank in " \n\t")
    return at if found < 0 else found + 1


def spread(count: int, size: int, overlap: int) -> list[Window]:
    """The same over ``count`` things that nothing divides, such as tokens."""
    found: list[Window] = []
    start = first = 0
    while start < count:
        end = min(start + size, count)
        last = end if end == count else end - overlap // 2
        found.append(Window(start, end, first, last))
        if end == count:
            break
        start, first = end - overlap, last
    return found
