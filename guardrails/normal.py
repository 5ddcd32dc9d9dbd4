"""Normal text: what a text says when its disguises are taken off, with the way back to where it stands.

Text that is plain ASCII in no suspicious shape is only put in lower case: one search tells.
"""

import html
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import unquote

import re2

from guardrails.lookalikes import INVISIBLE, TAGS, latin, plain

Edit = tuple[int, int, str]

_ESCAPED = r"&(?:#[0-9]{2,7}|#x[0-9a-f]{2,6}|[a-z]{2,8});|(?:%[0-9a-f]{2})+|\\u\{?[0-9a-f]{4,5}\}?|\\x[0-9a-f]{2}"
_SPACED = r"[a-z](?:[ .\-_*|/+~,]{1,3}[a-z]){4}"
_LEET = r"[a-z][0-9@$!|+][a-z]|(?:^|[\s\"'(\[])[0-9@$!][a-z]{3}|[a-z]{3}[0-9$@]\b"
_SUSPICIOUS = (_ESCAPED, rf"(?:^|[^a-z0-9]){_SPACED}(?:[^a-z0-9]|$)", _LEET)
_ENTITY = re.compile(_ESCAPED)
_RUN = re.compile(rf"(?<![a-z0-9]){_SPACED.removesuffix('{4}')}{{4,}}(?![a-z0-9])")
_GAP = re.compile(r"[ .\-_*|/+~,]{1,3}")
_LEET_WORD = re.compile(r"[a-z0-9@$!|+]{4,40}")
_FOREIGN_WORD = re.compile(r"\w*[\u0370-\u058f\u1c80-\u1c8f\u2c80-\u2cff\ua640-\ua69f]\w*")
_DECORATED = re.compile(r"[^\x00-\x7f]+")
_LEETS = (str.maketrans("01345789@$!|+", "oleastbgasilt"), str.maketrans("01345789@$!|+", "oieastbgasiit"))
# A flag of a region is written with tags, too: the flag itself says so.
_FLAG = "\U0001f3f4"


class Normal(NamedTuple):
    """``text`` is normal; its character at ``n`` stands for the original's from ``starts[n]`` to ``ends[n]``. Both are
    None where the text was only put in lower case."""

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None
    hidden: int = 0  # characters that nobody sees: tags, zero-width ones inside words

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the original the text from ``start`` to ``end`` stands."""
        if self.starts is None or self.ends is None:
            return start, end
        if end <= start:
            return (self.starts[start], self.starts[start]) if start < len(self.starts) else (0, 0)
        return self.starts[start], self.ends[end - 1]

    def edited(self, edits: Iterable[Edit]) -> "Normal":
        """With the stretches of ``edits`` (start, end, replacement; in order, apart) replaced."""
        old_starts = self.starts if self.starts is not None else range(len(self.text))
        old_ends = self.ends if self.ends is not None else range(1, len(self.text) + 1)
        parts: list[str] = []
        starts, ends = array("Q"), array("Q")
        at = 0
        for start, end, replacement in edits:
            parts += self.text[at:start], replacement
            starts.extend(old_starts[at:start])
            ends.extend(old_ends[at:start])
            first = old_starts[start] if start < len(old_starts) else len(old_starts)
            last = old_ends[end - 1] if end > start else first
            starts.extend([first] * len(replacement))
            ends.extend([last] * len(replacement))
            at = end
        if at == 0 and not parts:
            return self
        parts.append(self.text[at:])
        starts.extend(old_starts[at:])
        ends.extend(old_ends[at:])
        return Normal("".join(parts), starts, ends, self.hidden)


class Normaliser:
    """Makes text normal. ``words`` are those that leetspeak and missing blanks are looked through for."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(word for word in words if len(word) > 3 and word.isascii())
        known = sorted({word for word in words if len(word) > 2 and word.isascii()}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known)) or "(?!)")
        self._suspicious = re2.Set.SearchSet()
        for pattern in _SUSPICIOUS:
            self._suspicious.Add(pattern)
        self._suspicious.Compile()

    def normal(self, text: str) -> Normal:
        """``text`` without its disguises; linear in its length."""
        found = Normal(text.lower()) if text.isascii() else _folded(text)
        hits = self._suspicious.Match(found.text.encode("utf-8", "replace"))
        if not hits:
            return found
        if 0 in hits:
            found = found.edited(_escapes(found.text))
            found = found._replace(text=found.text.lower())
        if 1 in hits or 0 in hits:
            found = found.edited(self._runs(found.text))
        return found._replace(text=_LEET_WORD.sub(self._unleeted, found.text)) if 2 in hits or 0 in hits else found

    def _runs(self, text: str) -> Iterator[Edit]:
        """Letters that stand apart, put together again."""
        for run in _RUN.finditer(text):
            gaps = [(gap.start() + run.start(), gap.end() + run.start(), gap[0]) for gap in _GAP.finditer(run[0])]
            usual = Counter(gap for _, _, gap in gaps).most_common(1)[0][0]
            word = "".join(" " if text[place] in " .-_*|/+~," else text[place] for place in range(*run.span()))
            letters = word.replace(" ", "")
            breaks = self._breaks(letters) if all(gap == usual for _, _, gap in gaps) else set()
            for number, (start, end, gap) in enumerate(gaps, start=1):
                yield start, end, " " if gap != usual or number in breaks else ""

    def _breaks(self, letters: str) -> set[int]:
        return {place for word in self._known.finditer(letters) for place in word.span()}

    def _unleeted(self, match: re.Match[str]) -> str:
        word = match[0]
        if word.isalpha() or not any(letter.isalpha() for letter in word):
            return word
        for table in _LEETS:
            candidate = word.translate(table)
            if candidate in self._words:
                return candidate
        return word


def _folded(text: str) -> Normal:
    """Every character that is not ASCII made plain."""
    table = {character: plain(character) for character in set(text) if not character.isascii()}
    hidden = sum(map(text.count, {character for character in table if _hides(character, text)}))
    if all(len(replacement) == 1 for replacement in table.values()):
        found = Normal(text.translate(str.maketrans(table)).lower())
    else:
        found = Normal(text).edited(_decorations(text, table))
        found = found._replace(text=found.text.lower(), hidden=hidden)
    return found._replace(text=_FOREIGN_WORD.sub(lambda word: latin(word[0]), found.text))


def _decorations(text: str, table: dict[str, str]) -> Iterator[Edit]:
    for run in _DECORATED.finditer(text):
        for place in range(*run.span()):
            if table[text[place]] != text[place]:
                yield place, place + 1, table[text[place]]


def _hides(character: str, text: str) -> bool:
    """Whether it stands unseen in the text and is no part of an emoji, a flag or a script that needs it."""
    code = ord(character)
    if code in TAGS:
        return _FLAG not in text
    return code in INVISIBLE and code not in range(0xFE00, 0xFE10) and code not in (0xAD, 0xFEFF, 0x200C, 0x200D, 0x200E,
                                                                                     0x200F, 0x3164, 0x2060)


def _escapes(text: str) -> Iterator[Edit]:
    for match in _ENTITY.finditer(text):
        found = match[0]
        if found.startswith("&"):
            character = html.unescape(found)
        elif found.startswith("%"):
            character = unquote(found, errors="replace")
        else:
            character = _character(int(found.lstrip("\\ux{").rstrip("}"), 16))
        if character != found:
            yield match.start(), match.end(), character if character.isascii() else "".join(map(plain, character))


def _character(code: int) -> str:
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else " "
