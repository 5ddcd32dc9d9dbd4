"""The breaker before a server that hosts share: whether anybody may wait for it.

    closed ──it fails──▶ open ──SECONDS later, one asks──▶ half-open ──it answers──▶ closed
                          ▲                                    │
                          └────────────── it fails ────────────┘

While it is half-open one waits, and all others do as if there were no server.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

SECONDS = 2.0  # how long a server that failed is left alone


class Breaker:
    """``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.is_open = False
        self._clock = clock
        self._until = 0.0
        self._half_open = False

    def __repr__(self) -> str:
        return f"<Breaker {'half-open' if self._half_open else 'open' if self.is_open else 'closed'}>"

    @property
    def lets_through(self) -> bool:
        return not self.is_open or (self._clock() >= self._until and not self._half_open)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around a question that was let through."""
        self._half_open = self.is_open
        try:
            yield
        finally:
            self._half_open = False

    def fail(self) -> bool:
        """It did not answer; True where it did until now."""
        was_closed = not self.is_open
        self.is_open, self._until = True, self._clock() + SECONDS
        return was_closed

    def recover(self) -> bool:
        """It answered; True where it did not until now."""
        was_open, self.is_open = self.is_open, False
        return was_open
