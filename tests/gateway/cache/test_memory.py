"""The memory keeps within its bound, and forgets what was used longest ago."""

from __future__ import annotations

import os
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from gateway.cache.memory import ENTRY_BYTES, Memory
from tests.gateway.exchanges import HandClock


def memory(max_bytes: int) -> Memory:
    return Memory(max_bytes, HandClock().time)


def test_what_was_used_longest_ago_goes_first() -> None:
    held = memory(3 * (ENTRY_BYTES + 10))
    for name in (b"a", b"b", b"c"):
        held.put(name, bytes(10), 60)
    held.get(b"a")
    held.put(b"d", bytes(10), 60)
    assert [held.get(name) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    assert held.evicted == 1


def test_what_is_larger_than_all_the_room_takes_nobodys() -> None:
    held = memory(ENTRY_BYTES + 100)
    held.put(b"a", bytes(100), 60)
    held.put(b"b", bytes(101), 60)
    assert held.get(b"a") is not None
    held.put(b"a", bytes(101), 60)
    assert (held.get(b"a"), held.bytes) == (None, 0)


def test_an_entry_ends() -> None:
    clock = HandClock()
    held = Memory(10_000, clock.time)
    held.put(b"a", b"x", 60)
    clock.now += 60
    assert held.get(b"a") is None
    assert (len(held), held.bytes) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2000), st.booleans()), max_size=60))
def test_the_bytes_are_those_of_what_is_held_and_never_too_many(steps: list[tuple[int, int, bool]]) -> None:
    held = memory(5000)
    for key, size, puts in steps:
        name = bytes([key])
        if puts:
            held.put(name, bytes(size), 60)
        else:
            held.remove(name)
        found = [payload for number in range(10) if (payload := held.get(bytes([number]))) is not None]
        assert held.bytes == sum(len(payload) + ENTRY_BYTES for payload in found) <= 5000
        assert len(held) == len(found)


def test_200_000_distinct_entries_take_what_the_bound_says() -> None:
    """Within a tenth: what Python needs for an entry is counted with it."""
    bound = 16 << 20
    tracemalloc.start()
    held = memory(bound)
    for number in range(200_000):
        held.put(number.to_bytes(32, "little"), os.urandom(200 + number % 900), 600)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held.evicted > 150_000
    assert 0.9 * bound < taken < 1.1 * bound
