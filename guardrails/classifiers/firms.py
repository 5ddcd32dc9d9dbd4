"""Firms: names of people that are a firm's."""

import re
from bisect import bisect_left
from collections.abc import Sequence

from guardrails.classifiers.vocabulary import FIRM_AFTER, FIRM_BEFORE
from guardrails.classifiers.word import GIVEN, PERSON, SURNAME, Word

_REACH = 40  # characters before a name
_AFTER = re.compile(f"(?:{FIRM_AFTER})")
_BEFORE = re.compile(rf"(?<!\w)(?:{FIRM_BEFORE}) (?:& )?$")
_BEGINS = re.compile(rf"(?:{FIRM_BEFORE}) ")
_PARTNER_BEFORE = re.compile(r"[A-Z][\w'\u2019-]{1,24} & $")
_SURNAME = r"[^\W\d_a-z][\w'\u2019-]{1,24}"
_AND = "(?:and|und|e|y|et|og|och|en|&)"
_THREE = re.compile(
    rf"\b(?:from|of|for|by|at|with|to|joined|bei|von|chez|de|di|da|van) ({_SURNAME}, {_SURNAME} {_AND} {_SURNAME})"
    rf"(?! {_SURNAME})")


def is_firm(text: str, start: int, end: int, group: Sequence[Word]) -> bool:
    """Whether the name from ``start`` to ``end`` is a part of a firm's: `Moss & Byrne AB`, `Grupo Moss`."""
    before = text[max(0, start - _REACH) : start]
    if group[0].part == SURNAME and _PARTNER_BEFORE.search(before):
        return True
    return bool(_BEFORE.search(before) or _BEGINS.match(text, start)
                or any(_AFTER.match(text, at) for at in (*(word.end for word in group), end)))


def without_firms(text: str, groups: Sequence[Sequence[Word]]) -> list[Sequence[Word]]:
    """Leaves out what three surnames in a row make after a preposition, as in `from Hill, Moss and Byrne`."""
    starts = [group[0].start for group in groups]
    dropped: set[int] = set()
    for found in _THREE.finditer(text):
        inside = range(bisect_left(starts, found.start(1)), bisect_left(starts, found.end(1)))
        dropped.update(inside if _are_surnames([groups[at] for at in inside]) else ())
    return [group for at, group in enumerate(groups) if at not in dropped]


def _are_surnames(groups: Sequence[Sequence[Word]]) -> bool:
    """Half of them at least, and the last: `from Anna, Raj and Tom` are people."""
    parts = [group[-1].part for group in groups if group[0].label == PERSON]
    return bool(parts) and parts[-1] != GIVEN and 2 * parts.count(SURNAME) >= len(parts)
