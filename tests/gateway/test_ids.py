"""Ids are unique over workers and restarts, in order within a worker, made of what every header can hold, and tell
those who have the key whose they are."""

from __future__ import annotations

import re

import pytest

from gateway.ids import ExchangeIds, IdMarks
from tests.gateway.exchanges import ID


def test_an_id_is_32_small_hexadecimal_digits() -> None:
    new_id = ExchangeIds(lambda: 1_700_000_000.0)
    assert all(re.fullmatch("[0-9a-f]{32}", new_id()) for _ in range(100))


def test_ids_of_one_worker_are_in_order_and_never_the_same() -> None:
    new_id = ExchangeIds(lambda: 1_700_000_000.0)
    ids = [new_id() for _ in range(70_000)]
    assert ids == sorted(set(ids))


def test_two_workers_started_in_the_same_millisecond_share_no_id() -> None:
    first, second = (ExchangeIds(lambda: 1_700_000_000.0) for _ in range(2))
    assert {first() for _ in range(100)}.isdisjoint(second() for _ in range(100))


def test_a_worker_that_was_started_again_goes_on_above() -> None:
    before, after = (ExchangeIds(lambda at=at: at, lambda size: b"\xff" * size) for at in (1000.0, 1000.001))
    assert before() < after()
    assert before().startswith(f"{1_000_000:012x}ffffffffff")


MARKS = IdMarks(b"m" * 32)
MARKED = MARKS.marked(ID, "shop")


def test_a_marked_id_is_known_again_by_whoever_has_the_key() -> None:
    assert re.fullmatch("[0-9a-f]{44}", MARKED)
    assert MARKED.startswith(ID)
    assert IdMarks(b"m" * 32).has_marked(MARKED, "shop")


@pytest.mark.parametrize("written", [
    ID, MARKED[:-1], MARKED + "0", MARKED.upper(), MARKED + "\n", "", "0" * 44, MARKED[:43] + "ü", "\ud800" * 44,
    ID[:31] + "e" + MARKED[32:], MARKS.marked(ID, "bank"), IdMarks(b"n" * 32).marked(ID, "shop")])  # fmt: skip
def test_all_else_is_no_id_of_the_tenant(written: str) -> None:
    assert not MARKS.has_marked(written, "shop")


def test_a_changed_digit_anywhere_spoils_the_mark() -> None:
    for place, digit in enumerate(MARKED):
        other = "0" if digit != "0" else "1"
        assert not MARKS.has_marked(MARKED[:place] + other + MARKED[place + 1 :], "shop")


def test_marks_keep_the_order_of_time_and_the_workers_life() -> None:
    new_id = ExchangeIds(lambda: 1_700_000_000.0)
    ids = [MARKS.marked(new_id(), "shop") for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert len({one[:22] for one in ids}) == 1


def test_tenants_and_ids_are_told_apart_whatever_their_names() -> None:
    assert len({MARKS.marked(ID, tenant)[32:] for tenant in ("", "a", "a\0", "\0", "ab", "\ud800", "ü")}) == 7


def test_what_was_said_is_hashed_with_the_key() -> None:
    assert MARKS.hashed(b"a") == IdMarks(b"m" * 32).hashed(b"a")
    assert len({MARKS.hashed(b"a"), MARKS.hashed(b"b"), IdMarks(b"n" * 32).hashed(b"a")}) == 3
