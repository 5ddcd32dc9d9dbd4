"""Words to spans: how names and addresses are put together from what a model says of each word.

The model tells given names, surnames and the parts of addresses. A person asks for a whole name, and a whole address.
What the rules add was seen to go wrong in texts: e-mail addresses, domains and card numbers read as names, firms named
after people, names read as the first line of the address that follows them, streets named after people, and the ends
of all of them lost.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from guardrails.classifiers.addresses import address_of, is_street, joined, military, name_before, reads_as_name
from guardrails.classifiers.classifier import Span
from guardrails.classifiers.firms import without_firms
from guardrails.classifiers.persons import person_of, same_name
from guardrails.classifiers.word import ADDRESS, CITY, PERSON, STREET, Word
from guardrails.titles import parted, titled

LABELS = (PERSON, ADDRESS, CITY)
_MOST_WORDS = 32  # of one name or address: texts of nothing else would be searched once for each
_NAMES = 64  # so many different names of a text are looked for again
_REACH = 64  # characters: how far around a word its form is looked at
_DELIMITERS = frozenset(" \t\n\r,;\"'<>()[]{}|")
_TECHNICAL = re.compile(r"@|://|^[a-z]+[A-Z]|^www\.|[\w-]\.[a-z]{2,}(?:$|[/:?])|_|\\|^\d{1,2}(?::\d\d)?[ap]m$")
# As long as a card's, or an IBAN.
_NUMBER = re.compile(r"\d(?:[ -]?\d){11,}|\b[A-Z]{2}\d\d(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b")


def spans_of(text: str, words: Sequence[Word]) -> list[Span]:
    """The spans that ``words`` (in order) make, none of which overlap. The score is the mean of what the model gives
    for each word."""
    plain = [word for word in words if not _is_technical(text, word)]
    hints = {word.start: word for word in plain if not word.label}
    said = list(_set_right(text, (word for word in plain if word.label)))
    made = (person_of(text, group, hints) if group[0].label == PERSON else address_of(text, group, hints)
            for group in without_firms(text, list(_groups(text, said))))
    found = _apart(text, [*military(text), *(span for span in made if span is not None)])
    return sorted([*found, *_again(text, found)], key=lambda span: (span.start, span.end))


def _is_technical(text: str, word: Word) -> bool:
    """Whether it stands in an e-mail address, a URL, a file's name, a time, or a number as long as a card's."""
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
    if len(group) == _MOST_WORDS:
        return False
    return same_name(text, group[-1], word) if word.label == PERSON else joined(text, group, word)


def _set_right(text: str, words: Iterable[Word]) -> Iterator[Word]:
    """Names that are read as parts of an address, and streets that are read as names, with the right label."""
    groups = list(_groups(text, words))
    before: Word | None = None
    for group, following in zip(groups, [*groups, None][1:], strict=True):
        if group[0].label == PERSON:
            street = is_street(text, group)
            right = [word._replace(label=ADDRESS, part=STREET) for word in group] if street else group
        else:
            after = _is_beside(text, before, group[0])
            beside = after or _is_beside(text, following[0] if following else None, group[-1])
            count = name_before(text, group, after) or (len(group) if _is_name(text, group, beside) else 0)
            right = [*(_as_person(word) for word in group[:count]), *group[count:]]
        yield from right
        before = right[-1]


def _is_beside(text: str, person: Word | None, word: Word) -> bool:
    """Whether ``word`` would be of one name with ``person``, its neighbour."""
    return person is not None and person.label == PERSON and same_name(text, *sorted((person, word)))


def _is_name(text: str, group: Sequence[Word], beside: bool) -> bool:
    address = address_of(text, group, {})
    return (beside or len(group) > 1) and (address is None or address.label == CITY) and reads_as_name(text, group)


def _as_person(word: Word) -> Word:
    return word._replace(label=PERSON, part="", score=word.person + word.place)


def _apart(text: str, spans: Sequence[Span]) -> list[Span]:
    """Where two overlap, the one that begins first, and what is left of the other; of those that begin together, the
    longer."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        taken = found[-1].end if found else 0
        if span.end > taken:
            start = max(span.start, taken)
            blank = len(text[start : span.end]) - len(text[start : span.end].lstrip(" ,\n"))
            found.append(span._replace(start=start + blank))
    return found


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
