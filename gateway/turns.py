"""Turns of the event loop: how much is begun in one, and what is left to the next.

When many requests arrive together, one turn of the loop would begin all of them, and whoever waits for a timer or for
the next frame of a stream would wait for all of them. So what comes late in a turn is begun in the next.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

TURN_SECONDS = 0.002  # a turn that has lasted as long begins nothing new


class Loop(Protocol):
    def call_soon(self, callback: Callable[[], None], /) -> object: ...


class Turns:
    """A turn is taken to begin when somebody first asks in it."""

    def __init__(self, loop: Loop, now: Callable[[], float]) -> None:
        self._loop = loop
        self._now = now
        self._left: deque[Callable[[], None]] = deque()
        self._began: float | None = None

    def late(self) -> bool:
        """Whether something new is to be left to the next turn. What was left before goes first."""
        if self._began is None:
            self._begin()
            return False
        return bool(self._left) or self._now() - self._began > TURN_SECONDS

    def leave(self, work: Callable[[], None]) -> None:
        """To be done in the next turn, or in one after that. Whoever leaves something has asked."""
        self._left.append(work)

    def _begin(self) -> float:
        self._began = began = self._now()
        self._loop.call_soon(self._next)
        return began

    def _next(self) -> None:
        """In each turn some of what was left is done, one piece at least."""
        self._began = None
        if self._left:
            began = self._begin()
            while self._left:
                self._left.popleft()()
                if self._now() - began > TURN_SECONDS:
                    return
