"""A classifier that does what a test says: it finds X wherever it stands."""

import threading
from collections.abc import Mapping, Sequence

from guardrails.classifiers.classifier import Batching, Cut, Span
from guardrails.classifiers.window import Window, windows_of


class Scripted:
    """``gate`` holds it in the midst of a batch while it is cleared."""

    batching = Batching(windows=16, size=1920, slack=16)

    def __init__(self, name: str = "scripted") -> None:
        self.name = name
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def cut(self, text: str) -> Cut:
        windows = windows_of(text)
        pieces = [text[window.start : window.end] for window in windows]
        return Cut(windows, pieces, [len(piece) for piece in pieces])

    def read(self, pieces: Sequence[str]) -> list[list[int]]:
        self.batches.append(list(pieces))
        self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return [[at for at, letter in enumerate(piece) if letter == "X"] for piece in pieces]

    def conclude(self, text: str, windows: Sequence[Window], readings: Sequence[list[int]]) -> list[Span]:
        found = {window.start + at for window, reading in zip(windows, readings, strict=True) for at in reading
                 if window.first <= window.start + at < window.last}
        return [Span("X", at, at + 1, 1.0) for at in sorted(found)]

    def compare(self, length: int, concluded: list[Span], others: Mapping[str, Sequence[list[Span]]]) -> list[Span]:
        """What it found; and beside other texts, of each of their labels as much as they have Xs in common."""
        if not others:
            return concluded
        return [Span(label, 0, length, float(min(len(concluded), *map(len, found)))) for label, found in others.items()]

    @property
    def read_pieces(self) -> list[str]:
        return [piece for batch in self.batches for piece in batch]
