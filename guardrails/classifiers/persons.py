"""Persons: where a name begins and ends."""

import re
from collections.abc import Mapping, Sequence

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.firms import is_firm
from guardrails.classifiers.word import CLEAR, GIVEN, HINTED, PERSON, SURNAME, Word
from guardrails.titles import titled

_PARTICLE = (
    "(?:[Dd](?:el?|ella|i|as?|os?|u|en|er|ie)|[Ll](?:a|e|os)|[Vv][ao]n|[Tt]e[rn]|[Zz]u|bin|binti|ibn|al|y|i|af|av)")
# What may stand between two words of a name.
_BETWEEN = re.compile(
    rf"[ \t\xa0]{{0,2}}|['\u2019.-]| (?:(?:[^\W\d_a-z]\.|{_PARTICLE}) ?){{1,3}}| [\"\u201c(']|[\"\u201d)'] ")
_INITIAL_ENDS = re.compile(r"\.[ \t\xa0]?")
# What belongs to a name and was not seen. A lone capital after `a` is a letter: `with a C. Catherine said`.
_INITIALS = re.compile(r"(?<![\w.'\u2019])(?<! a )(?:[^\W\d_a-z]\. ?){1,3}$")
_INITIAL_AFTER = re.compile(r" [A-Za-z]\.(?=[\s,;)\"'])| [a-z]\.$")
_HYPHENED = re.compile(r"-[^\W\d_a-z]\w+")
_WORD_BEFORE = re.compile(r"(?<![\w.'\u2019])[^\W\d_a-z][\w\u2019-]* $")
_WORD_AFTER = re.compile(rf"(?:[ \xa0](?:{_PARTICLE} ){{0,3}}|-|['\u2019])(?=[^\W\d_a-z])")
_REACH = 32  # characters before a name
_FIELD = ("", "\n", "\"", ";", "|", "(", ")", "\t")  # around a value
_CELL = (",", ";", "\t", "|")
_NO_PART = frozenset({"he", "she", "they", "who", "is", "was", "and", "i"})
# The model takes these for names, in `Hello, World!` and `into German`.
_NO_NAMES = frozenset({"World", "German"})


def same_name(text: str, one: Word, other: Word) -> bool:
    """Whether two words of persons are of one name."""
    gap = text[one.end : other.start]
    initial = one.end - one.start <= 2 and _INITIAL_ENDS.fullmatch(gap) is not None
    return initial or _BETWEEN.fullmatch(gap) is not None or (gap == ", " and _is_turned(text, one, other))


def _is_turned(text: str, one: Word, other: Word) -> bool:
    """`Lopez, Maria` in a field of its own."""
    before = text[max(0, one.start - 2) : one.start]
    alone = (before[-1:] in _FIELD or before == ": ") and text[other.end : other.end + 1] in _FIELD
    return alone and one.part == SURNAME and other.part == GIVEN


def person_of(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> Span | None:
    """The person whom the words name, with the titles; ``hints`` are words, by their start, of which the model only
    suspects that they belong to a name."""
    clear = [word for word in group if word.score >= CLEAR]
    if not clear or _is_column(text, group) or text[group[0].start : group[-1].end] in _NO_NAMES:
        return None
    named = _named(text, group, clear)
    start, end = _begun(text, named[0].start, hints), _ended(text, named[-1].end, hints)
    if is_firm(text, start, end, group):
        return None
    # A single word without a capital is more often a thing than a person.
    doubtful = len(group) == 1 and text[start:end].islower()
    score = sum(word.score for word in clear) / len(clear)
    return Span(PERSON, *titled(text, start, end), round(score * (0.6 if doubtful else 1), 4))


def _is_column(text: str, group: Sequence[Word]) -> bool:
    """Whether it is a word of a table's head: `name,email,card`."""
    start, end = group[0].start, group[-1].end
    before, after = text[start - 1 : start] if start else "\n", text[end : end + 1] or "\n"
    cells = (before in _CELL) + (after in _CELL)
    return len(group) == 1 and text[start:end].islower() and cells > 0 and {before, after} <= {*_CELL, "\n"}


def _named(text: str, group: Sequence[Word], clear: Sequence[Word]) -> Sequence[Word]:
    """Without words in small letters that are unclear, or at the end where others have capitals."""
    words = [word for word in group if word in clear or not text[word.start].islower()]
    capital = any(text[word.start].isupper() for word in words)
    while len(words) > 1 and text[words[-1].start].islower() and text[words[-1].start - 1] != "-" and (
            capital or text[words[-1].start : words[-1].end] in _NO_PART):
        words.pop()
    return words


def _begun(text: str, start: int, hints: Mapping[int, Word]) -> int:
    """Before the words in front that are hinted at, and the initials."""
    while before := _WORD_BEFORE.search(text[max(0, start - _REACH) : start]):
        word = hints.get(start - len(before[0]))
        if word is None or word.person < HINTED or word.end != start - 1:
            break
        start = word.start
    initials = _INITIALS.search(text[max(0, start - _REACH) : start])
    return start - len(initials[0]) if initials else start


def _ended(text: str, end: int, hints: Mapping[int, Word]) -> int:
    """Behind the words that follow and are hinted at, where they have capitals."""
    while after := _WORD_AFTER.match(text, end):
        word = hints.get(after.end())
        if word is None or word.person < HINTED:
            break
        end = word.end
    rest = _INITIAL_AFTER.match(text, end) or _HYPHENED.match(text, end)
    return rest.end() if rest else end
