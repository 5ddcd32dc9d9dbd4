"""The outbox: writes that leave together.

To write into a socket wakes whoever reads from it, and on a virtual machine a wake-up costs more than the write.
Written one by one, tens of microseconds apart, each write finds its reader asleep again. Written back to back, most
find it awake. So under load the writes of one turn of the event loop leave at its end: a third of a request's cost.

The frames of many streams come one by one, a turn for each, so there is nothing to gather until the worker rests: when
a turn has sent a few frames, it sleeps for a millisecond of the tens that lie between two tokens, and finds the next
ones waiting together. That is what network cards do with their interrupts, and saves two fifths of a frame's cost. A
turn that sent many frames is followed at once by the next: where there is no time to lose none is lost.

With little in flight nothing is gathered: all goes out at once. Replies from memory are never in flight; that many of
them are asked for shows in how short a while ago the last one left.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

REST_SECONDS = 0.001
BUSY_SECONDS = 0.00005  # a client that is alone does not come back so soon
FULL_TURN = 16  # frames in a turn from which on there is nothing to gain by rest


class Writable(Protocol):
    """A transport, as the outbox needs it."""

    def write(self, data: bytes) -> None: ...
    def is_closing(self) -> bool: ...


class Outbox:
    """Holds writes for at most the rest of a turn, in their order. Who closes a transport flushes first.

    ``crowded`` tells whether so much is in flight that a turn's writes are worth gathering, ``streaming`` whether so
    many streams are that their frames are.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, crowded: Callable[[], bool], streaming: Callable[[], bool],
                 sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.monotonic) -> None:
        self._call_soon = loop.call_soon
        self._now = now
        self._wrote_at = 0.0
        self._crowded, self._streaming, self._sleep = crowded, streaming, sleep
        self._held: list[tuple[Writable, bytes]] = []
        self._frames = 0  # of those held

    def put(self, transport: Writable, data: bytes) -> None:
        if self._held:
            self._held.append((transport, data))
        elif self._crowded() or self._is_busy():
            self._held.append((transport, data))
            self._call_soon(self.flush)
        else:
            transport.write(data)

    def _is_busy(self) -> bool:
        before, self._wrote_at = self._wrote_at, self._now()
        return self._wrote_at - before < BUSY_SECONDS

    def put_frame(self, transport: Writable, data: bytes) -> None:
        if self._frames:
            self._frames += 1
            self._held.append((transport, data))
        elif self._streaming():
            self._frames = 1
            self._held.append((transport, data))
            self._call_soon(self._send_frames)
        elif self._held:
            self._held.append((transport, data))
        else:
            transport.write(data)

    def flush(self) -> None:
        held, self._held = self._held, []
        for transport, data in held:
            if not transport.is_closing():  # uvloop's raises on a closed one, and the rest would be lost with it
                transport.write(data)

    def _send_frames(self) -> None:
        self.flush()
        frames, self._frames = self._frames, 0
        if frames < FULL_TURN:
            self._sleep(REST_SECONDS)
