"""Checkpoints that judge a text as a whole: the score of a label is the highest of all windows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.labels import Labels
from guardrails.classifiers.tokens import Piece, Tokens
from guardrails.classifiers.window import Window

if TYPE_CHECKING:
    import numpy as np

# Below, a label is not told; the likeliest always is, so that thresholds can be chosen from its scores.
LEAST = 0.005


class Model(Protocol):
    def run(self, *, input_ids: "np.ndarray[Any, Any]", attention_mask: "np.ndarray[Any, Any]",
            token_type_ids: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """The logits: a row for each window, and for models of tokens for each token of it."""


class SequenceClassifier:
    def __init__(self, name: str, tokens: Tokens, model: Model, labels: Labels, batching: Batching,
                 described: Mapping[str, Any]) -> None:
        self.name = name
        self.batching = batching
        self.described = described
        self._tokens = tokens
        self._model = model
        self._labels = labels
        self._places = labels.places()

    def cut(self, text: str) -> Cut:
        return self._tokens.cut(text)

    def read(self, pieces: Sequence[Piece]) -> list[list[float]]:
        """For each window the scores of the names."""
        import numpy as np

        ids, mask = self._tokens.together(pieces)
        logits = self._model.run(input_ids=ids, attention_mask=mask, token_type_ids=np.zeros_like(ids))
        shares = 1 / (1 + np.exp(-np.clip(logits, -60, 60))) if self._labels.independent else shared(logits)
        return [self._named(row) for row in shares.tolist()]

    def _named(self, shares: Sequence[float]) -> list[float]:
        """Labels of one name add up where they share one probability; else the highest counts."""
        found: list[list[float]] = [[] for _ in self._labels.names]
        for place, share in zip(self._places, shares, strict=True):
            if place >= 0:
                found[place].append(share)
        return [max(one) if self._labels.independent else min(1.0, sum(one)) for one in found]

    def conclude(self, text: str, windows: Sequence[Window], readings: Sequence[list[float]]) -> list[Span]:
        scores = [max(column) for column in zip(*readings, strict=True)]
        most = max(scores, default=0.0)
        told = zip(self._labels.names, scores, strict=True)
        return [Span(name, 0, len(text), round(score, 5)) for name, score in told if score == most or score >= LEAST]


def shared(logits: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Softmax, over the last axis."""
    import numpy as np

    raised = np.exp(logits - logits.max(-1, keepdims=True))
    found: np.ndarray[Any, Any] = raised / raised.sum(-1, keepdims=True)
    return found
