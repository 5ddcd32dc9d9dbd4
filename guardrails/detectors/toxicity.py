"""Toxicity, by the small model in the worker: hate, harassment, sexual content, violence, self-harm."""

from collections.abc import Mapping

from guardrails.finding import Finding
from guardrails.passage import Passage, Role
from guardrails.scores.fast import FastScores
from guardrails.scores.scores import LABELS, worth_telling

# Of what came before a stretch of a reply, so much is read with it.
CONTEXT = 160
# What the application itself has written says what others must not say.
_UNREAD: frozenset[Role] = frozenset({"system", "definition"})


class Toxicity:
    """Scores a prompt's passages, and a reply's stretches: each for itself, and with the end of what came before."""

    name = "toxicity"
    labels = tuple(sorted(LABELS.values()))

    def __init__(self, scores: FastScores) -> None:
        self._scores = scores

    def read(self, passage: Passage) -> list[Finding]:
        return [] if passage.role in _UNREAD else _findings(self._scores.of(passage.text).toxicity, len(passage.text))

    def judge(self, context: str, stretch: str) -> list[Finding]:
        alone = self._scores.of(stretch).toxicity
        if not context:
            return _findings(alone, len(stretch))
        together = self._scores.of(context[-CONTEXT:] + stretch).toxicity
        return _findings({label: max(score, together[label]) for label, score in alone.items()}, len(stretch))


def _findings(scores: Mapping[str, float], length: int) -> list[Finding]:
    """About all of the text."""
    return [Finding(Toxicity.name, label, 0, length, score) for label, score in worth_telling(scores)]
