"""What the classifier process last said of itself."""

import time
from collections.abc import Callable, Sequence
from math import inf

from operations.classifier.status import ClassifierStatus, OneStatus

FRESH_SECONDS = 5.0


class Classifiers:
    """The classifiers that the settings load, and the newest word on each. A process that has been silent for five
    seconds is away; silence is measured on the monotonic clock."""

    def __init__(self, names: Sequence[str], wall: Callable[[], float] = time.time,
                 monotonic: Callable[[], float] = time.monotonic) -> None:
        self.names = list(names)
        self._wall = wall
        self._monotonic = monotonic
        self._newest: ClassifierStatus | None = None
        self._heard_at = -inf

    def note(self, status: ClassifierStatus) -> None:
        self._newest = status
        if abs(self._wall() - status.at) < FRESH_SECONDS:  # else it waited while this process was away
            self._heard_at = self._monotonic()

    def known(self) -> dict[str, OneStatus]:
        """The last word on each classifier, by name."""
        told = self._newest.classifiers if self._newest is not None else []
        return {one.name: one for one in told if one.name in self.names}

    def state(self, name: str) -> str:
        """One word: ready, loading, broken, or away."""
        known = self.known().get(name)
        if known is None or self._monotonic() - self._heard_at >= FRESH_SECONDS:
            return "away"
        return known.state

    def degraded(self) -> dict[str, str]:
        """Those that cannot be asked, each with its state."""
        return {name: state for name in self.names if (state := self.state(name)) != "ready"}
