"""Ids of exchanges: unique over workers, hosts and restarts, and in order of time within a worker."""

import os
from collections.abc import Callable


class ExchangeIds:
    """Makes ids of 32 hexadecimal digits: 12 of Unix milliseconds, 10 drawn once for this worker's life, 10 counted."""

    def __init__(self, wall: Callable[[], float], entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._wall = wall
        self._worker = entropy(5).hex()
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{int(self._wall() * 1000):012x}{self._worker}{self._count:010x}"
