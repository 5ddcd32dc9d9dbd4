"""Words to spans: how names and addresses are put together from what a model says of each word.

The model tells given names, surnames and the parts of addresses. A person asks for a whole name, and a whole address.
What the rules add was seen to go wrong in texts: e-mail addresses, domains and card numbers read as names, names read as
the first line of the address that follows them, and both without their ends.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from guardrails.classifiers.addresses import address_of, is_street, joined, military, names_before, reads_as_name
from guardrails.classifiers.classifier import Span
from guardrails.classifiers.persons import person_of, same_name, without_firms, without_titles
from guardrails.classifiers.word import ADDRESS, CITY, PERSON, STREET, Word
from guardrails.titles import parted, titled

LABELS = (PERSON, ADDRESS, CITY)
_NAMES = 64  # so many different names of a text are looked for again
_REACH = 64  # characters: how far around a word its form is looked at
_DELIMITERS = frozenset(" \t\n\r,;\"'<>()[]{}|")
_TECHNICAL = re.compile(r"@|://|^[a-z]+[A-Z]|^www\.|[\w-]\.[a-z]{2,}(?:$|[/:?])|_|\\|^\d{1,2}(?::\d\d)?[ap]m$")
# As long as a card's, or an IBAN.
_NUMBER = re.compile(r"\d(?:[ -]?\d){11,}|\b[A-Z]{2}\d\d(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b")


def spans_of(text: str, words: Sequence[Word]) -> list[Span]:
    """The spans that ``words`` (in order) make. The score is the mean of what the model gives for each word."""
    plain = [word for word in words if not _is_technical(text, word)]
    hints = {word.start: word for word in plain if not word.label}
    said = _relabelled(text, without_titles(text, [word for word in plain if word.label]))
    found = list(military(text))
    for group in without_firms(text, list(_groups(text, said))):
        make = person_of if group[0].label == PERSON else address_of
        span = make(text, group, hints)
        if span is not None:
            found.append(span)
    found = _apart(found)
    return sorted([*found, *_again(text, found)], key=lambda span: (span.start, span.end))


def _relabelled(text: str, words: Sequence[Word]) -> list[Word]:
    """Names that are read as parts of an address, and parts of an address that are read as names, set right."""
    groups = list(_groups(text, words))
    found: list[Word] = []
    for number, group in enumerate(groups):
        following = groups[number + 1 : number + 2]
        if group[0].label == PERSON:
            street = is_street(text, group)
            found.extend(word._replace(label=ADDRESS, part=STREET) if street else word for word in group)
        elif (count := names_before(text, group)):
            found.extend(_as_persons(group[:count]))
            found.extend(group[count:])
        else:
            beside = (bool(found) and _is_beside(text, found[-1], group[0])) or (
                bool(following) and _is_beside(text, following[0][0], group[-1]))
            found.extend(_as_persons(group) if _is_name(text, group, beside) else group)
    return found


def _as_persons(group: Sequence[Word]) -> list[Word]:
    return [word._replace(label=PERSON, part="", score=word.person + word.place) for word in group]


def _is_beside(text: str, person: Word, word: Word) -> bool:
    first, second = sorted((person, word))
    return person.label == PERSON and same_name(text, first, second)


def _is_name(text: str, group: Sequence[Word], beside: bool) -> bool:
    address = address_of(text, group, {})
    return (address is None or address.label == CITY) and reads_as_name(text, group) and (beside or len(group) > 1)


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Spans that do not overlap: where a name's and an address's do, the address keeps what both have."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if found and span.start < found[-1].end:
            if span.label == PERSON or span.end <= found[-1].end:
                continue
            before = found[-1]
            if before.label == PERSON and before.start < span.start:
                continue
            found.pop()
        found.append(span)
    return found


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


def _groups(text: str, words: Iterable[Word]) -> Iterator[list[Word]]:
    group: list[Word] = []
    for word in words:
        if group and not (word.label == group[-1].label and _together(text, group, word)):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _together(text: str, group: Sequence[Word], word: Word) -> bool:
    return same_name(text, group[-1], word) if word.label == PERSON else joined(text, group[-1], word, group)


def _again(text: str, found: Sequence[Span]) -> Iterator[Span]:
    """Where whole names stand once more, and were not seen: a name that is hidden here and readable there is not
    hidden."""
    names: dict[str, float] = {}
    for span in found:
        name = parted(text[span.start : span.end])[1]
        if span.label == PERSON and " " in name and len(names) < _NAMES:
            names[name] = max(names.get(name, 0.0), span.score)
    taken = {at for span in found for at in range(span.start, span.end)} if names else set()
    for name, score in names.items():
        at = text.find(name)
        while at >= 0:
            end = at + len(name)
            if taken.isdisjoint(range(at, end)) and not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
                yield Span(PERSON, *titled(text, at, end), score)
            at = text.find(name, end)
