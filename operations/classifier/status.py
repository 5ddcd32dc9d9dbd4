"""What the classifier process says of itself: one datagram a second, and at once when something changes."""

from typing import Any

import msgspec

# Boundaries of the two histograms: windows of a batch, and seconds that it took.
BATCH_WINDOWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
BATCH_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def _zeros(boundaries: tuple[float, ...]) -> Any:
    return msgspec.field(default_factory=lambda: [0] * (len(boundaries) + 1))


class Counts(msgspec.Struct, kw_only=True):
    """What one classifier did since its process began. ``windows`` and ``seconds`` are sums over its batches, their
    counts by the boundaries above, one more for what is beyond them."""

    texts: int = 0
    remembered: int = 0  # of them
    failures: int = 0
    windows: int = 0
    window_counts: list[int] = _zeros(BATCH_WINDOWS)
    seconds: float = 0.0
    second_counts: list[int] = _zeros(BATCH_SECONDS)


class OneStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One classifier: loading, ready or broken; what waits for it, and what it did."""

    name: str
    state: str
    waiting_windows: int
    counts: Counts


class ClassifierStatus(msgspec.Struct, frozen=True, kw_only=True, tag="classifier", tag_field="of"):
    """The process's state at ``at`` (Unix seconds)."""

    process: str
    pid: int
    at: float
    classifiers: list[OneStatus]
