"""Blocks: a stream taken in steps that depend on its text alone.

What is looked at only where a block ends is cheap at every piece, and comes out alike however the text is cut.
"""

from collections.abc import Sequence


class Blocks:
    """Gathers pieces into blocks of ``size`` characters; the last one is shorter, and may be empty."""

    __slots__ = ("_length", "_pieces", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._pieces: list[str] = []
        self._length = 0

    def feed(self, piece: str, last: bool) -> Sequence[str]:
        """The blocks that are full now; with the last piece what is left, too."""
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length < self._size and not last:
            return ()
        text = "".join(self._pieces)
        full = len(text) - len(text) % self._size
        blocks = [text[start : start + self._size] for start in range(0, full, self._size)]
        self._pieces, self._length = [text[full:]], len(text) - full
        if last:
            blocks.append(text[full:])
        return blocks
