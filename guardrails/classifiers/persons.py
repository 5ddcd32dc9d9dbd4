"""Persons: where a name begins and ends, and which names are a firm's."""

import re
from collections.abc import Mapping, Sequence

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.vocabulary import FIRM_AFTER, FIRM_BEFORE
from guardrails.classifiers.word import CLEAR, HINTED, PERSON, SURNAME, Word
from guardrails.titles import titled

_INSIDE = re.compile(r"[ \t\xa0]{0,2}|['\u2019.-]")
_INITIAL_ENDS = re.compile(r"\.[ \t\xa0]?")
_PARTICLES = re.compile(
    r" (?:(?:[A-ZÀ-Ž]\.|[Dd]e|[Dd]el|[Dd]ella|[Dd]i|[Dd]a|[Dd]o|[Dd]os|[Dd]as|[Dd]u|[Ll]a|[Ll]e|[Ll]os|[Vv]an|[Vv]on|[Dd]en|[Dd]er"
    r"|[Dd]ie|[Tt]er|[Tt]en|[Zz]u|bin|binti|ibn|al|y|i|af|av) ?){1,3}")
_NICKNAME = re.compile(r" [\"\u201c(']|[\"\u201d)'] ")
_INITIALS = re.compile(r"(?<![\w.'\u2019])(?:[A-ZÀ-Ž]\. ?){1,3}$")
_INITIAL_AFTER = re.compile(r" [A-Za-z]\.(?=[\s,;)\"'])| [a-z]\.$")
_NEXT = re.compile(r"(?:[ \xa0]|-|['\u2019])(?=[^\W\d_])")
_FIRM = re.compile(FIRM_AFTER)
_FIRM_BEFORE = re.compile(rf"(?<!\w)(?:{FIRM_BEFORE}) (?:& )?$")
_LISTED = re.compile(r", ")
_LISTED_LAST = re.compile(r",? (?:and|und|e|y|et|og|och|en|i|&) ")


def same_name(text: str, one: Word, other: Word) -> bool:
    """Whether two words of persons are of one name."""
    gap = text[one.end : other.start]
    initial = one.end - one.start <= 2 and _INITIAL_ENDS.fullmatch(gap) is not None
    return initial or any(form.fullmatch(gap) for form in (_INSIDE, _PARTICLES, _NICKNAME))


def person_of(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> Span | None:
    clear = [word for word in group if word.score >= CLEAR]
    if not clear:
        return None
    named = [word for word in group if word in clear or not text[word.start].islower()]
    start, end = named[0].start, named[-1].end
    end = _continued(text, start, end, hints)
    if any(_FIRM.match(text, at) for at in (*(word.end for word in group), end)) or _FIRM_BEFORE.search(text[max(0, start - 24) : start]):
        return None
    # A single word without a capital is more often a thing than a person.
    doubtful = len(group) == 1 and text[start:end].islower()
    score = sum(word.score for word in clear) / len(clear)
    start = _begun(text, start)
    start, end = titled(text, start, end)
    return Span(PERSON, start, end, round(score * (0.6 if doubtful else 1), 4))


def _begun(text: str, start: int) -> int:
    initials = _INITIALS.search(text[max(0, start - 12) : start])
    return start - len(initials[0]) if initials else start


def _continued(text: str, start: int, end: int, hints: Mapping[int, Word]) -> int:
    """Over the words that follow and are hinted at, where they have a capital as the name has."""
    while following := _NEXT.match(text, end):
        word = hints.get(following.end())
        if word is None or word.person < HINTED or not text[word.start].isupper():
            break
        end = word.end
    initial = _INITIAL_AFTER.match(text, end)
    return initial.end() if initial else end


def without_firms(text: str, groups: Sequence[Sequence[Word]]) -> list[Sequence[Word]]:
    """Leaves out what three surnames in a row make, as in `Hill, Moss and Byrne`: a firm's name."""
    found: list[Sequence[Word]] = []
    at = 0
    while at < len(groups):
        three = groups[at : at + 3]
        if len(three) == 3 and _is_firm(text, three):
            at += 3
        else:
            found.append(groups[at])
            at += 1
    return found


def _is_firm(text: str, three: Sequence[Sequence[Word]]) -> bool:
    alone = all(len(group) == 1 and group[0].label == PERSON and group[0].part == SURNAME for group in three)
    first, second, last = three
    return (alone and _LISTED.fullmatch(text[first[0].end : second[0].start]) is not None
            and _LISTED_LAST.fullmatch(text[second[0].end : last[0].start]) is not None)
