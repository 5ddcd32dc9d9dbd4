"""Repetition: a model that says the same thing over and over, and will not stop by itself.

A text loops where its end is periodic: the same line, sentence or paragraph many times, one right after another. Where
its last few characters stood before tells the only period worth a look; whether the end has that period is one
comparison of the text with itself. So a block costs a search and a comparison, whatever the text.
"""

import re

from guardrails.detectors.blocks import Blocks
from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding

_BLOCK = 256  # characters between looks
_WINDOW = 4096  # characters that are remembered
_PROBE = 24  # characters whose last place tells the period
# A loop often counts: "12. The same.", "13. The same."
_NUMBER = re.compile(r"\n[ \t]*\d{1,6}[.):][ \t]*")
# The end of a block that may be the beginning of such a number.
_MAY_BE_NUMBER = re.compile(r"\n[ \t]*\d{0,6}[.):]?[ \t]*\Z")
_WORD = re.compile(r"[^\W\d_]{2,}")


class Repetition:
    """Finds REPETITION where a reply loops, within about 250 characters of when that is certain; once a text.

    The finding is the last stretch that was looked at. Certain is: six times what has four words or more (four times,
    where that is long), some 1,500 characters of fewer words, 4,000 of none. So rulers, empty tables, rows of zeros and
    a song's refrain are no loops.
    """

    name = "repetition"
    labels = ("REPETITION",)

    def watch(self, channel: str, asked: Asked) -> Watch:
        return RepetitionWatch(self.name)


class RepetitionWatch:
    """Looks at one text, block by block."""

    __slots__ = ("_blocks", "_carried", "_found", "_name", "_seen", "_window")

    def __init__(self, name: str) -> None:
        self._name = name
        self._blocks = Blocks(_BLOCK)
        self._window = ""  # the text's end, without the numbers of its lines
        self._carried = ""
        self._seen = 0
        self._found = False

    def feed(self, piece: str, last: bool) -> list[Finding]:
        if self._found:
            return []
        for block in self._blocks.feed(piece, last):
            start, self._seen = self._seen, self._seen + len(block)
            self._take(block)
            if loops(self._window):
                self._found = True
                return [Finding(self._name, "REPETITION", start, self._seen, 0.9)]
        return []

    def _take(self, block: str) -> None:
        text = self._carried + block
        if "\n" in text:
            unsure = _MAY_BE_NUMBER.search(text, max(0, len(text) - 16))
            cut = unsure.start() if unsure else len(text)
            text, self._carried = _NUMBER.sub("\n", text[:cut]), text[cut:]
        else:
            self._carried = ""
        self._window = (self._window + text)[-_WINDOW:]


def loops(text: str) -> bool:
    """Whether the end of ``text`` says the same thing over and over."""
    end = len(text)
    before = text.rfind(text[-_PROBE:], 0, end - 1) if end > 2 * _PROBE else -1
    if before < 0:
        return False
    period = end - _PROBE - before
    needed = _needed(text[-period:])
    return needed <= end and text[end - needed + period :] == text[end - needed : end - period]


def _needed(unit: str) -> int:
    """How many characters of nothing but ``unit`` make a loop."""
    words = len(set(_WORD.findall(unit)))
    if words == 0:
        return 4000
    if words < 4:
        return max(1500, 3 * len(unit))
    return 4 * len(unit) if len(unit) >= 200 else max(300, 6 * len(unit))
