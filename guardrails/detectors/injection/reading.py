"""Reading: what rules see in normal text, and how much of it the context takes back.

A search finds where words stand that any rule needs; only the surroundings of those are read word by word.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import re2

from guardrails.detectors.injection.lexicon import COLON, COMMON, JOINED, OTHER, QUOTE, SENTENCE, SOFT, Lexicon
from guardrails.detectors.injection.rules import EXTRACTION, MARKERS, OVERRIDE, RULES, compiled

# Characters that are read before and behind a word that a rule needs.
_BEFORE, _BEHIND = 120, 200
# How many marks before a signal its context is looked for in.
_CONTEXT = 14
_PUNCTUATION = {**dict.fromkeys(".!?;|", SENTENCE), ":": COLON, **dict.fromkeys(",-()[]{}<>*#/\\=>~", SOFT), **dict.fromkeys("\"'`", QUOTE),
                "_": JOINED, "\n": SOFT}


class Signal(NamedTuple):
    """What a rule has seen, at offsets of the normal text; ``doubt`` in 0..1 is what the context leaves of its score."""

    rule: int
    label: str
    score: float
    strict: float
    start: int
    end: int
    doubt: float


class Reading:
    """All rules, ready. Immutable."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._marks = {**lexicon.marks, **_PUNCTUATION}
        self._rules = [(number, rule, compiled(rule.shape, lexicon)) for number, rule in enumerate(RULES)]
        common = set(COMMON.split())
        self._looked: dict[str, list[int]] = {}  # by mark, the rules that may begin to be looked for there
        for number, rule in enumerate(RULES):
            for mark in {lexicon.marks[word] for word in lexicon.words(*rule.by.split()) if word not in common}:
                self._looked.setdefault(mark, []).append(number)
        self._markers = [re2.compile(regex) for *_, regex in MARKERS]
        self._talk = re.compile(f"[{lexicon.having('asking')}{lexicon.having('writing')}{lexicon.having('attack')}]")
        others, narrator, mine = lexicon.having("others"), lexicon.having("narrator"), lexicon.having("my")
        self._told = re.compile(f"[{others}][^{lexicon.having('you')}]{{0,4}}$|[{narrator}][^{lexicon.having('you')}]{{0,3}}$"
                                f"|[{mine}].{{0,2}}$")
        self._mine, self._your = frozenset(mine), frozenset(lexicon.having("your"))
        self._only = frozenset(lexicon.having("only") + lexicon.having("priority") + lexicon.having("higher"))
        self._article = frozenset(lexicon.having("article"))
        self._belongs = frozenset(lexicon.having("belongs"))
        self._model = frozenset("".join(map(lexicon.having, ("your", "you", "above", "machine", "prompt", "told", "maker"))))
        self._not = frozenset(lexicon.having("not"))
        others = sorted((word for word in lexicon.marks if not word.isascii()), key=len, reverse=True)
        han = "|".join(word for word in others if ord(word[0]) > 0x2E80)
        self._token = re.compile(rf"{han}|[\u3040-\u9fff]|[^\W_\u3040-\u9fff]+(?:'[^\W_]{{1,2}}\b)?|[^\w\s]|_|\n\s*\n|\n")
        wanted = sorted({word for rule in RULES for word in lexicon.words(*rule.by.split())} - set(COMMON.split()))
        ascii_words = "|".join(re2.escape(word) for word in wanted if word.isascii())
        other_words = "|".join(re2.escape(word) for word in wanted if not word.isascii())
        self._trigger = re2.compile(rf"\b(?:{ascii_words})\b|{other_words}")
        self._set = re2.Set.SearchSet()
        for pattern in (rf"\b(?:{ascii_words})\b", other_words, *(regex for *_, regex in MARKERS)):
            self._set.Add(pattern)
        self._set.Compile()

    def signals(self, text: str) -> list[Signal]:
        """Everything seen in ``text``, which is normal."""
        data = text.encode("utf-8", "replace")
        hits = self._set.Match(data)
        if not hits:
            return []
        found: list[Signal] = []
        for hit in hits:
            if hit > 1:
                found.extend(self._marked(hit - 2, text))
        if 0 in hits or 1 in hits:
            for start, end in self._surroundings(text):
                found.extend(self._read(text, start, end))
        return found

    def _marked(self, number: int, text: str) -> Iterator[Signal]:
        label, score, strict, _ = MARKERS[number]
        for match in self._markers[number].finditer(text):
            start = max(0, match.start() - _BEFORE)
            marks = "".join(map(self._mark, self._token.findall(text[start : match.start()])))
            yield Signal(-1 - number, label, score, strict, *match.span(), self._doubt(marks, len(marks), len(marks)))

    def _surroundings(self, text: str) -> Iterator[tuple[int, int]]:
        """The stretches around words that rules need, whole words, apart from each other."""
        first = last = 0
        for match in self._trigger.finditer(text):
            start, end = max(0, match.start() - _BEFORE), match.end() + _BEHIND
            if start <= last and last:
                last = end
                continue
            if last:
                yield first, last
            first, last = start, end
        if last:
            yield first, last

    def _mark(self, token: str) -> str:
        if token[0] == "\n":
            return SENTENCE if len(token) > 1 else SOFT
        return self._marks.get(token, OTHER)

    def _read(self, text: str, start: int, end: int) -> Iterator[Signal]:
        while 0 < start and text[start - 1].isalnum() and text[start].isalnum() and text[start] < "\u3040":
            start -= 1
        stretch = text[start:end]
        marks = "".join(map(self._mark, self._token.findall(stretch)))
        places: list[tuple[int, int]] | None = None
        wanted = sorted({number for mark in set(marks) for number in self._looked.get(mark, ())})
        for number, rule, shape in map(self._rules.__getitem__, wanted):
            for match in shape.finditer(marks):
                if places is None:
                    places = [token.span() for token in self._token.finditer(stretch)]
                first, last = places[match.start()][0] + start, places[match.end() - 1][1] + start
                doubt = self._doubt(marks, match.start(), match.end())
                if rule.label in (OVERRIDE, EXTRACTION) and self._owned(marks, match.start(), match.end()):
                    doubt *= 0.4
                if QUOTE in match[0]:
                    doubt *= 0.5
                yield Signal(number, rule.label, rule.score, rule.strict, first, last, doubt)

    def _owned(self, marks: str, start: int, end: int) -> bool:
        """Whether the rules that are to be set aside are somebody's or something's, not the model's."""
        found, behind = marks[start:end], marks[end : end + 5]
        if any(mark in self._your for mark in found):
            return False
        if any(mark in self._mine for mark in found[:-1]) and not any(mark in self._only for mark in found):
            return True
        if any(mark in self._article for mark in found):
            return True
        return behind[:1] in self._belongs and behind != "" and not any(mark in self._model for mark in behind)

    def _doubt(self, marks: str, start: int, end: int) -> float:
        """What the words before a signal leave of its score: quoting, negation and talk about it take from it."""
        before = marks[max(0, start - _CONTEXT) : start]
        sentence = before[before.rfind(SENTENCE) + 1 :]
        left = 1.0
        clause = sentence[sentence.rfind(COLON) + 1 :]
        if sentence.count(QUOTE) % 2 and (start > _CONTEXT or before.find(QUOTE) > 0):
            left *= 0.4
        if any(mark in self._not for mark in clause[-2:]):
            left *= 0.3
        talk = len(self._talk.findall(sentence))
        if talk:
            left *= 0.5 if talk < 2 else 0.3
        if self._told.search(clause):
            left *= 0.4
        if end < len(marks) and marks[end] == JOINED or start and marks[start - 1] == JOINED:
            left *= 0.3
        return left
