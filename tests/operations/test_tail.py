"""Reading journals: in order, each record once, whatever their writers do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal import Journal, end_of, has_ended, read_frames, segments
from gateway.segment import frame
from operations.ledger.tail import Tail, Trouble
from tests.operations.scripted_worker import record


def read_all(tail: Tail, limit: int = 1000) -> list[str]:
    """The ids of all that can be read now."""
    ids: list[str] = []
    for _ in range(100):
        chunks = tail.read(limit)
        ids += [one.id for chunk in chunks for one in chunk.records]
        if not chunks and not tail.read(limit):
            return ids
    raise AssertionError("a tail reads without end")


def write(folder: Path, *ids: str, worker: str = "w0", segment_bytes: int = 1 << 20) -> Journal:
    journal = Journal(folder, worker, segment_bytes)
    for one in ids:
        assert journal.append(record(one))
    return journal


def test_a_segment_has_ended_when_it_is_closed_and_not_before(tmp_path: Path) -> None:
    journal = write(tmp_path, "a")
    [segment] = segments(tmp_path)
    assert not has_ended(segment)
    journal.close()
    assert has_ended(segment)


def test_a_segment_has_ended_when_its_writer_was_killed(tmp_path: Path) -> None:
    """No pid is asked: the kernel lets go of the lock, and pids are used again."""
    program = ("import sys, time; from pathlib import Path; from gateway.journal import Journal;"
               "journal = Journal(Path(sys.argv[1]), 'w0'); print('up', flush=True); time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"up\n"
        [segment] = segments(tmp_path)
        assert not has_ended(segment)
        writer.kill()
    assert has_ended(segment)


def test_records_are_read_once_and_more_when_there_is_more(tmp_path: Path) -> None:
    journal, tail = write(tmp_path, "a", "b"), Tail(tmp_path, {})
    assert read_all(tail) == ["a", "b"]
    assert read_all(tail) == []
    journal.append(record("c"))
    assert read_all(tail) == ["c"]


def test_a_workers_segments_are_read_in_the_order_they_were_written(tmp_path: Path) -> None:
    write(tmp_path, *map(str, range(20)), segment_bytes=600).close()
    assert len(segments(tmp_path)) > 3
    assert read_all(Tail(tmp_path, {}), limit=3) == [str(number) for number in range(20)]


def test_a_later_segment_waits_until_the_one_before_it_has_ended(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a"), write(tmp_path, "b")
    tail = Tail(tmp_path, {})
    assert read_all(tail) == ["a"]
    first.append(record("a2"))
    first.close()
    assert read_all(tail) == ["a2", "b"]
    second.close()


def test_a_clock_that_was_set_back_holds_up_no_segment(tmp_path: Path) -> None:
    """The newer segment's name then sorts first, and it stays open for long."""
    write(tmp_path, "older").close()
    older = segments(tmp_path)[0]
    older.rename(tmp_path / f"w0-{10**19}-1.journal")
    newer = write(tmp_path, "newer")
    assert read_all(Tail(tmp_path, {})) == ["older", "newer"]
    newer.close()


def test_one_workers_open_segment_does_not_hold_up_another_worker(tmp_path: Path) -> None:
    journals = [write(tmp_path, f"from-{name}", worker=name) for name in ("w0", "w1", "w10")]
    assert sorted(read_all(Tail(tmp_path, {}))) == ["from-w0", "from-w1", "from-w10"]
    for journal in journals:
        journal.close()


def test_reading_begins_where_it_is_told(tmp_path: Path) -> None:
    write(tmp_path, "a", "b").close()
    first = Tail(tmp_path, {}).read(1)[0]
    assert [one.id for one in first.records] == ["a"]
    assert read_all(Tail(tmp_path, {first.segment: first.position})) == ["b"]


def test_a_segment_is_finished_when_it_has_ended_and_all_of_it_was_read(tmp_path: Path) -> None:
    journal, tail = write(tmp_path, "a"), Tail(tmp_path, {})
    read_all(tail)
    assert tail.finished == set()
    journal.close()
    read_all(tail)
    assert tail.finished == {segments(tmp_path)[0].name}
    segments(tmp_path)[0].unlink()
    read_all(tail)
    assert tail.finished == set()


@pytest.mark.parametrize("cut", [1, 5, 9, 40])
def test_a_torn_tail_ends_its_segment_and_is_told_with_what_it_lost(tmp_path: Path, cut: int) -> None:
    write(tmp_path, "a", "b").close()
    [torn] = segments(tmp_path)
    os.truncate(torn, torn.stat().st_size - cut)
    write(tmp_path, "c").close()
    told: list[Trouble] = []
    tail = Tail(tmp_path, {}, told.append)
    assert read_all(tail) == ["a", "c"]
    [trouble] = told
    assert (trouble.kind, trouble.segment) == ("torn", torn.name)
    assert trouble.position + trouble.lost_bytes == torn.stat().st_size
    assert tail.torn == {torn.name}


def test_a_frame_whose_bytes_changed_is_told_once_and_the_rest_of_its_segment_given_up(tmp_path: Path) -> None:
    journal = write(tmp_path, "a", "b", "c")
    [segment] = segments(tmp_path)
    with segment.open("r+b") as file:
        file.seek(end_of(segment) // 2)
        file.write(b"\xff")
    told: list[Trouble] = []
    tail = Tail(tmp_path, {}, told.append)
    assert [one.id for chunk in tail.read(9) for one in chunk.records] == ["a"]
    tail.read(9)
    assert told == [], "its writer may be at that very frame"
    assert read_all(tail) == []
    assert [trouble.kind for trouble in told] == ["torn"]
    assert tail.finished == set(), "its writer may still be at it"
    journal.close()
    write(tmp_path, "d").close()
    assert read_all(tail) == ["d"]
    assert len(told) == 1


def test_a_whole_frame_that_holds_no_record_is_told_and_passed_over(tmp_path: Path) -> None:
    journal = write(tmp_path, "a", "b")
    [segment] = segments(tmp_path)
    journal.close()
    [(first, _), (second, _)] = read_frames(segment)
    segment.write_bytes(frame(first) + frame(b"\xc1 not a record") + frame(second))
    told: list[Trouble] = []
    assert read_all(Tail(tmp_path, {}, told.append)) == ["a", "b"]
    assert [trouble.kind for trouble in told] == ["unreadable"]


def test_a_frame_of_a_later_release_is_read_without_what_is_new(tmp_path: Path) -> None:
    import msgspec

    later = {**msgspec.to_builtins(record("a")), "schema": 2, "mood": "good"}
    journal = write(tmp_path)
    [segment] = segments(tmp_path)
    segment.write_bytes(frame(msgspec.msgpack.encode(later)))
    assert read_all(Tail(tmp_path, {})) == ["a"]
    journal.close()


def test_a_segment_that_is_deleted_while_it_is_read_is_no_failure(tmp_path: Path) -> None:
    write(tmp_path, "a", "b").close()
    tail = Tail(tmp_path, {})
    tail.read(1)
    segments(tmp_path)[0].unlink()
    assert read_all(tail) == []


@given(sizes=st.lists(st.integers(1, 9), max_size=12), limit=st.integers(1, 7), segment=st.integers(200, 3000))
def test_every_record_is_read_once_whatever_the_limits(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int, segment: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal, tail = Journal(folder, "w0", segment), Tail(folder, {})
    written: list[str] = []
    read: list[str] = []
    for size in sizes:
        for _ in range(size):
            written.append(f"id-{len(written)}")
            journal.append(record(written[-1]))
        read += [one.id for chunk in tail.read(limit) for one in chunk.records]
    journal.close()
    assert read + read_all(tail, limit) == written


def numbered(folder: Path, *places: int, writer: str = "life", worker: str = "w0") -> None:
    """A segment with records that were counted so."""
    journal = Journal(folder, worker, writer=writer)
    for place in places:
        journal.appended = place - 1
        assert journal.append(record(f"{writer}-{place}"))
    journal.close()


def test_records_that_were_counted_and_are_not_there_are_told_by_their_places(tmp_path: Path) -> None:
    numbered(tmp_path, 1, 2, 5, 6)
    numbered(tmp_path, 9)
    told: list[Trouble] = []
    assert len(read_all(Tail(tmp_path, {}, told.append))) == 5
    assert [(trouble.kind, trouble.writer, trouble.first, trouble.last) for trouble in told] == [
        ("gap", "life", 3, 4), ("gap", "life", 7, 8)]
    assert [trouble.segment for trouble in told] == [segment.name for segment in segments(tmp_path)]


def test_a_life_is_counted_from_where_it_was_first_seen(tmp_path: Path) -> None:
    """What came before it is in the ledger, and its segments are gone."""
    numbered(tmp_path, 41, 42)
    numbered(tmp_path, 7, writer="next life")
    numbered(tmp_path, 1, 2, writer="other", worker="w1")
    told: list[Trouble] = []
    read_all(Tail(tmp_path, {}, told.append))
    assert told == []


def test_what_a_torn_frame_costs_is_told_in_bytes_and_in_records(tmp_path: Path) -> None:
    numbered(tmp_path, 1, 2, 3, 4)
    [torn] = segments(tmp_path)
    [(_, first), *_] = read_frames(torn)
    with torn.open("r+b") as file:
        file.seek(first + 20)
        file.write(b"\xff")
    size = end_of(torn)
    numbered(tmp_path, 5, 6)
    told: list[Trouble] = []
    assert read_all(Tail(tmp_path, {}, told.append)) == ["life-1", "life-5", "life-6"]
    assert [(trouble.kind, trouble.lost_bytes, trouble.first, trouble.last) for trouble in told] == [
        ("torn", size - first, 0, 0), ("gap", 0, 2, 4)]


def test_what_was_appended_again_comes_twice_or_once_as_is_wanted(tmp_path: Path) -> None:
    numbered(tmp_path, 1, 2, 3)
    numbered(tmp_path, 2, 3, 4)
    told: list[Trouble] = []
    assert len(read_all(Tail(tmp_path, {}, told.append))) == 6
    assert read_all(Tail(tmp_path, {}, told.append, doubles=False)) == [f"life-{place}" for place in (1, 2, 3, 4)]
    assert told == []


def test_a_killed_writers_segment_ends_at_its_last_record_and_is_not_torn(tmp_path: Path) -> None:
    """Behind it stands what was set aside, and perhaps a spare that no reader looks at; the next life removes that."""
    program = ("import os, sys; from pathlib import Path; from gateway.journal import Journal;"
               "from tests.operations.scripted_worker import record;"
               "journal = Journal(Path(sys.argv[1]), 'w0', 1 << 20);"
               "[journal.append(record(str(number))) for number in range(2000)];"
               "journal._spare.result(); os.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False, timeout=60)
    hidden = list(tmp_path.glob(".*"))
    assert [segment.stat().st_size for segment in segments(tmp_path)] == [1 << 20]
    told: list[Trouble] = []
    tail = Tail(tmp_path, {}, told.append)
    assert read_all(tail) == [str(number) for number in range(2000)]
    assert (told, tail.torn, tail.finished) == ([], set(), {segments(tmp_path)[0].name})
    Journal(tmp_path, "w1").close()
    assert list(tmp_path.glob(".*")) == hidden, "not another worker's"
    Journal(tmp_path, "w0").close()
    assert list(tmp_path.glob(".*")) == []
