"""Purging: makes the cache forget, in every worker's memory and on the shared server."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from gateway.cache import purges
from gateway.cache.entry import Entry
from gateway.cache.purges import Purge


class ServerAway(Exception):
    """The shared server could not be swept: what it holds is there still. The workers' memories have forgotten."""


class Swept(Protocol):
    """The shared layer, as purging needs it."""

    async def remove_where(self, matches: Callable[[Entry], bool]) -> int: ...


class Purging:
    """The writing end of the purges' file. The server behind the memories is swept from here, once for all hosts; the
    memories of other hosts forget when that is said there, or when their entries end."""

    def __init__(self, state: Path, shared: Swept | None, wall: Callable[[], float] = time.time) -> None:
        self._state = state
        self._shared = shared
        self._wall = wall
        self._changing = asyncio.Lock()

    async def purge(self, purge: Purge) -> int:
        """Returns how many entries were removed from the server, 0 where there is none. The purge's number is given
        here. Raises ServerAway, and OSError where the workers cannot be told."""
        try:
            # The server first: a memory that had forgotten would take the entry from there again.
            return await self._sweep(purge)
        finally:
            async with self._changing:
                await asyncio.to_thread(self._tell, purge)

    def _tell(self, purge: Purge) -> None:
        told = purges.read(self._state)
        number = max(int(self._wall() * 1e6), told[-1].number + 1 if told else 0)
        purges.write(self._state, [*told, msgspec.structs.replace(purge, number=number)])

    async def _sweep(self, purge: Purge) -> int:
        if self._shared is None:
            return 0
        try:
            return await self._shared.remove_where(purge.matches)
        except Exception as error:  # whatever the driver raises
            raise ServerAway(f"{type(error).__name__}: {error}") from None
