"""Normal text: what a text says when its disguises are taken off, with the way back to where it stands.

Text that is plain ASCII in no suspicious shape is only put in lower case: one search tells.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import re2

from guardrails.encoded import ENCODINGS, decoded
from guardrails.escapes import ESCAPED, unescaped
from guardrails.lookalikes import FOREIGN_LETTER, hides, latin, plain

Edit = tuple[int, int, str]

_SPACED = r"[a-z](?:[ .\-_*|/+~,]{1,3}[a-z])"
_RUN = re.compile(rf"(?<![a-z0-9]){_SPACED}{{4,}}(?![a-z0-9])")
_GAP = re.compile(r"[ .\-_*|/+~,]{1,3}")
_LEET = r"[a-z][0-9@$!|+][a-z]|(?:^|[\s\"'(\[])[0-9@$!][a-z]{3}|[a-z]{3}[0-9$@]\b"
_LEET_WORD = re.compile(r"[a-z0-9@$!|+]{4,40}")
_LEETS = tuple(str.maketrans("01345789@$!|+", letters) for letters in ("oleastbgasilt", "oieastbgasiit"))
_WORD = re.compile(r"\w+")
_OWN = 4  # shapes that this file looks for itself
# A payload inside a payload inside a payload is still seen.
_ENCODED_DEEP = 3


class Layer(NamedTuple):
    """Edits that were made at once: where each stands in the new text and where what it replaced stood in the old."""

    new_starts: Sequence[int]
    new_ends: Sequence[int]
    old_starts: Sequence[int]
    old_ends: Sequence[int]

    def old(self, start: int, end: int) -> tuple[int, int]:
        """Where the stretch of the new text stood in the old; all of what it shares an edit with."""
        edit = bisect_right(self.new_starts, start) - 1
        if edit < 0:
            first = start
        else:
            beyond = start - self.new_ends[edit]
            first = self.old_ends[edit] + beyond if beyond >= 0 else self.old_starts[edit]
        edit = bisect_right(self.new_starts, end - 1) - 1
        if edit < 0:
            return first, end
        return first, self.old_ends[edit] + max(0, end - self.new_ends[edit])


class Normal(NamedTuple):
    """``text`` is normal. ``hidden`` counts characters that nobody sees; ``suspicions`` numbers the further shapes."""

    text: str
    layers: tuple[Layer, ...] = ()
    hidden: int = 0
    suspicions: frozenset[int] = frozenset()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the text from ``start`` to ``end`` (beyond it) stands."""
        for layer in reversed(self.layers):
            start, end = layer.old(start, end)
        return start, end

    def edited(self, edits: Iterable[Edit]) -> "Normal":
        """With the stretches of ``edits`` (start, end, replacement; in order, apart) replaced."""
        text, parts = self.text, list[str]()
        layer = Layer([], [], [], [])
        at = size = 0
        for start, end, replacement in edits:
            parts += text[at:start], replacement
            size += start - at
            layer.new_starts.append(size)  # type: ignore[attr-defined]
            size += len(replacement)
            layer.new_ends.append(size)  # type: ignore[attr-defined]
            layer.old_starts.append(start)  # type: ignore[attr-defined]
            layer.old_ends.append(end)  # type: ignore[attr-defined]
            at = end
        if not parts:
            return self
        parts.append(text[at:])
        return self._replace(text="".join(parts), layers=(*self.layers, layer))


class Normaliser:
    """Makes text normal. ``words`` are those that leetspeak and missing blanks are looked through for; ``shapes``, in
    RE2, are looked for in passing."""

    def __init__(self, words: Iterable[str], shapes: Sequence[str] = ()) -> None:
        latin_words = [word for word in words if len(word) > 2 and word.isascii()]
        self._words = frozenset(word for word in latin_words if len(word) > 3)
        longest = re2.Options()
        longest.longest_match = True
        self._known = re2.compile("|".join(map(re2.escape, latin_words)) or r"[^\x00-\x{10ffff}]", longest)
        self._suspicious = re2.Set.SearchSet()
        for shape in (ESCAPED, ENCODINGS, rf"(?:^|[^a-z0-9]){_SPACED}{{4}}(?:[^a-z0-9]|$)", _LEET, *shapes):
            self._suspicious.Add(shape)
        self._suspicious.Compile()

    def normal(self, text: str) -> Normal:
        """``text`` without its disguises; linear in its length."""
        found = Normal(text.lower()) if text.isascii() else _folded(Normal(text))
        hits = self._hits(found.text)
        return self._undisguised(text, found, frozenset(hits)) if hits else found

    def _hits(self, text: str) -> Sequence[int]:
        return self._suspicious.Match(text.encode("utf-8", "replace")) or ()

    def _undisguised(self, text: str, found: Normal, hits: frozenset[int]) -> Normal:
        as_it_was = found.text
        if 0 in hits or 1 in hits:
            found = _folded(_decoded(Normal(text)))
            hits |= frozenset(self._hits(found.text)) if found.text != as_it_was else hits
        if 2 in hits:
            found = found.edited(self._runs(found.text))
        if 3 in hits:
            found = found._replace(text=_LEET_WORD.sub(self._unleeted, found.text))
        if found.text != as_it_was:
            hits |= frozenset(self._hits(found.text))
        return found._replace(suspicions=frozenset(hit - _OWN for hit in hits if hit >= _OWN))

    def _runs(self, text: str) -> Iterator[Edit]:
        """Letters that stand apart, put together again: a word is what has the usual gap inside."""
        for run in _RUN.finditer(text):
            gaps = [(gap.start(), gap.end(), gap[0]) for gap in _GAP.finditer(text, *run.span())]
            counts = Counter(gap for _, _, gap in gaps)
            usual = counts.most_common(1)[0][0]
            breaks = self._breaks(_GAP.sub("", run[0])) if len(counts) == 1 else frozenset()
            letters, start = text[run.start()], run.start()
            for number, (first, last, gap) in enumerate(gaps, start=1):
                if gap != usual or number in breaks:
                    yield start, first, letters
                    letters, start = "", last
                    yield first, last, " "
                letters += text[last]
            yield start, run.end(), letters

    def _breaks(self, letters: str) -> frozenset[int]:
        return frozenset(place for word in self._known.finditer(letters.encode()) for place in word.span())

    def _unleeted(self, match: re.Match[str]) -> str:
        word = match[0]
        if word.isalpha() or word.isdecimal():
            return word
        return next((plainly for table in _LEETS if (plainly := word.translate(table)) in self._words), word)


def _folded(found: Normal) -> Normal:
    """Every character made plain, and in words that look Latin the letters that only look so."""
    text = found.text
    if text.isascii():
        return found._replace(text=text.lower())
    table = {character: plain(character) for character in set(text) if not character.isascii()}
    hidden = sum(text.count(character) for character in table if hides(character, text))
    folded = text.translate({ord(one): to for one, to in table.items() if len(to) == 1}).lower()
    odd = "".join(re.escape(character) for character, to in table.items() if len(to) != 1)
    if odd:
        odd_ones = re.finditer(f"[{odd}]", text)
        found = found._replace(text=folded).edited((one.start(), one.end(), table[one[0]]) for one in odd_ones)
        folded = found.text
    if FOREIGN_LETTER.search(folded):
        folded = _WORD.sub(lambda word: word[0] if word[0].isascii() else latin(word[0]), folded)
    return found._replace(text=folded, hidden=hidden)


def _decoded(found: Normal) -> Normal:
    """With what is escaped or encoded in it decoded, in its place, and what is encoded in that."""
    for _ in range(_ENCODED_DEEP):
        before = found.text
        found = found.edited(unescaped(found.text))
        found = found.edited(decoded(found.text))
        if found.text == before:
            break
    return found
