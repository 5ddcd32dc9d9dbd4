"""What is nobody's fault is asked again until it is answered; what may fail again only so often; the rest is done."""

from __future__ import annotations

import pytest

from gateway.batches.ruling import FINAL, MOST_TRIES, Ruling, ruling_on
from gateway.reply import Head


@pytest.mark.parametrize(("status", "code"), [
    (200, ""), (400, ""), (404, ""), (400, "content_blocked"), (404, "model_not_found"), (422, ""), (413, ""),
])  # fmt: skip
def test_an_answer_and_what_the_line_itself_is_at_fault_for_are_final(status: int, code: str) -> None:
    assert ruling_on(status, code, None, 1) is FINAL


@pytest.mark.parametrize(("status", "code"), [
    (503, ""), (429, ""), (503, "overloaded"), (502, "upstream_unreachable"), (503, "guard_unavailable"),
    (503, "journal_unavailable"), (503, "shutting_down"),
])  # fmt: skip
def test_where_there_is_no_room_it_is_asked_again_however_often(status: int, code: str) -> None:
    assert ruling_on(status, code, None, 1000) == Ruling(False, True, 0.0)


def test_what_failed_is_asked_again_so_many_times_and_less_often_each_time() -> None:
    for status, code in ((500, ""), (502, "upstream_disconnected"), (504, "upstream_timeout"), (500, "internal_error"),
                         (502, "upstream_unauthorized")):
        rulings = [ruling_on(status, code, None, tries) for tries in range(1, MOST_TRIES + 1)]
        assert [ruling.pause_seconds for ruling in rulings[:-1]] == [1.0, 4.0, 16.0]
        assert rulings[-1] is FINAL


@pytest.mark.parametrize(("written", "seconds"), [
    (b"7", 7.0), (b"100000", 300.0), (b"Wed, 21 Oct 2026 07:28:00 GMT", 0.0), (b"", 0.0), (b"-1", 0.0)])
def test_a_server_is_given_the_time_that_it_asks_for_within_reason(written: bytes, seconds: float) -> None:
    assert ruling_on(503, "", Head(503, [(b"retry-after", written)]), 1).pause_seconds == seconds
