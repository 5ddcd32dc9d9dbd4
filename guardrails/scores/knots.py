"""Knots: from what a model gives to a score that means the same for every model."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise


class Knots:
    """A monotone line through points (logit, score), level beyond its ends.

    The points are chosen when a model is calibrated (``guardrails/training/calibration.py``): a score of 0.5 is the
    threshold that the model is shipped with.
    """

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        """Raises ValueError where the points do not rise."""
        if len(points) < 2 or any(one[0] >= other[0] or one[1] > other[1]
                                  for one, other in pairwise(points)):
            raise ValueError("knots are at least two points, and both of their numbers rise")
        self._logits = [float(logit) for logit, _ in points]
        self._scores = [float(score) for _, score in points]

    def score(self, logit: float) -> float:
        place = bisect_right(self._logits, logit)
        if place == 0:
            return self._scores[0]
        if place == len(self._logits):
            return self._scores[-1]
        low, high = self._logits[place - 1], self._logits[place]
        share = (logit - low) / (high - low)
        return self._scores[place - 1] + share * (self._scores[place] - self._scores[place - 1])
