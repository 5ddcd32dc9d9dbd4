"""Ids of exchanges: unique over workers, hosts and restarts, and in order of time within a worker."""

import os
from collections.abc import Callable


class ExchangeIds:
    """Makes ids of 32 hexadecimal digits: 22 drawn for this worker's life (12 of them its start in Unix milliseconds),
    10 counted. The life is also the writer's name in the journal."""

    def __init__(self, wall: Callable[[], float], entropy: Callable[[int], bytes] = os.urandom) -> None:
        self.life = f"{int(wall() * 1000):012x}{entropy(5).hex()}"
        self._count = 0

    def __call__(self) -> str:
        self._count += 1
        return f"{self.life}{self._count:010x}"
