"""A classifier that does what a test says: it finds X wherever it stands."""

import threading
from collections.abc import Sequence

from guardrails.classifiers.classifier import Span
from guardrails.classifiers.window import Window, windows_of


class Scripted:
    """``gate`` holds it in the midst of a batch while it is cleared."""

    name = "scripted"

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def windows(self, text: str) -> list[Window]:
        return windows_of(text)

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

    @property
    def read_pieces(self) -> list[str]:
        return [piece for batch in self.batches for piece in batch]
