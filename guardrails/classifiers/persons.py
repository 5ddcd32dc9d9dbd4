"""Persons: where a name begins and ends, and which names are a firm's."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.vocabulary import FIRM_AFTER, FIRM_BEFORE
from guardrails.classifiers.word import CLEAR, GIVEN, HINTED, PERSON, SURNAME, Word
from guardrails.titles import titled

_INSIDE = re.compile(r"[ \t\xa0]{0,2}|['\u2019.-]")
_INITIAL_ENDS = re.compile(r"\.[ \t\xa0]?")
_PARTICLES = re.compile(
    r" (?:(?:[A-ZÀ-Ž]\.|[Dd]e|[Dd]el|[Dd]ella|[Dd]i|[Dd]a|[Dd]o|[Dd]os|[Dd]as|[Dd]u|[Ll]a|[Ll]e|[Ll]os|[Vv]an|[Vv]on|[Dd]en|[Dd]er"
    r"|[Dd]ie|[Tt]er|[Tt]en|[Zz]u|bin|binti|ibn|al|y|i|af|av) ?){1,3}")
_NICKNAME = re.compile(r" [\"\u201c(']|[\"\u201d)'] ")
_INITIALS = re.compile(r"(?<![\w.'\u2019])(?<! a )(?:[A-ZÀ-Ž]\. ?){1,3}$")
_INITIAL_AFTER = re.compile(r" [A-Za-z]\.(?=[\s,;)\"'])| [a-z]\.$")
_NEXT = re.compile(r"(?:[ \xa0](?:(?:de|del|della|di|da|do|dos|das|du|la|le|van|von|den|der) ){0,3}|-|['\u2019])(?=[^\W\d_])")
_FIRM = re.compile(FIRM_AFTER)
_FIRM_BEFORE = re.compile(rf"(?<!\w)(?:{FIRM_BEFORE}) (?:& )?$")
_FIRM_BEGINS = re.compile(rf"(?:{FIRM_BEFORE}) ")
_PARTNER_BEFORE = re.compile(r"[A-Z][\w'\u2019-]+ & $")
_SURNAME = r"[^\W\d_a-z][\w'\u2019-]+"
_THREE = re.compile(
    rf"\b(?:from|of|for|by|at|with|to|joined|bei|von|chez|de|di|da|van) ({_SURNAME}, {_SURNAME} (?:and|und|e|y|et|og|och|en|&) {_SURNAME})(?! {_SURNAME})")
_BEFORE = re.compile(r"(?<![\w.'\u2019])[^\W\d_a-z][\w\u2019-]* $")
_HYPHENED = re.compile(r"-[^\W\d_a-z]\w+")
_NO_NAMES = frozenset({"World", "German"})
_FIELD = ("", "\n", "\"", ";", "|", "(", ")", "\t")
_PRONOUNS = frozenset({"he", "she", "they", "who", "is", "was", "and", "i"})


def same_name(text: str, one: Word, other: Word) -> bool:
    """Whether two words of persons are of one name."""
    gap = text[one.end : other.start]
    initial = one.end - one.start <= 2 and _INITIAL_ENDS.fullmatch(gap) is not None
    return initial or any(form.fullmatch(gap) for form in (_INSIDE, _PARTICLES, _NICKNAME)) or (
        gap == ", " and _is_turned(text, one, other))


def _is_turned(text: str, one: Word, other: Word) -> bool:
    """`Lopez, Maria` in a field of its own."""
    return one.part == SURNAME and other.part == GIVEN and text[one.start - 1 : one.start] in _FIELD and (
        text[other.end : other.end + 1] in _FIELD or text[max(0, one.start - 2) : one.start] == ": ")


def person_of(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> Span | None:
    clear = [word for word in group if word.score >= CLEAR]
    if not clear or _is_column(text, group) or text[group[0].start : group[-1].end] in _NO_NAMES:
        return None
    named = _named(text, group, clear)
    start, end = _begun(text, named[0].start, hints), _continued(text, named[-1].end, hints)
    if _is_firms(text, start, end, group):
        return None
    # A single word without a capital is more often a thing than a person.
    doubtful = len(group) == 1 and text[start:end].islower()
    score = sum(word.score for word in clear) / len(clear)
    return Span(PERSON, *titled(text, start, end), round(score * (0.6 if doubtful else 1), 4))


def _named(text: str, group: Sequence[Word], clear: Sequence[Word]) -> Sequence[Word]:
    """Without words in small letters at the end, where others have capitals."""
    words = [word for word in group if word in clear or not text[word.start].islower()]
    while len(words) > 1 and text[words[-1].start].islower() and text[words[-1].start - 1] != "-" and any(text[word.start].isupper() for word in words):
        words.pop()
    if len(words) > 1 and text[words[-1].start : words[-1].end] in _PRONOUNS:
        words.pop()
    return words


def _is_column(text: str, group: Sequence[Word]) -> bool:
    """Whether it is a word of a table's head: `name,email,card`."""
    start, end = group[0].start, group[-1].end
    before, after = text[start - 1 : start] if start else "\n", text[end : end + 1] or "\n"
    return len(group) == 1 and text[start:end].islower() and before in ",;\t|" and after in ",;\t|\n" or (
        len(group) == 1 and text[start:end].islower() and before == "\n" and after in ",;\t|")


def _is_firms(text: str, start: int, end: int, group: Sequence[Word]) -> bool:
    before = text[max(0, start - 24) : start]
    return any(_FIRM.match(text, at) for at in (*(word.end for word in group), end)) or (
        _FIRM_BEFORE.search(before) is not None or _FIRM_BEGINS.match(text, start) is not None) or (
        group[0].part == SURNAME and _PARTNER_BEFORE.search(before) is not None)


def _begun(text: str, start: int, hints: Mapping[int, Word]) -> int:
    """Before the words in front that are hinted at, and the initials."""
    while (before := _BEFORE.search(text[max(0, start - 32) : start])) is not None:
        word = hints.get(start - len(before[0]))
        if word is None or word.person < HINTED or word.end != start - 1:
            break
        start = word.start
    initials = _INITIALS.search(text[max(0, start - 12) : start])
    return start - len(initials[0]) if initials else start


def _continued(text: str, end: int, hints: Mapping[int, Word]) -> int:
    """Over the words that follow and are hinted at, where they have a capital as the name has."""
    while following := _NEXT.match(text, end):
        word = hints.get(following.end())
        if word is None or word.person < HINTED or not text[word.start].isupper():
            break
        end = word.end
    rest = _INITIAL_AFTER.match(text, end) or _HYPHENED.match(text, end)
    return rest.end() if rest else end


def without_firms(text: str, groups: Sequence[Sequence[Word]]) -> list[Sequence[Word]]:
    """Leaves out what three surnames in a row make, as in `from Hill, Moss and Byrne`: a firm's name."""
    firms = [found.span(1) for found in _THREE.finditer(text)]
    if not firms:
        return list(groups)
    inside = [[group for group in groups if start <= group[0].start and group[-1].end <= end] for start, end in firms]
    dropped = [group for three in inside if _are_surnames(three) for group in three]
    return [group for group in groups if group not in dropped]


def _are_surnames(three: Sequence[Sequence[Word]]) -> bool:
    parts = [group[-1].part for group in three if group[0].label == PERSON]
    return bool(parts) and parts[-1] != GIVEN and parts.count(SURNAME) * 2 >= len(parts)


def without_titles(text: str, words: Iterable[Word]) -> Iterator[Word]:
    """Leaves out the words of titles after a name, such as the `B` and `Sc` of `B.Sc.`"""
    taken = 0
    for word in words:
        if word.start >= taken:
            yield word
            taken = titled(text, word.start, word.end)[1] if word.label == PERSON else taken
