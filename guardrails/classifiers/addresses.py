"""Addresses: which words make one, and what only looks like one."""

import re
from collections.abc import Iterator, Mapping, Sequence

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.extents import CAPITAL, NUMBER_BEFORE, NUMBERED, STREET_BEFORE, begun, ended, is_numbered
from guardrails.classifiers.vocabulary import HOUSE, PARTICLE, STREET, STREET_AFTER, UNIT
from guardrails.classifiers.word import ADDRESS, CITY, NUMBER, POSTCODE, STATE, TOWN, Word
from guardrails.classifiers.word import STREET as STREET_PART
from guardrails.classifiers.word import UNIT as UNIT_PART

_REACH = 40  # characters before a street's name
_GAP = 40  # so far apart two words of one address may be
_NAME_WORDS = 5

# What may stand between two words of an address: few signs; numbers, units such as `Apt.` and one word more.
_SIGNS = re.compile(r"[\s,./()'\u2019\u2013-]{0,4}")
_BRIDGE = re.compile(
    rf"(?:[\s,.;#(/\u2013-]|(?<!\w)[\dºª°][\w/ºª°.-]*+|\b(?:{UNIT}|{PARTICLE})\b\.?){{1,40}}(?:{CAPITAL}\.?)?"
    rf"[\s,.#(\u2013-]{{0,4}}")
_NO_BRIDGE = re.compile(rf"\n\s*\n|\d ?[ap]m\b|\b(?!(?:{UNIT})\.)[^\W\d_]{{4,}}\.\s|^\.\s+(?!(?:{UNIT})\b)[^\W\d_]")
_LINE_ENDS = re.compile(r"\s*[,\n]\s*")

_OF_A_STREET = re.compile(rf"(?:{STREET})(?:\. ?| )")
_STREET_ENDS = re.compile(rf"(?:{STREET_AFTER})\.?$")
_HOUSE = re.compile(rf"\b(?:{HOUSE})\b", re.I)
_NUMBER_OR_LINE = re.compile(rf",? ?(?:{NUMBERED}|\n)")
_PARTICLE = re.compile(rf"(?!(?:a|e|y|i|am)$)(?:{PARTICLE})")
_MAIL_AFTER = re.compile(r"\s?[,;|<\t]\s?[\w.+-]{1,64}@")
_LETTERS = re.compile(r"[^\W\d_]+")
_ROOM = re.compile(
    r"(?:room|route|highway|line|port|page|chapter|section|step|gate|terminal|platform|level|floor|unit|box) \d+"
    r"|\w+ \d+\.\d+", re.I)
_MILITARY = re.compile(
    r"\b(?:PSC \d+, Box \d+|(?:Unit|CMR) \d+,? Box \d+|US(?:NS|S|NV|CGC) [A-Z]\w{1,24})[,\s]\s?[AFD]PO,? A[AEP] "
    r"\d{5}(?:-\d{4})?")


def joined(text: str, group: Sequence[Word], word: Word) -> bool:
    """Whether ``word`` is of the same address as ``group`` before it."""
    gap = text[group[-1].end : word.start]
    if len(gap) > _GAP or "\n\n" in gap or ("\n" in gap and _begins_another(group, word)):
        return False
    return bool(_SIGNS.fullmatch(gap) or (not _NO_BRIDGE.search(gap) and _BRIDGE.fullmatch(gap)))


def _begins_another(group: Sequence[Word], word: Word) -> bool:
    """A street on a line of its own after a postal code."""
    return word.part in (NUMBER, STREET_PART) and any(known.part == POSTCODE for known in group)


def address_of(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> Span | None:
    """The address, or the town alone, that the words make; ``hints`` are words, by their start, of which the model only
    suspects that they belong to one."""
    group = _trimmed(text, group)
    score = round(sum(word.score for word in group) / len(group), 4)
    start, end = begun(text, group, hints), ended(text, group, hints)
    if _is_whole(text, start, end, group):
        return Span(ADDRESS, start, end, score)
    town = all(word.part == TOWN for word in group)
    return Span(CITY, group[0].start, group[-1].end, score) if town else None


def _trimmed(text: str, group: Sequence[Word]) -> Sequence[Word]:
    """Without a word in small letters before the street, such as `wohnhaft`."""
    first = text[group[0].start : group[0].end]
    small = len(group) > 2 and first.isalpha() and first.islower() and (
        text[group[1].start].isupper() or _OF_A_STREET.match(text, group[1].start) is not None)
    return group[1:] if small and not (_OF_A_STREET.match(first + " ") or _PARTICLE.fullmatch(first)) else group


def _is_whole(text: str, start: int, end: int, group: Sequence[Word]) -> bool:
    """A street with a number or a town, or a town with its postal code; not `port 8000`, `line 12`."""
    written, parts = text[start:end], {word.part for word in group}
    if start < group[0].start or _OF_A_STREET.match(text, start):
        parts.add(STREET_PART)
    numbered = any(map(str.isdigit, written))
    whole = (STREET_PART in parts and (numbered or bool(parts & {TOWN, STATE}))) or {POSTCODE, TOWN} <= parts or (
        UNIT_PART in parts and bool(parts & {STREET_PART, TOWN, POSTCODE}))
    words = [word for word in _LETTERS.findall(written) if len(word) > 1]
    named = any(len(word) > 2 for word in words) and (written != written.lower() or len(words) > 1)
    return whole and named and (numbered or "," in written or "\n" in written) and not _ROOM.fullmatch(written)


def military(text: str) -> Iterator[Span]:
    """Addresses of the American forces abroad: a form that the model has not learnt."""
    return (Span(ADDRESS, *found.span(), 1.0) for found in _MILITARY.finditer(text))


def is_street(text: str, group: Sequence[Word]) -> bool:
    """Whether what looks like a name is a street's: `Via Mario Rossi, 12`, `12 Joshi Marg`."""
    start, end = group[0].start, group[-1].end
    before = text[max(0, start - _REACH) : start]
    if _OF_A_STREET.match(text, start) or STREET_BEFORE.search(before):
        return _NUMBER_OR_LINE.match(text, end) is not None
    return _STREET_ENDS.search(text[start:end]) is not None and NUMBER_BEFORE.search(before) is not None


def name_before(text: str, group: Sequence[Word], beside: bool) -> int:
    """How many words at the beginning of an address are the name of who lives there: a line of letters, before one that
    begins the street, that has no part in the address or that the model suspects to be a name. ``beside``: a name
    stands right before it."""
    ends = (at for at in range(1, len(group)) if _LINE_ENDS.fullmatch(text[group[at - 1].end : group[at].start]))
    number = next(ends, 0)
    line, rest = group[:number], group[number:]
    if not 0 < number <= _NAME_WORDS or not _is_line_of_letters(text, line):
        return 0
    spare = (number > 1 or beside) and _begins_street(text, rest) and (
        beside or all(word.part == STREET_PART for word in line) or any(word.part in (TOWN, POSTCODE) for word in rest))
    suspected = sum(word.person for word in line) >= 0.1 * number
    return number if (spare or suspected) and _is_whole(text, rest[0].start, rest[-1].end, rest) else 0


def _is_line_of_letters(text: str, line: Sequence[Word]) -> bool:
    """Whether it has letters alone, and none of the words of streets and houses."""
    written = text[line[0].start : line[-1].end]
    before = text[max(0, line[0].start - _REACH) : line[0].start]
    return not (any(map(str.isdigit, written)) or _OF_A_STREET.match(written + " ") or _HOUSE.search(written)
                or STREET_BEFORE.search(before))


def _begins_street(text: str, group: Sequence[Word]) -> bool:
    numbered = is_numbered(text, group[0].start, group[-1].end) and group[0].part in (NUMBER, STREET_PART)
    return numbered or _OF_A_STREET.match(text, group[0].start) is not None


def reads_as_name(text: str, group: Sequence[Word]) -> bool:
    """Whether words that make no address read as a person's name: all with capitals, and the model suspects it or they
    stand before an e-mail address."""
    written = text[group[0].start : group[-1].end]
    if any(map(str.isdigit, written)) or any(text[word.start].islower() for word in group):
        return False
    suspected = sum(word.person for word in group) >= 0.05 * len(group)
    return suspected or _MAIL_AFTER.match(text, group[-1].end) is not None
