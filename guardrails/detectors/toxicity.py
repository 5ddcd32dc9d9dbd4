"""Toxicity, by the small model in the worker: hate, harassment, sexual content, violence, self-harm."""

from collections.abc import Mapping

from guardrails.finding import Finding
from guardrails.passage import Passage
from guardrails.scores.fast import FastScores
from guardrails.scores.scores import LABELS

# Below, a category is not told: nobody blocks there, and five findings for each text would be four too many.
LEAST = 0.05
# Of what came before a stretch of a reply, so much is read with it.
CONTEXT = 160


class Toxicity:
    """Scores a prompt's passages, and a reply's stretches: each for itself, and with the end of what came before."""

    name = "toxicity"
    labels = tuple(sorted(LABELS.values()))

    def __init__(self, scores: FastScores) -> None:
        self._scores = scores

    def read(self, passage: Passage) -> list[Finding]:
        return findings(self.name, self._scores.of(passage.text).toxicity)

    def judge(self, context: str, stretch: str) -> list[Finding]:
        alone = self._scores.of(stretch).toxicity
        if not context:
            return findings(self.name, alone)
        together = self._scores.of(context[-CONTEXT:] + stretch).toxicity
        return findings(self.name, {label: max(score, together[label]) for label, score in alone.items()})


def findings(name: str, scores: Mapping[str, float]) -> list[Finding]:
    """The highest score always, so that thresholds can be chosen from it; others where they say something."""
    most = max(scores.values())
    return [Finding(name, label, 0, 0, round(score, 5)) for label, score in sorted(scores.items())
            if score == most or score >= LEAST]
