"""Neighbours: the nearest of one partition and of no other, within a bound of bytes."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cache.semantic.neighbours import Neighbours

PROBES = 100_000
LENGTH = 32


def vectors(count: int, seed: int = 1, length: int = LENGTH) -> list[bytes]:
    drawn = np.random.default_rng(seed).normal(size=(count, length))
    units = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype("<f4")
    return [row.tobytes() for row in units]


def place(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_the_nearest_is_found_where_it_is_near_enough() -> None:
    held = Neighbours(1 << 20)
    for number, vector in enumerate(vectors(50)):
        held.put(b"p", vector, place(number))
    near = held.nearest(b"p", vectors(50)[7], 0.99)
    assert near is not None
    assert (near.place, round(near.similarity, 5)) == (place(7), 1.0)
    assert held.nearest(b"p", vectors(1, seed=2)[0], 0.99) is None
    assert held.nearest(b"q", vectors(50)[7], 0.0) is None
    assert held.nearest(b"p", vectors(1, length=8)[0], 0.0) is None


def test_a_hundred_thousand_probes_cross_no_partition() -> None:
    """Each asks with the very vector that another partition holds. Its own is empty, or holds the opposite."""
    held = Neighbours(1 << 30)
    of = vectors(200)
    for number in range(2000):
        held.put(b"tenant %d" % number, of[number % 200], place(number))
        held.put(b"other %d" % number, (-np.frombuffer(of[number % 200], "<f4")).tobytes(), place(10_000 + number))
    drawn = np.random.default_rng(3).integers(0, 2000, size=(PROBES, 2))
    crossed = 0
    for number, another in drawn.tolist():
        vector = of[number % 200]
        near = held.nearest(b"tenant %d" % another, vector, 0.0)
        crossed += near is not None and near.place != place(another)
        crossed += held.nearest(b"other %d" % number, vector, 0.0) is not None
        crossed += held.nearest(b"nobody %d" % another, vector, 0.0) is not None
    assert crossed == 0


def test_what_was_removed_is_not_found_and_leaves_the_others_where_they_were() -> None:
    held = Neighbours(1 << 20)
    of = vectors(20)
    for number, vector in enumerate(of):
        held.put(b"p", vector, place(number))
    held.keep_only(lambda one: int.from_bytes(one, "big") % 3 == 0)
    for number, vector in enumerate(of):
        near = held.nearest(b"p", vector, 0.999)
        assert (near is not None) is (number % 3 == 0)
        assert near is None or near.place == place(number)
    held.keep_only(lambda one: False)
    assert (len(held), held.bytes) == (0, 0)


def test_a_place_has_one_vector_the_last() -> None:
    held = Neighbours(1 << 20)
    one, other = vectors(2)
    held.put(b"p", one, place(1))
    held.put(b"q", other, place(1))
    assert held.nearest(b"p", one, 0.9) is None
    assert held.nearest(b"q", other, 0.9) is not None
    assert len(held) == 1


def test_the_partition_that_was_used_least_goes_first() -> None:
    of = vectors(1)[0]
    held = Neighbours(3 * (500 + 230 + 4 * LENGTH))
    for name in (b"a", b"b", b"c"):
        held.put(name, of, name * 32)
    held.nearest(b"a", of, 0.5)
    held.put(b"d", of, b"d" * 32)
    assert [held.nearest(name, of, 0.5) is not None for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


@pytest.mark.parametrize("largest", [1, 4, 10_000])
def test_a_full_partition_gives_up_one_for_each_that_comes(largest: int) -> None:
    held = Neighbours(20_000, largest)
    of = vectors(500)
    for number, vector in enumerate(of):
        held.put(b"p", vector, place(number))
        assert held.bytes <= held.max_bytes
        near = held.nearest(b"p", vector, 0.999)
        assert near is not None
        assert near.place == place(number)
    assert 1 <= len(held) <= largest


Step = tuple[int, int, int]
STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9), st.integers(0, 2)), max_size=60)


@settings(max_examples=200, deadline=None)
@given(STEPS, st.sampled_from([0, 1500, 4000, 1 << 20]), st.sampled_from([1, 3, 100]))
def test_whatever_comes_the_count_is_right_and_what_is_found_was_put_there(
        steps: list[Step], most: int, largest: int) -> None:
    told: list[int] = [0]
    held = Neighbours(most, largest, told.append)
    of = vectors(10)
    where: dict[bytes, tuple[bytes, bytes]] = {}
    for partition, number, act in steps:
        name, vector = b"%d" % partition, of[number]
        if act == 2:
            held.remove(place(number))
            where.pop(place(number), None)
        elif act == 1:
            held.put(name, vector, place(number))
            where[place(number)] = name, vector
        near = held.nearest(name, vector, 0.999)
        if near is not None:
            assert where[near.place] == (name, vector)
        assert held.bytes <= most
        assert (held.bytes, held.bytes == 0) == (told[-1], len(held) == 0)


@pytest.mark.parametrize(("partitions", "each"), [(4000, 1), (4, 4096)])
def test_the_bytes_that_are_counted_are_those_that_are_taken(partitions: int, each: int) -> None:
    of = vectors(each, length=384)

    def fill() -> Neighbours:
        held = Neighbours(1 << 30)
        for partition in range(partitions):
            for number, vector in enumerate(of):
                held.put(partition.to_bytes(32, "big"), vector, place(partition * each + number))
        return held

    assert taken(fill) == pytest.approx(fill().bytes, rel=0.1)


def taken(make: Callable[[], object]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = make()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before if made is not None else 0
    finally:
        tracemalloc.stop()
