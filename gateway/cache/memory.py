"""The memory of one worker: entries in the order of their last use, never more bytes than the bound."""

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

# What Python needs for one entry beside its payload: the pair, the float, the places in dictionary and order, the
# headers of key and payload. Measured with tracemalloc over 200,000 entries; a test holds it to within a tenth.
ENTRY_BYTES = 360


class _Held(NamedTuple):
    payload: bytes
    expires_at: float


class Memory:
    """Payloads by fingerprint. ``clock`` gives monotonic seconds. An entry is gone when its time is over, when those
    used later need its room, or when it is removed."""

    def __init__(self, max_bytes: int, clock: Callable[[], float]) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.evicted = 0
        self._lent = 0
        self._clock = clock
        self._held: OrderedDict[bytes, _Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, fingerprint: bytes) -> bool:
        return fingerprint in self._held

    def lend(self, count: int) -> None:
        """Leaves so many bytes of the room to somebody else, from now on."""
        self._lent = count
        self._make_room()

    def get(self, fingerprint: bytes) -> bytes | None:
        held = self._held.get(fingerprint)
        if held is None:
            return None
        if held.expires_at <= self._clock():
            self.remove(fingerprint)
            return None
        self._held.move_to_end(fingerprint)
        return held.payload

    def put(self, fingerprint: bytes, payload: bytes, ttl_seconds: float) -> None:
        """Keeps it in the place of what was there; one that is larger than all the room is not kept."""
        self.remove(fingerprint)
        size = len(payload) + ENTRY_BYTES
        if size > self.max_bytes - self._lent:
            return
        self._held[fingerprint] = _Held(payload, self._clock() + ttl_seconds)
        self.bytes += size
        self._make_room()

    def _make_room(self) -> None:
        while self.bytes > self.max_bytes - self._lent:
            _, oldest = self._held.popitem(last=False)
            self.bytes -= len(oldest.payload) + ENTRY_BYTES
            self.evicted += 1

    def remove(self, fingerprint: bytes) -> None:
        held = self._held.pop(fingerprint, None)
        if held is not None:
            self.bytes -= len(held.payload) + ENTRY_BYTES

    def remove_where(self, matches: Callable[[bytes], bool]) -> int:
        """Removes what matches by its payload; returns how many."""
        gone = [fingerprint for fingerprint, held in self._held.items() if matches(held.payload)]
        for fingerprint in gone:
            self.remove(fingerprint)
        return len(gone)
