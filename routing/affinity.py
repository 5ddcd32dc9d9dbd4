"""Affinity: requests that begin alike go where their beginning has been read already, as far as the load allows.

A model server keeps what it has computed of a prompt's beginning; the next turn of a conversation, or the same system
prompt with another question, is then cheap there and nowhere else. Following that alone makes one server hot and leaves
the others idle. So the beginning decides only among endpoints that are not ahead of the others:

    an endpoint may take a request while, with it, its load would be at most SPREAD times the mean, and SLACK;
    and while it was given no more than IDLE of late, whatever the others were

(consistent hashing with bounded loads: Mirrokni, Thorup and Zadimoghaddam 2018), where the load is what it was given
of late, with a half-life of HALF_LIFE_SECONDS, and in another measure what it is at now. Among those that may, the one
that has read most of this beginning takes it.

A beginning that none of them has read will bring others after it, and fills memory where it goes. It goes where a hash
of its first block says (rendezvous hashing: Thaler and Ravishankar 1998), so that workers which do not talk to each
other send it the same way; but only among endpoints that are hardly ahead of the mean (NEW_SPREAD, NEW_SLACK), so that
each gets its share of them. Where all are ahead, as with next to no traffic, to one that was given least.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from math import exp2
from typing import Protocol, TypeVar
from zlib import crc32

SPREAD = 1.2
SLACK = 2.0  # requests: a server reads a few side by side as well as one
NEW_SPREAD, NEW_SLACK = 1.05, 0.5
IDLE = 10.0  # requests of late: with so few nobody is hot, and a lone conversation stays where it is
HALF_LIFE_SECONDS = 60.0
BLOCK_BYTES = 256
MAX_BLOCKS = 128
REMEMBERED = 50_000  # blocks; some 8 MB


class Server(Protocol):
    """What affinity needs to know of an endpoint. ``mark`` is the same on every worker."""

    mark: str
    healthy: bool

    @property
    def in_flight(self) -> int: ...


S = TypeVar("S", bound=Server)


def blocks_of(parts: Iterable[bytes]) -> list[int]:
    """Sums of a beginning's blocks, each over all that stands before it too; of its first 32 KiB. What is left over
    behind the last whole block is nothing that a server could find again. Two beginnings with the same sums cost a
    detour, nothing more: so a CRC will do."""
    sums: list[int] = []
    told, rest = 0, b""
    for part in parts:
        rest = rest + part if rest else part
        start = 0
        while len(rest) - start >= BLOCK_BYTES:
            told = crc32(rest[start : start + BLOCK_BYTES], told)
            sums.append(told)
            start += BLOCK_BYTES
            if len(sums) == MAX_BLOCKS:
                return sums
        rest = rest[start:]
    return sums


class Affinity:
    """What one worker knows of which endpoint has read what. ``clock`` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float], remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._remembered = remembered
        self._readers: OrderedDict[int, tuple[str, ...]] = OrderedDict()  # by block: the marks of who has read it
        self._loads: dict[str, tuple[float, float]] = {}  # by mark: the load, and when it was that

    def choose(self, endpoints: Sequence[S], blocks: Sequence[int]) -> S | None:
        """Returns the endpoint for a request that begins so, and takes note; None where its beginning says nothing."""
        if not blocks:
            return None
        candidates = [endpoint for endpoint in endpoints if endpoint.healthy] or list(endpoints)
        now = self._clock()
        free = self._with_room(candidates, now)
        depths = self._depths(blocks, {endpoint.mark for endpoint in free})
        best = _deepest(free, depths) if depths else self._hardly_ahead(free, now)
        chosen = best[0] if len(best) == 1 else max(best, key=lambda endpoint: _preference(blocks[0], endpoint.mark))
        self._note(chosen.mark, blocks, now)
        return chosen

    def _with_room(self, candidates: list[S], now: float) -> list[S]:
        """Those that are not ahead of the others; never none, as one at least is at the mean or below."""
        loads = [self._load(endpoint.mark, now) for endpoint in candidates]
        most = max(IDLE, SPREAD * (sum(loads) + 1) / len(candidates) + SLACK)
        busy = SPREAD * (sum(endpoint.in_flight for endpoint in candidates) + 1) / len(candidates) + SLACK
        free = [endpoint for endpoint, load in zip(candidates, loads, strict=True)
                if load + 1 <= most and endpoint.in_flight + 1 <= busy]
        return free or [min(candidates, key=lambda endpoint: endpoint.in_flight)]

    def _hardly_ahead(self, candidates: list[S], now: float) -> list[S]:
        loads = [self._load(endpoint.mark, now) for endpoint in candidates]
        most = max(min(loads) + 1, NEW_SPREAD * (sum(loads) + 1) / len(candidates) + NEW_SLACK)
        return [endpoint for endpoint, load in zip(candidates, loads, strict=True) if load + 1 <= most]

    def _load(self, mark: str, now: float) -> float:
        load, at = self._loads.get(mark, (0.0, now))
        return load * exp2((at - now) / HALF_LIFE_SECONDS)

    def _depths(self, blocks: Sequence[int], marks: set[str]) -> dict[str, int]:
        """How many of the blocks each has read, from the first one on."""
        depths: dict[str, int] = {}
        for depth, block in enumerate(blocks, 1):
            reading = [mark for mark in self._readers.get(block, ()) if mark in marks]
            if not reading:
                break
            for mark in reading:
                # One that has not read the block before has this one from another beginning with the same sum.
                if depths.get(mark, 0) == depth - 1:
                    depths[mark] = depth
        return depths

    def _note(self, mark: str, blocks: Sequence[int], now: float) -> None:
        self._loads[mark] = self._load(mark, now) + 1, now
        readers = self._readers
        for block in blocks:
            known = readers.get(block)
            if known is None:
                readers[block] = (mark,)
                continue
            if mark not in known:
                readers[block] = (*known, mark)
            readers.move_to_end(block)
        while len(self._readers) > self._remembered:
            self._readers.popitem(last=False)

    def forget(self, marks: Iterable[str]) -> None:
        """For endpoints that have started anew, or are no more: they have read nothing."""
        gone = set(marks)
        for block, readers in list(self._readers.items()):
            if gone.intersection(readers):
                self._readers[block] = tuple(mark for mark in readers if mark not in gone)
        for mark in gone:
            self._loads.pop(mark, None)


def _deepest(endpoints: list[S], depths: Mapping[str, int]) -> list[S]:
    deepest = max(depths.values())
    return [endpoint for endpoint in endpoints if depths.get(endpoint.mark, 0) == deepest]


def _preference(block: int, mark: str) -> bytes:
    return blake2b(b"%d %b" % (block, mark.encode()), digest_size=8).digest()
