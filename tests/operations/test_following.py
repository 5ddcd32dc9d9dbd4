"""The metrics follow the journals by themselves: the database is not asked."""

import os
from pathlib import Path

from gateway.journal import Journal, read_frames, segments
from gateway.telemetry.logs import Log
from operations.metrics.fold import Fold
from operations.metrics.following import Following
from tests.operations.conftest import Lines
from tests.operations.scripted_worker import record


def follow(following: Following) -> None:
    for _ in range(5):
        following.step()


def test_each_record_is_counted_once_and_new_ones_as_they_come(tmp_path: Path, log: Log) -> None:
    journal, fold = Journal(tmp_path, "w0"), Fold()
    following = Following(tmp_path, fold, log)
    for number in range(3):
        journal.append(record(str(number)))
        follow(following)
        assert fold.records_total == number + 1
    journal.close()


def test_what_an_earlier_life_drained_is_not_counted_again(tmp_path: Path, log: Log) -> None:
    journal = Journal(tmp_path, "w0")
    journal.append(record("a"))
    [segment] = segments(tmp_path)
    [(_, end)] = read_frames(segment)
    drained = {segment.name: end}
    journal.append(record("b"))
    fold = Fold()
    following = Following(tmp_path, fold, log)
    following.start_from(drained)
    follow(following)
    assert fold.records_total == 1
    journal.close()


def test_a_segment_is_spent_once_it_was_folded_to_its_end(tmp_path: Path, log: Log) -> None:
    journal = Journal(tmp_path, "w0")
    journal.append(record("a"))
    following = Following(tmp_path, Fold(), log)
    follow(following)
    assert not following.spent
    journal.close()
    follow(following)
    assert following.spent == {segments(tmp_path)[0].name}


def test_a_torn_segment_is_counted_and_told_with_what_was_lost(tmp_path: Path, log: Log, lines: Lines) -> None:
    journal = Journal(tmp_path, "w0")
    journal.append(record("a"))
    journal.append(record("b"))
    journal.close()
    [segment] = segments(tmp_path)
    os.truncate(segment, segment.stat().st_size - 1)
    fold = Fold()
    following = Following(tmp_path, fold, log)
    follow(following)
    assert (fold.records_total, following.torn_total) == (1, 1)
    [told] = lines.of("journal_torn")
    assert told["segment"] == segment.name
    assert told["lost_bytes"] > 0
