"""Traits: what has to be equal in two questions before the answer to one may be the answer to the other.

A vector tells what a question is about. It hardly moves when a number, a name, a "not" or a direction changes, and with
these the answer does. So they are read off the text, and only questions with the same ones are compared at all. Two
ways to ask the same are kept apart by this now and then; that costs a hit, and nothing else.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from gateway.cache.semantic.words import (
    ASKING,
    GLUED,
    MEANINGS,
    NEGATIONS,
    NUMBERS,
    PHRASAL,
    PLAIN,
    QUESTIONS,
    RENDERS,
    TIMES,
    TURNS,
    UNITS,
    is_turned,
    stem,
)

_CODE = re.compile(r"```(.+?)```|`([^`]+)`", re.DOTALL)
_QUOTED = re.compile(r"\"([^\"]+)\"|(?<!\w)'([^']{2,}?)'(?!\w)")
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_NUMBER = re.compile(r"([$€£¥]?)([+-]?\d[\d.,:/-]*)(\D*)")
_MARKS = str.maketrans({**dict.fromkeys("\u2018\u2019", "'"), **dict.fromkeys("\u201c\u201d\u201e\xab\xbb", '"')})
_EDGES = ".,;:!?()[]{}\"'\u2013\u2014"
_SYMBOLS = re.compile(r"[_/\\@#+=<>*&|~^$%°]")
_PHRASE = 4  # words: so far behind its verb a particle may stand
_BESIDE = frozenset(("than", "versus", "vs"))
_SHORT = 2  # letters: a unit, but more often something else
_THIRDS = re.compile(r"(?:st|nd|rd|th)", re.IGNORECASE)


class _Word(NamedTuple):
    """``text`` as it was written, without the marks around it; ``first`` where a sentence begins with it."""

    text: str
    plain: str  # in small letters, without a possessive
    first: bool


def traits_of(text: str) -> tuple[str, ...]:
    """The same for every question that may have the same answer, so far as these can tell; in a fixed order."""
    text = unicodedata.normalize("NFKC", text).translate(_MARKS)
    found: list[str] = []
    for kind, pattern in (("code", _CODE), ("quote", _QUOTED), ("link", _LINK)):
        found += [f"{kind}:{_told(match, kind)}" for match in pattern.finditer(text)]
        text = pattern.sub(" , ", text)
    words = list(_words(text))
    found += [f"name:{index}:{name}" for index, name in enumerate(_names(words))]
    found += [f"number:{index}:{number}" for index, number in enumerate(_numbers(words))]
    found += sorted({*_meanings(words), *_directions(words), *_asked(words)})
    negations = sum(_is_negation(word.plain) for word in words)
    return (*found, f"not:{negations}") if negations else tuple(found)


def _told(match: "re.Match[str]", kind: str) -> str:
    inner = next(filter(None, match.groups()), "") if match.groups() else match[0].rstrip(_EDGES)
    return inner if kind == "code" else " ".join(inner.casefold().split())


def _words(text: str) -> Iterator[_Word]:
    first = True
    for line in text.splitlines():
        first = True
        for written in line.split():
            bare = written.strip(_EDGES)
            if bare:
                yield _Word(bare, bare.lower().removesuffix("'s"), first)
                first = False
            first = first or written.rstrip("\"')").endswith((".", "!", "?", ":"))


def _names(words: list[_Word]) -> Iterator[str]:
    """What is written as names are, and what is no plain word: in the order of the text, for that may be a way."""
    for word in words:
        if any(map(str.isdigit, word.text)):
            if not _NUMBER.fullmatch(word.text) or (any(map(str.isalpha, word.text)) and not _is_quantity(word.plain)):
                yield word.plain
        elif _SYMBOLS.search(word.text):
            yield from () if word.text in UNITS else (word.plain,)
        elif word.text != "I" and any(map(str.isupper, word.text)) and not _is_plain(word):
            yield word.plain


def _is_plain(word: _Word) -> bool:
    shouted = len(word.text) > 1 and any(map(str.isupper, word.text[1:]))
    plain = word.plain.replace("'", "")
    if word.plain in PLAIN or plain in PLAIN or plain in NEGATIONS or word.plain in UNITS or word.plain in NUMBERS:
        return not (shouted and word.text.isupper() and len(word.text) > 3 and plain not in PLAIN)
    return stem(word.plain) in MEANINGS and not shouted


def _is_quantity(plain: str) -> bool:
    found = _NUMBER.fullmatch(plain)
    return found is not None and (not found[3] or found[3].strip("-") in UNITS or bool(_THIRDS.fullmatch(found[3])))


def _numbers(words: list[_Word]) -> Iterator[str]:
    """Each with the unit that it stands with, in the order of the text."""
    for index, word in enumerate(words):
        following = words[index + 1].plain if index + 1 < len(words) else ""
        if word.plain in NUMBERS:
            yield f"{NUMBERS[word.plain]} {UNITS.get(following, '')}"
        elif any(map(str.isdigit, word.text)) and (found := _NUMBER.fullmatch(word.plain)) and _is_quantity(word.plain):
            unit = found[1] or ("" if _THIRDS.fullmatch(found[3]) else found[3].strip("-")) or following
            yield f"{_digits(found[2])} {UNITS.get(unit, '')}"


def _counts(word: _Word) -> bool:
    """Whether it is a number: then the unit behind it is told with it."""
    return word.plain in NUMBERS or _is_quantity(word.plain)


def _digits(written: str) -> str:
    """As it counts: 1,000 is 1000, and any script's digits are digits."""
    plain = "".join(str(unicodedata.decimal(one, one)) for one in written.rstrip(".,:/-"))
    return re.sub(r",(?=\d{3}(?:\D|$))", "", plain)


def _meanings(words: list[_Word]) -> Iterator[str]:
    """Words that have an opposite, units, and particles where they decide."""
    particles: frozenset[str] = frozenset()
    since_verb = 0
    for index, word in enumerate(words):
        yield from (f"word:{meaning}" for meaning in MEANINGS.get(stem(word.plain), ()))
        if word.plain in UNITS and len(word.plain) > _SHORT and not (index and _counts(words[index - 1])):
            yield f"unit:{UNITS[word.plain]}"
        if word.plain in GLUED:
            yield f"way:{GLUED[word.plain]}"
        elif word.plain == "off" or (word.plain in particles and since_verb < _PHRASE):
            yield f"way:{word.plain}"
        elif is_turned(word.plain):
            yield f"word:{stem(word.plain)}"
        verb = word.plain if word.plain in PHRASAL else stem(word.plain)
        particles, since_verb = (PHRASAL[verb], 0) if verb in PHRASAL else (particles, since_verb + 1)
        if word.text in ("May", "March") and not (word.first and word.text == "May"):
            yield f"word:{word.plain}"


def _directions(words: list[_Word]) -> Iterator[str]:
    """Where something goes to, or what it is measured by. Of names, their order tells."""
    behind = {"than", "versus", "vs"}
    for index, word in enumerate(words):
        if word.plain in behind:
            goal = next((later for later in words[index + 1 : index + 1 + _PHRASE] if later.plain not in PLAIN), None)
            if goal is not None and not any(map(str.isupper, goal.text)):
                yield f"{'than' if word.plain in _BESIDE else 'to'}:{stem(goal.plain)}"
        forms = {word.plain, stem(word.plain)}
        behind |= {"to", "into"} if forms & TURNS or word.plain == "from" else set()
        behind |= {"in"} if forms & RENDERS else set()


def _asked(words: list[_Word]) -> Iterator[str]:
    """What kind of answer is wanted: a person, a time, a place, a reason, so many, so much."""
    for index, word in enumerate(words):
        following = words[index + 1].plain if index + 1 < len(words) else ""
        asks = word.first or words[index - 1].plain in PLAIN or words[index - 1].plain in ASKING
        if word.plain in QUESTIONS and asks:
            yield f"asked:{QUESTIONS[word.plain]}"
        elif word.plain in ("what", "which") and following in TIMES:
            yield "asked:when"
        elif word.plain == "how" and following and following not in PLAIN:
            yield f"asked:how {following}"


def _is_negation(plain: str) -> bool:
    return plain in NEGATIONS or plain.endswith("n't") or plain.replace("'", "") in NEGATIONS
