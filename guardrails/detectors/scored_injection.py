"""Injection by heuristics and, beside them, by the small model in the worker."""

from collections.abc import Sequence

from guardrails.detectors.injection.injection import Injection
from guardrails.finding import Finding
from guardrails.passage import Passage, Role
from guardrails.patterns.pattern import Pattern
from guardrails.scores.fast import FastScores
from guardrails.scores.scores import INJECTION

# Orders are the application's to give: only what others may have written is scored.
_SCORED: frozenset[Role] = frozenset({"user", "tool", "document"})


class ScoredInjection:
    """What the heuristics find, and a finding with the model's score of the text."""

    name = Injection.name
    reach = Injection.reach
    labels = (INJECTION,)

    def __init__(self, heuristics: Injection, scores: FastScores) -> None:
        self.patterns: Sequence[Pattern] = heuristics.patterns
        self._heuristics = heuristics
        self._scores = scores

    def read(self, passage: Passage) -> list[Finding]:
        found = self._heuristics.read(passage)
        if passage.role in _SCORED:
            score = round(self._scores.of(passage.text).injection, 5)
            found.append(Finding(self.name, INJECTION, 0, len(passage.text), score))
        return found
