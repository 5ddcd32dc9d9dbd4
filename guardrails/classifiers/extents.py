"""Extents: where an address begins and ends, around the words that a model has found of it."""

import re
from collections.abc import Iterable, Mapping, Sequence

from guardrails.classifiers.vocabulary import COUNTRY, PARTICLE, STREET, UNIT
from guardrails.classifiers.word import HINTED, POSTCODE, STATE, TOWN, Word
from guardrails.classifiers.word import STREET as STREET_PART

_REACH = 60  # characters before an address
_STEPS = 4

NUMBERED = r"(?:(?:[Nn][.º°]* ?|Nr\.? |No\.? |# ?)?\d[\w/-]{0,12}|[Ss]/[Nn]\b)"
# A word of a street's or a town's name, with the small ones in front of it, and several.
CAPITAL = r"[^\W\d_a-zß-öø-ÿ][\w'\u2019]{0,24}"
NAME_WORD = rf"(?:(?:{PARTICLE}) ){{0,3}}(?:[dlDL]['\u2019])?{CAPITAL}"
_NAME = rf"{NAME_WORD}(?:[ -]{NAME_WORD}){{0,5}}"

# What stands before, up to the first word that was found.
STREET_BEFORE = re.compile(
    rf"(?<![\w.'\u2019/-])(?:{STREET})(?:\. ?| )(?:{_NAME}[ -]?)?(?:(?:{PARTICLE}) ){{0,3}}(?:,? ?{NUMBERED}){{0,2}}"
    rf"(?: ?,? ?(?:{UNIT})\.? ?\w{{0,4}})?(?:, ?{_NAME}[ -]?)?[\s,]{{0,2}}$")
_SHORT_BEFORE = re.compile(r"(?<![\w'\u2019])(?:\d{1,5}/|[A-Z]['\u2019]|(?:St|Ste|Mt|Ft|N|S|E|W|NE|NW|SE|SW)\.? )$")
_UNIT_BEFORE = re.compile(
    rf"(?<!\w)(?:{UNIT}|H\.No|P\.? ?O\.?)\b\.? ?(?:(?:\d\w{{0,4}}|[A-Z]),?[ \n])?$")
_WORD_BEFORE = re.compile(rf"(?<![\w.'\u2019]){CAPITAL} $")
_BOX_BEFORE = re.compile(
    r"(?<!\w)(?:P\.? ?O\.? ?Box|Post(?:fach|bus)|Box|Apartado(?: de correos)?|BP|C\.P\.|Casella Postale) "
    r"(?:\d{1,6}(?:, ?|\n| ))?$", re.I)
NUMBER_BEFORE = re.compile(
    r"(?<![\w.,:/#$€£-])(?<!\d )\d{1,5}(?:[/-]\d{1,5})?[A-Za-z]?(?: (?:bis|ter))?,?[ \n]$")

# What stands after the last.
_NUMBER_AFTER = re.compile(rf",? {NUMBERED}(?: ?[a-zA-Z]\b)?(?!\w)")
# A state's letters and a postal code, each in few characters.
_POSTAL = re.compile(
    r"(?:(?:\.(?=[,\n]))?(?:[ ,/-]{1,3}(?:\([A-Z]{2,3}\)|[A-Z]{2,3}\b)"
    r"|(?:[ ,/-]{1,3}|,? ?\n(?=[A-Z]|\d{4}|\d\d-\d|\d{3} \d))"
    r"(?:[A-Z]{2} )?[A-Z]{0,2}-?\d[A-Z0-9]{1,9}\b(?: \d[A-Z]{2}\b|[ -]\d{2,4}\b)?)){1,3}")
_POSTCODE = re.compile(r"(?:[A-Z]{1,2}-)?(?:\d{4,8}|\d{2}-\d{3}|\d{3} \d{2}|\d{4} ?[A-Z]{2}|\d{4,5}-\d{3})")
# A district, or the end of its name, on the way to a long postal code.
_DISTRICT = re.compile(rf"(?:, ?|\n|[ -]){NAME_WORD}(?:[ -](?:{NAME_WORD}|\dª)){{0,4}}(?=(?:, ?|\n)\d{{5}}-?\d{{3}}\b)")
_TOWN = re.compile(rf"(?:, ?| |,?\n){NAME_WORD}(?:[ -]{NAME_WORD}){{0,3}}(?=[.,;)\"'?!\n]| ?/ | [a-z(]|$)")
_TOWN_ENDS = re.compile(rf"[ -]{NAME_WORD}(?=[,.;)\"'?!\n]|$)")
_PROVINCE = re.compile(rf"['\u2019]?\s?\([A-Z]{{2,3}}\)|(?:[ -]{NAME_WORD}){{0,4}} ?/ ?[A-Z]{{2}}\b")
_REGION = re.compile(
    rf", (?:Región|Provincia|Província|Departamento|County|Co\.) {NAME_WORD}(?:[ -]{NAME_WORD}){{0,5}}")
_AREA_ENDS = re.compile(r"[.,;)\"'?!\n]|$")
_NUMBERED_IN_FRONT = re.compile(r"(?:rue|avenue|boulevard|chemin|allée|impasse|quai|route|place)\b")
_COUNTRY = re.compile(rf",?[ \n](?:{COUNTRY})(?!\w)")


def begun(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> int:
    """Where an address begins: before the kind of its street, its number, its unit, its box."""
    start = _hinted_before(text, group[0].start, hints)
    for _ in range(_STEPS):
        before = text[max(0, start - _REACH) : start]
        found = _first(before, (STREET_BEFORE, _SHORT_BEFORE, _UNIT_BEFORE, _BOX_BEFORE))
        if not found and (_NUMBERED_IN_FRONT.match(text, start) or not is_numbered(text, start, group[-1].end)):
            found = _first(before, (NUMBER_BEFORE,))
        if not found:
            break
        start -= found
    return start


def _hinted_before(text: str, start: int, hints: Mapping[int, Word]) -> int:
    while before := _WORD_BEFORE.search(text[max(0, start - _REACH) : start]):
        word = hints.get(start - len(before[0]))
        if word is None or word.place < HINTED:
            break
        start = word.start
    return start


def _first(before: str, forms: Iterable[re.Pattern[str]]) -> int:
    """How many characters the first of ``forms`` takes that takes any."""
    return next((len(found[0]) for form in forms if (found := form.search(before)) and found[0]), 0)


def is_numbered(text: str, start: int, end: int) -> bool:
    """Whether the first line has a number."""
    return any(map(str.isdigit, re.split(r"[,\n]", text[start:end], maxsplit=1)[0]))


def ended(text: str, group: Sequence[Word], hints: Mapping[int, Word]) -> int:
    """Where an address ends: behind its number, its postal code, its town, its province, its country."""
    start, end = group[0].start, group[-1].end
    if group[-1].part in (STREET_PART, TOWN) and not any(map(str.isdigit, text[start:end])):
        end = _behind(_NUMBER_AFTER, text, end)
    end = _behind(_POSTAL, text, _behind(_DISTRICT, text, _hinted(text, end, hints)))
    end = _behind(_REGION, text, _area(text, _towns_end(text, group, end), hints))
    end = _behind(_POSTAL, text, end)
    end = _behind(_COUNTRY, text, _behind(_PROVINCE, text, end))
    closes = text[end : end + 1] == ")" and text.count("(", start, end) > text.count(")", start, end)
    return end + closes


def _behind(form: re.Pattern[str], text: str, at: int) -> int:
    found = form.match(text, at)
    return found.end() if found else at


def _hinted(text: str, end: int, hints: Mapping[int, Word]) -> int:
    while text[end : end + 1] in (" ", "-") and (word := hints.get(end + 1)) is not None:
        if word.place < HINTED or not text[word.start].isupper():
            break
        end = word.end
    return end


def _area(text: str, end: int, hints: Mapping[int, Word]) -> int:
    """Behind a province that the model only suspects: `Rosario 2000, Santa Fe`."""
    word = hints.get(end + 2) if text.startswith(", ", end) else None
    if word is None or word.place < 2 * HINTED or not text[word.start].isupper():
        return end
    behind = _hinted(text, word.end, hints)
    return behind if _AREA_ENDS.match(text, behind) else end


def _towns_end(text: str, group: Sequence[Word], end: int) -> int:
    """Behind the town that follows a postal code, or the rest of its name."""
    parts = [word.part for word in group]
    line = re.split(r"[,\n]", text[group[0].start : end])[-1].strip()
    if _POSTCODE.fullmatch(line):
        before = [part for part in parts if part != POSTCODE][-1:]
        return end if before and before[0] in (TOWN, STATE) else _behind(_TOWN, text, end)
    return _behind(_TOWN_ENDS, text, end) if parts[-2:] == [POSTCODE, TOWN] and end == group[-1].end else end
