"""What is read gently is all there, with a pause after every few."""

from __future__ import annotations

from gateway.batches.pace import AT_ONCE, gently


def test_all_of_it_comes_and_the_lock_is_let_go_in_between() -> None:
    pauses: list[float] = []
    assert list(gently(range(3 * AT_ONCE + 1), pauses.append)) == list(range(3 * AT_ONCE + 1))
    assert len(pauses) == 3
