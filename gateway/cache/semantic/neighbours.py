"""The neighbours: the vectors of what one worker remembers, by partition; never more bytes than the bound."""

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

if TYPE_CHECKING:
    import numpy as np

# What Python needs beside the vectors, for a partition and for a vector in it. Measured with tracemalloc; a test holds
# the sum to within a tenth.
PARTITION_BYTES = 500
VECTOR_BYTES = 230
LARGEST_PARTITION = 10_000  # vectors: see docs/cache.md for what a look takes in so many


class Near(NamedTuple):
    """``place`` is the fingerprint of the question that is near; ``vector`` its own, where it came from elsewhere."""

    place: bytes
    similarity: float
    vector: bytes = b""


def cosine(one: bytes, other: bytes) -> float:
    """Of two vectors of length one, as embedders give them; 0 where they are of two kinds."""
    import numpy as np

    both = np.frombuffer(one, "<f4"), np.frombuffer(other, "<f4")
    return min(1.0, float(both[0] @ both[1])) if len(both[0]) == len(both[1]) else 0.0


class _Partition(msgspec.Struct):
    """``places`` are those of the rows, in their order; what the matrix has beyond them is room. Where there is none
    to be had, rows are given up in ``turn``."""

    rows: "np.ndarray[Any, Any]"
    places: list[bytes]
    row_of: dict[bytes, int]
    turn: int = 0


class Neighbours:
    """Partitions that were used last stay longest; one that is full gives up a vector for each that comes.

    Whether what lies at a place is still remembered is not known here: whoever finds it gone says so with ``remove``.
    """

    def __init__(self, max_bytes: int, largest: int = LARGEST_PARTITION,
                 on_bytes: Callable[[int], None] = lambda count: None) -> None:
        """``on_bytes`` is told how many they are, whenever that changes."""
        self.max_bytes = max_bytes
        self.bytes = 0
        self._largest = largest
        self._on_bytes = on_bytes
        self._partitions: OrderedDict[bytes, _Partition] = OrderedDict()
        self._partition_of: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._partition_of)

    def nearest(self, partition: bytes, vector: bytes, threshold: float) -> Near | None:
        """The nearest in the partition, where it is as near as ``threshold``. Vectors have length one."""
        import numpy as np

        held = self._partitions.get(partition)
        asked = np.frombuffer(vector, "<f4")
        if held is None or held.rows.shape[1] != len(asked):
            return None
        self._partitions.move_to_end(partition)
        similarities = held.rows[: len(held.places)] @ asked
        best = int(similarities.argmax())
        similarity = min(1.0, float(similarities[best]))
        return Near(held.places[best], similarity) if similarity >= threshold else None

    def put(self, partition: bytes, vector: bytes, place: bytes) -> None:
        """Keeps it in the place of what was kept for this place."""
        import numpy as np

        self.remove(place)
        if self.max_bytes < PARTITION_BYTES + VECTOR_BYTES + len(vector):
            return
        row = np.frombuffer(vector, "<f4")
        held = self._partitions.get(partition) or self._begin(partition, len(row))
        if held.rows.shape[1] != len(row):
            return  # no model changes the length of its vectors
        self._partitions.move_to_end(partition)
        if len(held.places) == len(held.rows) and not self._grow(held):
            self._give_up_one(held)
        held.rows[len(held.places)] = row
        held.row_of[place] = len(held.places)
        held.places.append(place)
        self._partition_of[place] = partition
        self._count(VECTOR_BYTES)
        while self.bytes > self.max_bytes and self._partitions:
            self._drop(next(iter(self._partitions)))

    def _begin(self, partition: bytes, length: int) -> _Partition:
        import numpy as np

        held = self._partitions[partition] = _Partition(np.empty((1, length), np.float32), [], {})
        self._count(PARTITION_BYTES + held.rows.nbytes)
        return held

    def _grow(self, held: _Partition) -> bool:
        """Twice as many rows, if need be in the place of other partitions; False where there is no room for them."""
        import numpy as np

        rows, length = held.rows.shape
        wanted = min(2 * rows, self._largest)
        more = (wanted - rows) * (length * held.rows.itemsize + VECTOR_BYTES)
        while self.bytes + more > self.max_bytes and (oldest := next(iter(self._partitions.items())))[1] is not held:
            self._drop(oldest[0])
        if wanted == rows or self.bytes + more > self.max_bytes:
            return False
        grown = np.empty((wanted, length), np.float32)
        grown[:rows] = held.rows
        self._count(grown.nbytes - held.rows.nbytes)
        held.rows = grown
        return True

    def _give_up_one(self, held: _Partition) -> None:
        held.turn = (held.turn + 1) % len(held.places)
        place = held.places[held.turn]
        del self._partition_of[place]
        self._take_out(held, place)

    def _take_out(self, held: _Partition, place: bytes) -> None:
        row, last = held.row_of.pop(place), held.places.pop()
        if last != place:  # the last one takes its row
            held.rows[row], held.places[row], held.row_of[last] = held.rows[len(held.places)], last, row
        self._count(-VECTOR_BYTES)

    def remove(self, place: bytes) -> None:
        partition = self._partition_of.pop(place, None)
        if partition is None:
            return
        held = self._partitions[partition]
        self._take_out(held, place)
        if not held.places:
            self._drop(partition)

    def keep_only(self, wanted: Callable[[bytes], bool]) -> None:
        """Removes all whose place is not wanted."""
        for place in [place for place in self._partition_of if not wanted(place)]:
            self.remove(place)

    def _drop(self, partition: bytes) -> None:
        held = self._partitions.pop(partition)
        for place in held.places:
            del self._partition_of[place]
        self._count(-PARTITION_BYTES - held.rows.nbytes - VECTOR_BYTES * len(held.places))

    def _count(self, change: int) -> None:
        self.bytes += change
        self._on_bytes(self.bytes)
