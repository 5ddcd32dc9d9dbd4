"""The record that a kill may have kept from being written is looked for before it is written again."""

from __future__ import annotations

from pathlib import Path

from gateway import journal as journals
from gateway.batches.last_record import hand_over, is_journaled, was_handed_over
from gateway.journal import Journal
from gateway.record import ExchangeRecord

ID = "0123456789abcdef" * 2 + "0123456789ab"


def record(exchange_id: str = ID) -> ExchangeRecord:
    return ExchangeRecord(id=exchange_id, started_at=1.0, outcome="answered")


def test_a_record_is_found_in_any_segment_of_the_host(tmp_path: Path) -> None:
    assert not is_journaled(tmp_path, ID)
    journal, other = Journal(tmp_path, "w0", writer="a" * 22), Journal(tmp_path, "w1", writer="b" * 22)
    other.append(record("f" * 44))
    assert not is_journaled(tmp_path, ID)
    journal.append(record())
    assert is_journaled(tmp_path, ID), "while its segment is open, and as a kill would leave it"
    journal.close()
    other.close()
    assert is_journaled(tmp_path, ID)


def test_what_is_written_again_has_no_place_and_leaves_no_gap(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w0", writer="a" * 22)
    for entry, again in ((record("1" * 44), False), (record(), True), (record("2" * 44), False)):
        assert (journal.append_again if again else journal.append)(entry)
    journal.close()
    read = [journals.decode_record(payload) for segment in journals.segments(tmp_path)
            for payload, _ in journals.read_frames(segment)]
    assert [(one.id[0], one.writer, one.sequence) for one in read] == [
        ("1", "a" * 22, 1), ("0", "", 0), ("2", "a" * 22, 2)]


def test_that_a_run_ended_in_order_is_told_to_the_next_one_alone(tmp_path: Path) -> None:
    assert not was_handed_over(tmp_path)
    hand_over(tmp_path)
    assert was_handed_over(tmp_path)
    assert not was_handed_over(tmp_path)
