"""Batching: when what waits goes, and how much of it goes together.

The rule is Nagle's (RFC 896), with requests in the place of bytes. While a lane is free, what comes goes at once: who
asks alone waits for nothing. While all lanes are taken, what comes waits for others, until

    a lane comes free        the batch before has come back
    the batch is full        by the line's own measure
    its patience is over     where more batches may be under way than there are lanes

Where a line asks for it, a lane rests for a moment after a batch that several had shared: who has just been answered
asks again, and goes with the others then. That is for lines of which no more may be under way than there are lanes:
the first to ask again would take the lane from all others. Another lane that is free takes what comes meanwhile.

What waits is the line's own affair, be it in order, in turns or by size: a pace asks it for the next batch, no more.
"""

from collections import deque
from collections.abc import Callable, Sized
from math import inf
from typing import Generic, NamedTuple, Protocol, TypeVar

Batch = TypeVar("Batch", bound=Sized)
Made = TypeVar("Made", bound=Sized, covariant=True)
Item = TypeVar("Item")


class Timer(Protocol):
    def cancel(self) -> None: ...


Later = Callable[[float, Callable[[], None]], Timer]  # calls back once, after so many seconds


class Line(Protocol[Made]):
    """What waits."""

    def __len__(self) -> int: ...

    @property
    def full(self) -> bool:
        """Whether waiting longer would not make the next batch larger."""

    def take(self, now: float) -> Made:
        """The next batch; an empty one where nothing is left that is worth sending."""


def _nothing() -> None: ...


class Pace(Generic[Batch]):
    """When the batches of one line go. ``send`` gets each; who sends says when it has ``returned``.

    ``lanes`` go without waiting; at most ``most`` are under way at the same time. Nothing waits for longer than
    ``patience`` seconds while fewer than ``most`` are. A lane rests for ``rest`` seconds, if at all. ``on_idle`` is
    called whenever nothing waits, rests or is under way.
    """

    def __init__(self, line: Line[Batch], send: Callable[[Batch], None], *, time: Callable[[], float], later: Later,
                 patience: float = inf, rest: float = 0.0, lanes: int = 1, most: float = inf,
                 on_idle: Callable[[], None] = _nothing) -> None:
        self._line = line
        self._send = send
        self._time = time
        self._later = later
        self._patience = patience
        self._rest = rest
        self._lanes = lanes
        self._most = most
        self._on_idle = on_idle
        self._resting = 0
        self._timer: Timer | None = None
        self.under_way = 0

    def __repr__(self) -> str:
        return f"<Pace {len(self._line)} waiting, {self.under_way} under way, {self._resting} at rest>"

    @property
    def _has_free_lane(self) -> bool:
        return self.under_way + self._resting < self._lanes

    def went(self) -> None:
        """A batch has gone that never stood in the line; it returns like any other."""
        self.under_way += 1

    def arrived(self) -> None:
        """Something has joined the line."""
        self._go()

    def left(self) -> None:
        """Something has left the line by itself."""
        self._go()

    def returned(self, *, shared: bool) -> None:
        """A batch has come back; ``shared`` tells that it was of several."""
        self.under_way -= 1
        if shared and self._rest:
            self._resting += 1
            self._later(self._rest, self._rested)
        self._go()

    def _rested(self) -> None:
        self._resting -= 1
        self._go()

    def _waited(self) -> None:
        self._timer = None
        self._go(due=True)

    def _go(self, *, due: bool = False) -> None:
        """Sends what is to go now. ``due``: the next batch goes whether or not a lane is free."""
        while self.under_way < self._most and len(self._line) and (due or self._has_free_lane or self._line.full):
            batch = self._line.take(self._time())
            due = False
            if len(batch):
                self.under_way += 1
                self._send(batch)
        self._set_timer()
        if not (self.under_way or self._resting or len(self._line)):
            self._on_idle()

    def _set_timer(self) -> None:
        """What still waits came just now, or there was one before it: a timer that runs is the right one."""
        wanted = len(self._line) > 0 and self._patience < inf and self.under_way < self._most
        if wanted and self._timer is None:
            self._timer = self._later(self._patience, self._waited)
        elif not wanted and self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Waiting(NamedTuple, Generic[Item]):
    item: Item
    pieces: int
    size: int


class Queue(Generic[Item]):
    """The plain line: items in the order in which they came, each of some pieces and some size. A batch has so many
    pieces and so much size at most; an item that has more by itself goes alone.
    """

    def __init__(self, most_pieces: int, most_size: int) -> None:
        self._most_pieces = most_pieces
        self._most_size = most_size
        self._waiting: deque[_Waiting[Item]] = deque()
        self._pieces = self._size = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        return self._pieces >= self._most_pieces or self._size >= self._most_size

    def add(self, item: Item, pieces: int, size: int) -> None:
        self._waiting.append(_Waiting(item, pieces, size))
        self._pieces += pieces
        self._size += size

    def remove(self, item: Item) -> None:
        """Raises ValueError where it does not wait."""
        for place, one in enumerate(self._waiting):
            if one.item is item:
                del self._waiting[place]
                self._forget(one)
                return
        raise ValueError("it does not wait")

    def take(self, now: float) -> list[Item]:
        batch: list[Item] = []
        pieces = size = 0
        while self._waiting:
            first = self._waiting[0]
            pieces, size = pieces + first.pieces, size + first.size
            if batch and (pieces > self._most_pieces or size > self._most_size):
                break
            batch.append(first.item)
            self._forget(self._waiting.popleft())
        return batch

    def _forget(self, one: _Waiting[Item]) -> None:
        self._pieces -= one.pieces
        self._size -= one.size
