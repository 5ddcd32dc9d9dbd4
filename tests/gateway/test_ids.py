"""Ids are unique over workers and restarts, in order within a worker, and made of what every header can hold."""

from __future__ import annotations

import re

from gateway.ids import ExchangeIds


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
