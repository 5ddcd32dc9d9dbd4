"""Context: whether words that would be an attack are one, or are quoted, denied, told or talked about."""

import re

from guardrails.detectors.injection.labels import EXTRACTION, INDIRECT, OVERRIDE
from guardrails.detectors.injection.lexicon import COLON, JOINED, QUOTE, SENTENCE, Lexicon

# How many marks before a signal and behind it are looked at.
_BEFORE, _BEHIND = 14, 5


class Context:
    """Judges marks around a signal. What it takes, it takes as a factor: much remains where much was."""

    def __init__(self, lexicon: Lexicon) -> None:
        having = lexicon.having
        self._talk = re.compile(f"[{having('asking', 'writing', 'attack')}]")
        others, narrator, you = having("others"), having("narrator"), having("you")
        self._told = re.compile(f"[{others}][^{you}]{{0,4}}$|[{narrator}][^{you}]{{0,3}}$|[{having('my')}].{{0,2}}$")
        self._addressed = frozenset(having("your"))
        self._not = frozenset(having("not"))
        self._mine, self._your = frozenset(having("my")), frozenset(having("your", "you"))
        self._article, self._belongs = frozenset(having("article")), frozenset(having("belongs"))
        self._only = frozenset(having("only", "priority", "higher"))
        self._model = frozenset(having("your", "you", "above", "machine", "prompt", "told", "maker"))

    def left(self, marks: str, start: int, end: int) -> float:
        """What the words before ``start`` leave of what is from there to ``end``; less where it addresses nobody."""
        before = marks[max(0, start - _BEFORE) : start]
        sentence = before[before.rfind(SENTENCE) + 1 :]
        clause = sentence[sentence.rfind(COLON) + 1 :]
        addressed = not self._addressed.isdisjoint(marks[start:end])
        left = 1.0
        if sentence.count(QUOTE) % 2 and (start > _BEFORE or before.find(QUOTE) > 0):
            left *= 0.4
        if not self._not.isdisjoint(clause[-2:]):
            left *= 0.3
        talk = len(self._talk.findall(sentence))
        if talk:
            left *= (0.75 if talk < 2 else 0.5) if addressed else (0.5 if talk < 2 else 0.3)
        if self._told.search(clause):
            left *= 0.4
        return left

    def aimed(self, marks: str, start: int, end: int, label: str) -> float:
        """What is left as far as it is not the model's own rules that are meant, or a name in a program."""
        found = marks[start:end]
        left = 0.5 if QUOTE in found else 1.0
        if marks[end : end + 1] == JOINED or (start and marks[start - 1] == JOINED):
            left *= 0.3
        owned = label in (OVERRIDE, EXTRACTION) and self._owned(found, marks[end : end + _BEHIND])
        denied = label == INDIRECT and not self._not.isdisjoint(found)
        return left * 0.4 if owned or denied else left

    def _owned(self, found: str, behind: str) -> bool:
        """Whether the rules are somebody's or something's: "the rules of chess", "my last letter"."""
        if not self._your.isdisjoint(found):
            return False
        if not self._mine.isdisjoint(found[:-1]) and self._only.isdisjoint(found):
            return True
        if not self._article.isdisjoint(found):
            return True
        return behind[:1] in self._belongs and self._model.isdisjoint(behind)
