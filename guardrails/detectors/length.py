"""How long a text may be."""

import re

from guardrails.detectors.detector import Asked, Watch
from guardrails.finding import Finding
from guardrails.passage import Passage

_WORD = re.compile(r"\S+")


class Length:
    """Finds LENGTH where a text goes beyond ``max_characters`` or ``max_words`` (between blanks), whichever is first.

    In a whole text the finding is all that is too much, so that a redaction cuts it off; in a stream, where its end is
    not known, the place where it begins. A tool call's arguments are not counted.
    """

    name = "length"
    labels = ("LENGTH",)

    def __init__(self, max_characters: int | None = None, max_words: int | None = None) -> None:
        """Raises ValueError where there is no limit."""
        if max_characters is None and max_words is None:
            raise ValueError("length needs max_characters, max_words, or both")
        self._most_characters, self._most_words = max_characters, max_words

    def read(self, passage: Passage) -> list[Finding]:
        watch = LengthWatch(self.name, self._most_characters, self._most_words)
        return [finding._replace(end=len(passage.text)) for finding in watch.feed(passage.text, True)]

    def watch(self, channel: str, asked: Asked) -> Watch | None:
        if channel.startswith("arguments"):
            return None
        return LengthWatch(self.name, self._most_characters, self._most_words)


class LengthWatch:
    """Counts one text."""

    __slots__ = ("_characters", "_in_word", "_most_characters", "_most_words", "_name", "_over", "_words")

    def __init__(self, name: str, most_characters: int | None, most_words: int | None) -> None:
        self._name = name
        self._most_characters, self._most_words = most_characters, most_words
        self._characters = self._words = 0
        self._in_word = self._over = False

    def feed(self, piece: str, last: bool) -> list[Finding]:
        if self._over or not piece:
            return []
        places = [place for place in (self._beyond_characters(piece), self._beyond_words(piece)) if place is not None]
        start = self._characters
        self._characters += len(piece)
        if not places:
            return []
        self._over = True
        return [Finding(self._name, "LENGTH", start + min(places), start + min(places), 1.0)]

    def _beyond_characters(self, piece: str) -> int | None:
        most = self._most_characters
        return None if most is None or self._characters + len(piece) <= most else most - self._characters

    def _beyond_words(self, piece: str) -> int | None:
        most = self._most_words
        if most is None:
            return None
        goes_on = self._in_word and not piece[0].isspace()
        known = self._words - goes_on
        self._words = known + len(piece.split())
        self._in_word = not piece[-1].isspace()
        if self._words <= most:
            return None
        return [found.start() for found in _WORD.finditer(piece)][most - known]
