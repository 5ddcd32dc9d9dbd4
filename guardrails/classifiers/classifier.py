"""What a classifier is: a learned model that reads a text in windows. None of it runs on an event loop."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from guardrails.classifiers.window import Window


class Span(NamedTuple):
    """``start`` and ``end`` are characters of the text; all of it where it is about the whole."""

    label: str
    start: int
    end: int
    score: float


class Vector(NamedTuple):
    """A text as ``values``: little-endian float32, of length one together; none where the text is not one for this
    model, for want of words or because it is too long. ``mark`` tells which model made it."""

    mark: bytes
    values: bytes


class ClassifierAway(Exception):
    """There is no classifier process just now, or it could not read."""


class Cut(NamedTuple):
    """A text, ready to be read: its windows, what is read of each, and how much that is (in tokens, or in characters,
    as the classifier counts)."""

    windows: Sequence[Window]
    pieces: Sequence[Any]
    sizes: Sequence[int]


class Batching(NamedTuple):
    """What is read at once, at most: so many windows, so much in all. ``slack``: two windows that differ in size by
    less never stand in each other's way."""

    windows: int
    size: int
    slack: int


class Classifier(Protocol):
    """Reads many windows at once, and says of each text what all its windows together mean.

    Several threads may use it at the same time. What ``read`` gives for a window is the classifier's own affair.
    """

    name: str
    batching: Batching

    def cut(self, text: str) -> Cut:
        """No windows where there is nothing to read."""

    def read(self, pieces: Sequence[Any]) -> Sequence[Any]:
        """One reading for each piece."""

    def conclude(self, text: str, windows: Sequence[Window], readings: Sequence[Any]) -> Any:
        """Spans; or what ``Compares`` makes them of."""


class Compares(Protocol):
    """A classifier that tells how near a text is to others, which the question brings along."""

    def compare(self, length: int, concluded: Any, others: Mapping[str, Sequence[Any]]) -> list[Span]:
        """``concluded`` of a text of ``length`` characters against those of ``others``, by label."""
