"""Stretches: a reply cut where it can be judged, about a sentence at a time.

Where the cuts are is a function of the text alone, not of the pieces in which it came: so a stream and a whole reply
are judged by the same stretches, and come to the same verdict.
"""

import re
from typing import NamedTuple

# A stretch ends with the first sentence that makes it so long. Shorter ones tell a model too little, and cost as much.
LEAST_CHARACTERS = 40
# Where no sentence ends, it ends with a word; where there are no words, here.
MOST_CHARACTERS = 300
CONTEXT_CHARACTERS = 600
# The blank belongs to the sentence before it: without it nobody knows yet whether "3." is the end.
_ENDS = re.compile(r"[.!?…]['\"”’»)\]*_]*\s|[。！？｡\n]")
_BLANK = re.compile(r"\s")


class Stretch(NamedTuple):
    """``start`` and ``end`` are bytes of UTF-8 of the whole text, ``characters`` the start in characters. ``context``
    are the stretches before it that are not too long together."""

    start: int
    end: int
    characters: int
    context: str
    text: str


class Stretches:
    """One text that grows."""

    __slots__ = ("_at", "_before", "_characters", "_pending")

    def __init__(self) -> None:
        self._pending = ""  # what is not in a stretch yet
        self._at = self._characters = 0  # where it begins
        self._before: list[str] = []

    def feed(self, piece: str, last: bool = False) -> list[Stretch]:
        """Takes the next piece; returns the stretches that have ended with it. ``last`` where no other follows."""
        text = self._pending + piece
        found: list[Stretch] = []
        at = 0
        while length := _length(head := text[at : at + MOST_CHARACTERS], last and len(text) - at <= MOST_CHARACTERS):
            found.append(self._next(head[:length]))
            at += length
        self._pending = text[at:]
        return found

    def _next(self, text: str) -> Stretch:
        end = self._at + len(text.encode())
        stretch = Stretch(self._at, end, self._characters, "".join(self._before), text)
        self._at, self._characters = end, self._characters + len(text)
        self._before.append(text)
        while sum(map(len, self._before)) > CONTEXT_CHARACTERS:
            del self._before[0]
        return stretch


def stretches_of(text: str) -> list[Stretch]:
    """Those of a whole text."""
    return Stretches().feed(text, last=True)


def _length(head: str, last: bool) -> int:
    """Of the first stretch of a text that begins with ``head``, and ends with it if ``last``; 0 while that cannot be
    told."""
    if len(head) < LEAST_CHARACTERS:
        return len(head) if last else 0
    for found in _ENDS.finditer(head):
        if found.end() >= LEAST_CHARACTERS:
            return found.end()
    if len(head) == MOST_CHARACTERS:
        return max((found.end() for found in _BLANK.finditer(head, LEAST_CHARACTERS)), default=MOST_CHARACTERS)
    return len(head) if last else 0
