"""Addresses: where one begins and ends, and what is none."""

import re
from collections.abc import Iterator, Mapping, Sequence

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.vocabulary import COUNTRY, HOUSE, PARTICLE, STREET, UNIT
from guardrails.classifiers.word import ADDRESS, CITY, HINTED, NUMBER, PERSON, POSTCODE, TOWN, Word
from guardrails.classifiers.word import STATE as STATE_PART
from guardrails.classifiers.word import STREET as STREET_PART
from guardrails.classifiers.word import UNIT as UNIT_PART

_CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w'\u2019-]*\.?"
_ROOM = re.compile(
    r"(?:room|route|highway|line|port|page|chapter|section|step|gate|terminal|platform|level|floor|unit|box|raum|zimmer) \d+", re.I)
_STREET_KINDS = re.compile(
    r"(?:Street|St|Road|Rd|Lane|Ln|Avenue|Ave|Drive|Dr|Close|Court|Way|Place|Square|Marg|Nagar|Ganj|Zila|Path|Chowk|Circle)\.?$")
_NUMBERED = r"(?:(?:[Nn][.º°]* ?|Nr\.? |No\.? |# ?)?\d[\w/-]*|[Ss]/[Nn]\b)"
_STREET = rf"(?:{STREET})"
_NAMED = rf"(?:(?:(?:{PARTICLE})[ ]|[dlDL]['\u2019])*{_CAPITAL}[ ]?){{1,6}}"

# What may stand between two words of an address.
_INSIDE = re.compile(r"[\s,./()'\u2019\u2013-]{0,4}")
_BRIDGE = re.compile(
    rf"(?!.*\n\s*\n|.*\d ?[ap]m\b)(?:[\s,.;#(/\u2013-]|[1-9]?[\dºª°][\w/ºª°.-]*|(?:{UNIT}|{PARTICLE})\b\.?){{1,40}}(?:{_CAPITAL})?[\s,.#(\u2013-]{{0,4}}", re.S)
_SENTENCE_ENDS = re.compile(rf"\b(?!(?:{UNIT})\.)[^\W\d_]{{4,}}\.\s")
_LINE_ENDS = re.compile(r"\s*[,\n]\s*")

# What stands before, up to the first word.
_STREET_BEFORE = re.compile(
    rf"(?<![\w.'\u2019/-]){_STREET}(?:\. ?| )(?:{_NAMED})?(?:,? ?{_NUMBERED}){{0,2}}(?: ?,? ?(?:{UNIT})\.? ?\w{{0,4}})?(?:, ?{_NAMED})?[\s,]{{0,2}}$")
_UNIT_BEFORE = re.compile(rf"(?<!\w)(?:{UNIT}|flat|apt|suite|unit|room|H\.No|P\.? ?O\.?)\b\.?\s?(?:(?:\d\w{{0,4}}|[A-Z]),?[ \n])?$")
_NUMBER_BEFORE = re.compile(r"(?<![\w.,:/#$€£-])(?<!\d )\d{1,5}(?:(?:[/-]\d{1,5})?[A-Za-z]?(?: (?:bis|ter))?,?[ \n]|/)$")
_BOX_BEFORE = re.compile(r"(?<!\w)(?:P\.? ?O\.? ?Box|Post(?:fach|bus)|Box|Apartado(?: de correos)?|BP|C\.P\.|Casella Postale) (?:\d+(?:, ?|\n| ))?$", re.I)
_PREFIX_BEFORE = re.compile(r"(?<![\w'\u2019])(?:\d{1,5}/|[A-Z]['\u2019]|(?:St|Ste|Mt|Ft|N|S|E|W|NE|NW|SE|SW)\.? )$")

# What stands after.
_NUMBER_AFTER = re.compile(rf",? {_NUMBERED}(?: ?[a-zA-Z]\b)?(?!\w)")
_POSTAL = re.compile(
    r"(?:(?:\.(?=[,\n]))?(?:[ ,/-]{1,3}(?:\([A-Z]{2,3}\)|[A-Z]{2,3}\b)"
    r"|[ ,/\n-]{1,3}(?:[A-Z]{2} )?[A-Z]{0,2}-?\d[A-Z0-9]{1,9}\b(?: \d[A-Z]{2}\b|[ -]\d{2,4}\b)?)){1,3}")
_TOWN_WORD = rf"(?:(?:{PARTICLE})[ ])*[^\W\d_a-zß-öø-ÿ][\w'\u2019-]*"
_PROVINCE = re.compile(rf"['\u2019]?\s?\([A-Z]{{2,3}}\)|(?:[ -]{_TOWN_WORD}){{0,4}} ?/ ?[A-Z]{{2}}\b")
_TOWN = re.compile(rf"(?:, ?| |,?\n){_TOWN_WORD}(?:[ -]{_TOWN_WORD}){{0,3}}")
_TOWN_ENDS = re.compile(rf"[ -]{_TOWN_WORD}(?=[,.;)\"'?!\n]|$)")
# A district, or the end of its name, on the way to a postal code.
_DISTRICT = re.compile(rf"(?:(?:, ?|\n)?(?<=[,\n ]){_TOWN_WORD}|[ -]{_TOWN_WORD})(?:[ -](?:{_TOWN_WORD}|\dª)){{0,4}}(?=(?:, ?|\n)\d{{5}}-?\d{{3}}\b)")
_COUNTRY = re.compile(rf",?[ \n](?:{COUNTRY})(?!\w)")
_POSTCODE = re.compile(
    r"(?:[A-Z]{1,2}-)?(?:\d{4,8}|\d{2}-\d{3}|\d{3} \d{2}|\d{4} ?[A-Z]{2}|\d{4,5}-\d{3})")

_MAIL_AFTER = re.compile(r"\s?[,;|<\t]\s?[\w.+-]{1,64}@")
_MILITARY = re.compile(
    r"\b(?:PSC \d+, Box \d+|Unit \d+,? Box \d+|US(?:NS|S|NV|CGC) [A-Z]\w+|CMR \d+,? Box \d+)[,\s]\s?[AFD]PO,? A[AEP] \d{5}(?:-\d{4})?")
_LETTERS = re.compile(r"[^\W\d_]+")
_OF_A_STREET = re.compile(rf"(?:{_STREET})(?:\. ?| )")
_PARTICLE = re.compile(rf"(?!(?:a|e|y|i|am|at)$)(?:{PARTICLE})")
_HOUSE = re.compile(rf"(?:{HOUSE})\b", re.I)
_STREET_AND_NUMBER = re.compile(rf"(?:,? ?{_NUMBERED}|,? ?\n)")


def joined(text: str, one: Word, other: Word, group: Sequence[Word]) -> bool:
    """Whether two words are of one address, of which ``group`` is known already."""
    gap = text[one.end : other.start]
    if "\n\n" in gap or (_LINE_ENDS.fullmatch(gap) and "\n" in gap and _begins_another(group, other)):
        return False
    return _INSIDE.fullmatch(gap) is not None or (
        len(gap) <= 40 and _BRIDGE.fullmatch(gap) is not None and not _SENTENCE_ENDS.search(gap))


def _begins_another(group: Sequence[Word], word: Word) -> bool:
    """A street on a line of its own after a postal code."""
    return word.part in (NUMBER, STREET_PART) and any(known.part == POSTCODE for known in group)


def is_street(text: str, group: Sequence[Word]) -> bool:
    """Whether what looks like a name is a street's: `Via Mario Rossi, 12`."""
    start, end = group[0].start, group[-1].end
    kind = _OF_A_STREET.match(text, start) or _STREET_BEFORE.search(text[max(0, start - 40) : start])
    if kind is not None and _STREET_AND_NUMBER.match(text, end) is not None:
        return True
    return _STREET_KINDS.search(text[start:end]) is not None and _NUMBER_BEFORE.search(text[max(0, start - 12) : start]) is not None


def names_before(text: str, group: Sequence[Word]) -> int:
    """How many words at the beginning of an address are the name of who lives there: a line of letters before one that
    begins the street, and that has no part in the address."""
    ends = (number for number in range(1, len(group))
            if _LINE_ENDS.fullmatch(text[group[number - 1].end : group[number].start]))
    number = next(ends, 0)
    line, rest = group[:number], group[number:]
    if not line or len(line) > 5 or not _is_unnumbered_line(text, line):
        return 0
    parts = {word.part for word in rest}
    likely = sum(word.person for word in line) / number
    begun = _is_numbered(text, rest[0].start, rest) or _OF_A_STREET.match(text, rest[0].start) is not None
    spare = begun and number > 1 and (all(word.part == STREET_PART for word in line) or (
        bool(parts & {TOWN, POSTCODE}) and rest[0].part in (NUMBER, STREET_PART)))
    return number if _makes_address(text, rest) and (spare or likely >= 0.1) else 0


def _is_unnumbered_line(text: str, line: Sequence[Word]) -> bool:
    """Whether it has letters alone, and none of the words of streets and houses."""
    written = text[line[0].start : line[-1].end]
    before = text[max(0, line[0].start - 40) : line[0].start]
    return not (any(map(str.isdigit, written)) or _OF_A_STREET.match(written + " ") or _HOUSE.search(written)
                or _STREET_KINDS.search(written) or _STREET_BEFORE.search(before))


def _makes_address(text: str, group: Sequence[Word]) -> bool:
    parts = {word.part for word in group}
    if _OF_A_STREET.match(text, group[0].start):
        parts.add(STREET_PART)
    return is_address(text[group[0].start : group[-1].end], parts)


def reads_as_name(text: str, group: Sequence[Word]) -> bool:
    """Whether a group that is no address reads as a person's name: words with capitals, and who owns an e-mail address
    that follows, or a hint of it by the model."""
    written = text[group[0].start : group[-1].end]
    if any(map(str.isdigit, written)) or not all(text[word.start].isupper() for word in group if text[word.start].isalpha()):
        return False
    hinted = sum(word.person for word in group) >= 0.05 * len(group)
    return hinted or _MAIL_AFTER.match(text, group[-1].end) is not None


def military(text: str) -> Iterator[Span]:
    """Addresses of the American forces abroad: a form that the model has not learnt."""
    return (Span(ADDRESS, found.start(), found.end(), 1.0) for found in _MILITARY.finditer(text))


def address_of(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> Span | None:
    group = _trimmed(text, group)
    parts = {word.part for word in group}
    start, end = _begun(text, group, hints), _ended(text, group, hints)
    if start < group[0].start or _OF_A_STREET.match(text, start):
        parts.add(STREET_PART)
    if is_address(text[start:end], parts):
        return Span(ADDRESS, start, end, _score(group))
    town = {word.part for word in group} == {TOWN}
    return Span(CITY, group[0].start, group[-1].end, _score(group)) if town else None


def _trimmed(text: str, group: Sequence[Word]) -> Sequence[Word]:
    """Without a word in small letters before the first with a capital, such as `wohnhaft`."""
    first = text[group[0].start : group[0].end]
    small = first.islower() and first.isalpha() and len(group) > 2
    small = small and (text[group[1].start].isupper() or _OF_A_STREET.match(text, group[1].start) is not None)
    return group[1:] if small and not _OF_A_STREET.match(first + " ") and not _PARTICLE.fullmatch(first) else group


def is_address(text: str, parts: set[str]) -> bool:
    """A street with a number or a town, or a town with its postal code; not `port 8000`, `line 12`."""
    numbered = any(map(str.isdigit, text))
    whole = (STREET_PART in parts and (numbered or bool(parts & {TOWN, STATE_PART}))) or {POSTCODE, TOWN} <= parts or (
        UNIT_PART in parts and bool(parts & {STREET_PART, TOWN, POSTCODE}))
    if _ROOM.fullmatch(text):
        return False
    words = [word for word in _LETTERS.findall(text) if len(word) > 1]
    named = any(len(word) > 2 for word in words) and (text != text.lower() or len(words) > 1)
    return whole and named and (numbered or "," in text or "\n" in text)


def _begun(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> int:
    start = group[0].start
    for _ in range(4):
        before = text[max(0, start - 60) : start]
        found = next(filter(None, (form.search(before) for form in (_STREET_BEFORE, _PREFIX_BEFORE, _UNIT_BEFORE, _BOX_BEFORE))), None)
        if found is None and not _is_numbered(text, start, group):
            found = _NUMBER_BEFORE.search(before)
        if found is None or not found[0]:
            break
        start -= len(found[0])
    return start


def _is_numbered(text: str, start: int, group: Sequence[Word]) -> bool:
    """Whether the first line has a number."""
    line = re.split(r"[,\n]", text[start : group[-1].end], maxsplit=1)[0]
    return any(map(str.isdigit, line))


def _ended(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> int:
    end = group[-1].end
    if group[-1].part in (STREET_PART, TOWN) and not any(map(str.isdigit, text[group[0].start : end])):
        number = _NUMBER_AFTER.match(text, end)
        end = number.end() if number else end
    end = _hinted(text, end, hints)
    district = _DISTRICT.match(text, end)
    end = district.end() if district else end
    postal = _POSTAL.match(text, end)
    end = postal.end() if postal else end
    kinds = [word.part for word in group if word.part != POSTCODE]
    if _is_postcode(text, group[0].start, end):
        if not kinds or kinds[-1] not in (TOWN, STATE_PART):
            town = _TOWN.match(text, end)
            end = town.end() if town and _stops(text, town.end()) else end
    elif len(group) > 1 and [word.part for word in group][-2:] == [POSTCODE, TOWN] and end == group[-1].end:
        town = _TOWN_ENDS.match(text, end)
        end = town.end() if town else end
    for form in (_PROVINCE, _COUNTRY):
        found = form.match(text, end)
        end = found.end() if found else end
    if text[end : end + 1] == ")" and "(" in text[group[0].start : end] and ")" not in text[group[0].start : end]:
        end += 1
    return end


def _hinted(text: str, end: int, hints: Mapping[int, Word]) -> int:
    while text[end : end + 1] in (" ", "-") and (word := hints.get(end + 1)) is not None:
        if word.place < HINTED or not text[word.start].isupper():
            break
        end = word.end
    return end


def _is_postcode(text: str, start: int, end: int) -> bool:
    """Whether the last line has a postal code alone."""
    line = re.split(r"[,\n]", text[start:end])[-1]
    return _POSTCODE.fullmatch(line.strip()) is not None


def _stops(text: str, at: int) -> bool:
    return re.match(r"[.,;)\"'?!\n]|$| / | [a-z(]|\s\(", text[at:at + 4]) is not None


def _score(group: Sequence[Word]) -> float:
    return round(sum(word.score for word in group) / len(group), 4)
