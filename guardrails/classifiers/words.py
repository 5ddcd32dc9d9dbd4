"""Words to spans: how names and addresses are put together from what a model says of each word.

The model tells given names, surnames and the parts of addresses. A person asks for a whole name, and a whole address.
What the rules here add was seen to go wrong in texts: e-mail addresses, domains and card numbers read as names, firms
named after people, and addresses that lose their ends.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from guardrails.classifiers.classifier import Span

PERSON, ADDRESS, CITY = "PERSON", "ADDRESS", "CITY"
LABELS = (PERSON, ADDRESS, CITY)


class Word(NamedTuple):
    """A word of which something is said: ``label`` PERSON or ADDRESS; ``part`` which part of an address it is."""

    start: int
    end: int
    label: str
    part: str
    score: float


# What the model takes for a name faintly is one beside what it takes for one clearly.
CLEAR = 0.45
_NAMES = 64  # so many different names of a text are looked for again
_REACH = 64  # characters: how far around a word its form is looked at
_DELIMITERS = frozenset(" \t\n\r,;\"'<>()[]{}|")
_TECHNICAL = re.compile(r"@|://|^[a-z]+[A-Z]|^www\.|[\w-]\.[a-z]{2,}(?:$|[/:?])|_|\\")
_NUMBER = re.compile(r"\d(?:[ -]?\d){11,}")

_INSIDE_NAME = re.compile(r"[ \t\xa0]{0,2}|['\u2019.-]")
_INITIAL_ENDS = re.compile(r"\.[ \t\xa0]")
_FIRM = re.compile(
    r"(?: (?:and|&|und|e|y|et) (?:Sons|Söhne|Söner|Co|Partners?|Associates|[Aa]sociados|Fils|[Ff]igli|Zonen)\b| & "
    r"|,? (?:Inc|Ltd|Limited|LLC|LLP|PLC|plc|GmbH|GbR|KGaA|KG|OHG|AG|AB|HB|KB|BV|NV|SA|SAS|SARL|SRL|Oy|Corp|Group|Bank"
    r"|Holdings?|Company|S\.[A-Z]|S/A|s\.p\.a|S\.p\.A|Sp\. z)(?![a-z]))")

_INSIDE_ADDRESS = re.compile(r"[\s,./()\u2013-]{0,4}")
# Such as `Apt.`, `Suite`: a word between two parts that the model has not seen as one.
_BRIDGE = re.compile(r"[\s,.;#(\u2013-]{0,4}([^\W\d_]{1,10})\.?[\s,.#(\u2013-]{0,4}")
_UNIT = re.compile(r"\b(?:Flat|Apt|Apartment|Unit|Suite|Level|Floor|Room|Studio|No|H\.No|ul|al|pl|os)\b\.?\s?$", re.I)
# A state's letters and a postal code that follow, each in few characters.
_POSTAL = re.compile(
    r"(?:[ ,/\n-]{1,3}\(?(?:[A-Z]{2,3}\b|[A-Z]{0,2}\d[A-Z0-9]{1,9}\b(?: \d[A-Z]{2}\b|[ -]\d{2,4}\b)?)\)?){1,3}|\)")
_LETTERS = re.compile(r"[^\W\d_]+")


def spans_of(text: str, words: Sequence[Word]) -> list[Span]:
    """The spans that ``words`` (in order) make. The score is the mean of what the model gives for each word."""
    found = []
    for group in _groups(text, [word for word in words if not _is_technical(text, word)]):
        span = _person(text, group) if group[0].label == PERSON else _address(text, group)
        if span is not None:
            found.append(span)
    return sorted([*found, *_again(text, found)], key=lambda span: (span.start, span.end))


def _is_technical(text: str, word: Word) -> bool:
    """Whether it stands in an e-mail address, a URL, a file's name, or a number as long as a card's."""
    if not any(map(str.isalnum, text[word.start : word.end])):
        return True
    start, end = _surroundings(text, word)
    if _TECHNICAL.search(text[start:end]):
        return True
    low = max(0, word.start - _REACH)
    return any(low + number.start() <= word.start < low + number.end()
               for number in _NUMBER.finditer(text[low : word.end + _REACH]))


def _surroundings(text: str, word: Word) -> tuple[int, int]:
    start, end = word.start, word.end
    while start > max(0, word.start - _REACH) and text[start - 1] not in _DELIMITERS:
        start -= 1
    while end < min(len(text), word.end + _REACH) and text[end] not in _DELIMITERS:
        end += 1
    while end > word.end and text[end - 1] in ".!?:":
        end -= 1  # a sentence's end
    return start, end


def _groups(text: str, words: Sequence[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and not (word.label == group[-1].label and _together(text, group[-1], word)):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _together(text: str, one: Word, other: Word) -> bool:
    gap = text[one.end : other.start]
    if one.label == PERSON:
        return _INSIDE_NAME.fullmatch(gap) is not None or (
            one.end - one.start <= 2 and _INITIAL_ENDS.fullmatch(gap) is not None)
    if "\n\n" in gap:
        return False
    bridge = _BRIDGE.fullmatch(gap)
    return _INSIDE_ADDRESS.fullmatch(gap) is not None or (bridge is not None and bridge[1][0].isupper())


def _person(text: str, group: Sequence[Word]) -> Span | None:
    clear = [word for word in group if word.score >= CLEAR]
    if not clear:
        return None
    named = [word for word in group if word in clear or not text[word.start].islower()]
    start, end = named[0].start, named[-1].end
    if any(_FIRM.match(text, word.end) for word in group):
        return None
    # A single word without a capital is more often a thing than a person.
    doubtful = len(group) == 1 and text[start:end].islower()
    return Span(PERSON, start, end, round(_score(clear) * (0.6 if doubtful else 1), 4))


def _address(text: str, group: Sequence[Word]) -> Span | None:
    start, end = group[0].start, group[-1].end
    parts = {word.part for word in group}
    if not _is_address(text[start:end], parts):
        return Span(CITY, start, end, _score(group)) if parts == {CITY} else None
    postal = _POSTAL.match(text, end)
    end = postal.end() if postal and (postal[0] != ")" or "(" in text[start:end]) else end
    unit = _UNIT.search(text[max(0, start - 12) : start])
    return Span(ADDRESS, start - (len(unit[0]) if unit else 0), end, _score(group))


def _is_address(text: str, parts: set[str]) -> bool:
    """A street with a number or a town, or a town with its postal code; not `port 8000`, `line 12`."""
    numbered = any(map(str.isdigit, text))
    whole = ("STREET_NAME" in parts and (numbered or bool(parts & {CITY, "STATE"}))) or {"ZIP_CODE", CITY} <= parts or (
        "SECONDARY_ADDRESS" in parts and len(parts) > 1)
    words = [word for word in _LETTERS.findall(text) if len(word) > 1]
    named = any(len(word) > 2 for word in words) and (text != text.lower() or len(words) > 1)
    return whole and named and (numbered or "," in text or "\n" in text)


def _again(text: str, found: Sequence[Span]) -> Iterator[Span]:
    """Where whole names stand once more, and were not seen: a name that is hidden here and readable there is not
    hidden."""
    names: dict[str, float] = {}
    for span in found:
        name = text[span.start : span.end]
        if span.label == PERSON and " " in name and len(names) < _NAMES:
            names[name] = max(names.get(name, 0.0), span.score)
    taken = {at for span in found for at in range(span.start, span.end)} if names else set()
    for name, score in names.items():
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if taken.isdisjoint(range(at, end)) and not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
                yield Span(PERSON, at, end, score)
            at = text.find(name, end)


def _score(group: Sequence[Word]) -> float:
    return round(sum(word.score for word in group) / len(group), 4)
