"""The outbox: writes of one turn of the event loop, sent together at its end.

To write into a socket wakes whoever reads from it, and on a virtual machine a wake-up costs more than the write. One
turn under load reads from many sockets; written one by one, tens of microseconds apart, each finds its reader asleep
again. Written back to back, most find it awake: under load that was a third of a request's cost. With little in flight
there is nothing to gather, and writes go out at once; so do the frames of a stream, which come one by one.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Writable(Protocol):
    """A transport, as the outbox needs it."""

    def write(self, data: bytes) -> None: ...
    def is_closing(self) -> bool: ...


class Outbox:
    """Holds writes for at most the rest of a turn, in their order. Who closes a transport flushes first."""

    def __init__(self, loop: asyncio.AbstractEventLoop, crowded: Callable[[], bool]) -> None:
        self._call_soon = loop.call_soon
        self._crowded = crowded
        self._held: list[tuple[Writable, bytes]] = []

    def put(self, transport: Writable, data: bytes) -> None:
        if self._held:
            self._held.append((transport, data))
        elif self._crowded():
            self._held.append((transport, data))
            self._call_soon(self.flush)
        else:
            transport.write(data)

    def flush(self) -> None:
        held, self._held = self._held, []
        for transport, data in held:
            if not transport.is_closing():  # uvloop's raises on a closed one, and the rest would be lost with it
                transport.write(data)
