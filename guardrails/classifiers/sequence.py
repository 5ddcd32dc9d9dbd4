"""Checkpoints that judge a text as a whole: the score of a label is the highest of all windows."""

from collections.abc import Sequence

from guardrails.classifiers.checkpoint_reader import CheckpointReader, shared
from guardrails.classifiers.classifier import Span
from guardrails.classifiers.tokens import Piece
from guardrails.classifiers.window import Window

# Below, a label is not told; the likeliest always is, so that thresholds can be chosen from its scores.
LEAST = 0.005


class SequenceClassifier(CheckpointReader):
    """Says of a text how likely each label is."""

    def read(self, pieces: Sequence[Piece]) -> list[list[float]]:
        """For each window the scores of the names."""
        import numpy as np

        logits = self._logits(pieces)
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
