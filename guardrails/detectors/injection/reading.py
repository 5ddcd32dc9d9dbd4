"""Reading: what rules see in normal text, and how much of it the context takes back.

A search finds where words stand that any rule needs; only the surroundings of those are read word by word.
"""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

import re2

from guardrails.detectors.injection.context import Context
from guardrails.detectors.injection.lexicon import COLON, JOINED, OTHER, QUOTE, SENTENCE, SOFT, Lexicon
from guardrails.detectors.injection.markers import MARKERS
from guardrails.detectors.injection.meanings import COMMON
from guardrails.detectors.injection.rules import RULES, compiled, needed

# Characters that are read before and behind a word that a rule needs, and at most at once.
_BEFORE, _BEHIND, _AT_ONCE = 120, 200, 4000
# An attack that says it so many times over needs no further reading.
_ENOUGH = 32
_PUNCTUATION = {**dict.fromkeys(".!?;|", SENTENCE), ":": COLON, **dict.fromkeys(",-()[]{}<>*#/\\=>~", SOFT),
                **dict.fromkeys("\"'`", QUOTE), "_": JOINED, "\n": SOFT}
_FIRST_CJK = "\u2e80"


class Signal(NamedTuple):
    """What a rule has seen, at offsets of the normal text; ``left`` is what the context leaves of its score, 0 to 1."""

    rule: int
    label: str
    score: float
    strict: float
    start: int
    end: int
    left: float


class Reading:
    """All rules, ready. Immutable. ``shapes`` are to be looked for (RE2) before anything is read."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._context = Context(lexicon)
        self._marks = {**lexicon.marks, **_PUNCTUATION}
        self._rules = [(rule, compiled(rule.shape, lexicon), needed(rule.shape, lexicon)) for rule in RULES]
        self._markers = [re2.compile(marker.regex) for marker in MARKERS]
        self._token = re.compile(_token(lexicon))
        rare = {word for rule in RULES for word in lexicon.words(*rule.by.split())} - set(COMMON.split())
        latin = rf"\b(?:{'|'.join(re2.escape(word) for word in sorted(rare) if word.isascii())})\b"
        other = "|".join(re2.escape(word) for word in sorted(rare) if not word.isascii())
        self._rare = re2.compile(f"{latin}|{other}")
        self._by_mark: dict[str, set[int]] = {}
        for number, rule in enumerate(RULES):
            for word in rare.intersection(lexicon.words(*rule.by.split())):
                self._by_mark.setdefault(lexicon.marks[word], set()).add(number)
        self.shapes = (latin, other, *(marker.hint or marker.regex for marker in MARKERS))

    def signals(self, text: str, hits: Collection[int]) -> list[Signal]:
        """Everything seen in ``text``, which is normal, and in which ``hits`` of ``shapes`` occur."""
        data = text.encode("utf-8", "replace")
        searched = data if len(data) == len(text) else text  # in ASCII, offsets in bytes are those of characters
        found = [signal for hit in sorted(hits) if hit > 1 for signal in self._marked(hit - 2, text, searched)]
        if 0 in hits or 1 in hits:
            sure = 0
            for start, end in self._surroundings(searched):
                signals = list(self._read(text, start, end))
                found += signals
                sure += sum(signal.score * signal.left >= 0.5 for signal in signals)
                if sure > _ENOUGH:
                    break
        return found

    def _marked(self, number: int, text: str, searched: str | bytes) -> Iterator[Signal]:
        label, score, strict, *_ = MARKERS[number]
        for match in self._markers[number].finditer(searched):
            before = text[max(0, match.start() - _BEFORE) : match.start()]
            marks = "".join(map(self._mark, self._token.findall(before)))
            left = self._context.left(marks, len(marks), len(marks))
            yield Signal(-1 - number, label, score, strict, match.start(), match.end(), left)

    def _surroundings(self, searched: str | bytes) -> Iterator[tuple[int, int]]:
        """The stretches around words that rules need, apart from each other."""
        first = last = 0
        for match in self._rare.finditer(searched):
            start, end = max(0, match.start() - _BEFORE), match.end() + _BEHIND
            if last and (start > last or end - first > _AT_ONCE):
                yield first, last
                last = 0
            first, last = first if last else start, end
        if last:
            yield first, last

    def _mark(self, token: str) -> str:
        if token[0] == "\n":
            return SENTENCE if len(token) > 1 else SOFT
        return self._marks.get(token, OTHER)

    def _read(self, text: str, start: int, end: int) -> Iterator[Signal]:
        while start and text[start - 1].isalnum() and text[start].isalnum() and text[start] < _FIRST_CJK:
            start -= 1  # to where the word begins
        stretch = text[start:end]
        marks = "".join(map(self._mark, self._token.findall(stretch)))
        places: list[tuple[int, int]] = []
        present = set(marks)
        for number in sorted(set().union(*(self._by_mark.get(mark, ()) for mark in present))):
            rule, shape, needs = self._rules[number]
            if any(need.isdisjoint(present) for need in needs):
                continue
            for match in shape.finditer(marks):
                places = places or [token.span() for token in self._token.finditer(stretch)]
                left = self._context.left(marks, *match.span()) * self._context.aimed(marks, *match.span(), rule.label)
                yield Signal(number, rule.label, rule.score, rule.strict, places[match.start()][0] + start,
                             places[match.end() - 1][1] + start, left)


def _token(lexicon: Lexicon) -> str:
    """Words, signs and ends of lines; in scripts without blanks known words, and else single characters."""
    unspaced = sorted((word for word in lexicon.marks if word[0] >= _FIRST_CJK), key=len, reverse=True)
    return rf"[^\W_\u3040-\u9fff]+(?:'[^\W_]{{1,2}}\b)?|[^\w\s]|_|\n\s*\n|\n|{'|'.join(unspaced)}|[\u3040-\u9fff]"
