"""What a detector is, as one is told: its kinds and the labels that it can give."""

from collections.abc import Sequence
from typing import Literal

from guardrails.patterns.pattern import Pattern

Kind = Literal["pattern", "reader", "slow", "judge", "watcher"]
_KINDS: tuple[tuple[str, Kind], ...] = (("patterns", "pattern"), ("read", "reader"), ("read_all", "slow"),
                                      ("judge", "judge"), ("watch", "watcher"))


def kinds_of(detector: object) -> list[Kind]:
    """A detector may be of several kinds."""
    return [kind for attribute, kind in _KINDS if hasattr(detector, attribute)]


def labels_of(detector: object) -> list[str]:
    """Those of its patterns, and what it says of itself in ``labels``: a reader or watcher has no other way."""
    patterns: Sequence[Pattern] = getattr(detector, "patterns", ())
    return sorted({*(pattern.label for pattern in patterns), *getattr(detector, "labels", ())})
