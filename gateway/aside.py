"""Aside: work in threads, so that the event loop is not held; as much at once as there is room for."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from guardrails.slow_reading import Room

T = TypeVar("T")


class Runs(Protocol):
    """A way to have work done: here and now, or in a thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class NoRoom(Exception):
    """Too much is being judged already."""


class Aside:
    """Nothing queues beyond ``seats``."""

    def __init__(self, threads: Executor, seats: int) -> None:
        self._threads = threads
        self._room = Room(seats)

    async def run(self, work: Callable[[], T]) -> T:
        """Raises NoRoom."""
        if not self._room.take():
            raise NoRoom
        future = self._threads.submit(work)
        future.add_done_callback(lambda _: self._room.give_back())  # when it has ended, not when nobody waits
        return await asyncio.wrap_future(future)


async def at_once(work: Callable[[], T]) -> T:
    return work()
