"""What a classifier is: a learned model that reads a text in windows. None of it runs on an event loop."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from guardrails.classifiers.window import Window


class Span(NamedTuple):
    """``start`` and ``end`` are characters of the text; both 0 where it is about the whole of it."""

    label: str
    start: int
    end: int
    score: float


class ClassifierAway(Exception):
    """There is no classifier process just now, or it could not read."""


class Classifier(Protocol):
    """Reads many windows at once, and says of each text what all its windows together mean.

    What ``read`` gives for a window is the classifier's own affair.
    """

    name: str

    def windows(self, text: str) -> list[Window]: ...

    def read(self, pieces: Sequence[str]) -> Sequence[Any]:
        """One reading for each piece."""

    def conclude(self, text: str, windows: Sequence[Window], readings: Sequence[Any]) -> list[Span]: ...
