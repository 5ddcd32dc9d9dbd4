"""What was appended is read back, in order and once; what was torn costs itself and nothing else."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal import (
    MAX_FRAME_BYTES,
    Journal,
    Torn,
    decode_entry,
    decode_record,
    end_of,
    has_ended,
    read_frames,
    segments,
    size_of,
    worker_of,
    writer_pid,
)
from gateway.record import Attempt, ExchangeRecord, Signal
from gateway.segment import frame
from tests.gateway.exchanges import journaled


def record(name: str = "a", **fields: object) -> ExchangeRecord:
    return ExchangeRecord(id=name, started_at=1.5, **fields)  # type: ignore[arg-type]


@pytest.fixture
def opened(tmp_path: Path) -> Journal:
    return Journal(tmp_path, "w0")


def names(folder: Path) -> list[str]:
    return [each.id for each in journaled(folder)]


def ended(folder: Path) -> list[bool]:
    return [has_ended(segment) for segment in segments(folder)]


def eventually(condition: Callable[[], bool]) -> None:
    """Waits for what a thread of the journal's does meanwhile."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_record_comes_back_as_it_went_in(tmp_path: Path) -> None:
    written = record(
        "x", operation="chat.completions", tenant="té", propensity=0.1, outcome="answered", streamed=True,
        attempts=[Attempt(version="v", endpoint="http://a", result="answered", seconds=0.5, status=200)],
        token_gap_counts=[0, 3], prompt_tokens=(1 << 63) - 1)  # fmt: skip
    journal = Journal(tmp_path, "w0")
    assert journal.append(written)
    journal.close()
    assert journaled(tmp_path) == [written]
    assert (journal.appended, journal.lost) == (1, 0)


def test_an_append_is_in_the_file_when_it_returns(tmp_path: Path, opened: Journal) -> None:
    """Not in a buffer of this process: a kill -9 after it loses nothing."""
    for count in range(1, 4):
        opened.append(record(str(count)))
        assert len(journaled(tmp_path)) == count
    opened.close()


def test_what_a_killed_process_had_appended_is_there(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from gateway.journal import Journal
from gateway.record import ExchangeRecord
journal = Journal(Path(sys.argv[1]), "w0")
for i in range(100):
    journal.append(ExchangeRecord(id=str(i), started_at=0.0))
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False, timeout=60)
    assert names(tmp_path) == [str(i) for i in range(100)]
    assert has_ended(segments(tmp_path)[0]), "the kernel lets the lock of a dead process go"


def test_segments_follow_each_other_in_the_order_of_writing(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w0", segment_bytes=100)
    for i in range(50):
        journal.append(record(f"{i:02d}"))
    journal.close()
    assert len(segments(tmp_path)) > 10
    assert names(tmp_path) == [f"{i:02d}" for i in range(50)]
    assert all(has_ended(segment) for segment in segments(tmp_path))


def test_only_the_segment_that_may_grow_is_locked(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "w0", segment_bytes=1)
    journal.append(record())
    journal.append(record())
    eventually(lambda: ended(tmp_path) == [True, False])
    journal.close()
    assert ended(tmp_path) == [True, True]


def test_a_segment_is_never_seen_before_it_is_locked(tmp_path: Path) -> None:
    """Under its name it is locked; before, it has none that a reader looks at."""
    (tmp_path / ".w0-1-1.journal").write_bytes(b"")
    assert segments(tmp_path) == []


def test_a_segment_tells_its_worker_and_its_writer(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "host-a-worker-0")
    (segment,) = segments(tmp_path)
    assert (worker_of(segment), writer_pid(segment)) == ("host-a-worker-0", os.getpid())
    assert segment.stat().st_mode & 0o777 == 0o600
    journal.close()


def test_a_segment_that_is_gone_has_ended(tmp_path: Path) -> None:
    assert has_ended(tmp_path / "w0-1-1.journal")


def test_readers_do_not_keep_each_other_from_knowing(tmp_path: Path, opened: Journal) -> None:
    opened.close()
    (segment,) = segments(tmp_path)
    with segment.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert has_ended(segment)


# Torn tails


@pytest.fixture
def three(tmp_path: Path) -> tuple[Path, list[int]]:
    """A segment of three frames, and where each ends."""
    journal = Journal(tmp_path, "w0")
    for name in "abc":
        journal.append(record(name))
    journal.close()
    (segment,) = segments(tmp_path)
    return segment, [offset for _, offset in read_frames(segment)]


def test_a_segment_cut_anywhere_ends_at_its_last_whole_frame(three: tuple[Path, list[int]]) -> None:
    segment, ends = three
    whole = segment.read_bytes()
    for size in range(len(whole) + 1):
        segment.write_bytes(whole[:size])
        assert [offset for _, offset in read_frames(segment)] == [end for end in ends if end <= size]


def test_reading_goes_on_from_any_offset_that_it_gave(three: tuple[Path, list[int]]) -> None:
    segment, ends = three
    assert [decode_record(payload).id for payload, _ in read_frames(segment, ends[0])] == ["b", "c"]
    assert list(read_frames(segment, ends[2])) == []


def test_a_byte_that_changed_is_noticed_and_what_came_before_it_is_kept(three: tuple[Path, list[int]]) -> None:
    segment, ends = three
    whole = segment.read_bytes()
    for place in range(ends[0] + 4, ends[1]):
        segment.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(Torn) as torn:
            list(read_frames(segment))
        assert torn.value.offset == ends[0]
        assert str(torn.value) == f"{segment.name}: torn frame at byte {ends[0]}"


def test_a_tail_of_zeros_is_what_was_set_aside(three: tuple[Path, list[int]]) -> None:
    segment, ends = three
    whole = segment.read_bytes()
    for zeros in (1, 7, 8, 9, 4096, 1 << 20):
        segment.write_bytes(whole + bytes(zeros))
        assert [end for _, end in read_frames(segment)] == ends
        assert end_of(segment) == size_of(segment) <= ends[2]


def test_a_length_that_no_frame_has_is_torn_and_not_waited_for(three: tuple[Path, list[int]]) -> None:
    segment, ends = three
    segment.write_bytes(segment.read_bytes() + struct.pack("<II", MAX_FRAME_BYTES + 1, 0))
    with pytest.raises(Torn):
        list(read_frames(segment, ends[2]))


def test_reading_stops_at_its_limit_and_goes_on_there(tmp_path: Path, opened: Journal) -> None:
    for i in range(200):
        opened.append(record(f"{i:03d}"))
    opened.close()
    (segment,) = segments(tmp_path)
    seen, offset, rounds = [], 0, 0
    while found := list(read_frames(segment, offset, limit_bytes=300)):
        seen += [decode_record(payload).id for payload, _ in found]
        offset, rounds = found[-1][1], rounds + 1
    assert seen == [f"{i:03d}" for i in range(200)]
    assert rounds > 10


def test_what_stands_behind_a_hole_of_zeros_is_seen_to_be_there(three: tuple[Path, list[int]]) -> None:
    """What a file system may leave after the machine has lost its power: later pages without those before them."""
    segment, ends = three
    segment.write_bytes(segment.read_bytes()[: ends[0]] + bytes(20_000) + b"x" + bytes(5000))
    assert [end for _, end in read_frames(segment)] == ends[:1]
    assert end_of(segment) == ends[0] + 20_001


def test_a_frame_that_ends_in_zeros_is_not_taken_for_longer_than_it_is(tmp_path: Path) -> None:
    segment = tmp_path / "w0-1-1.journal"
    segment.write_bytes(frame(b"a") + frame(b"b\0\0") + bytes(5000))
    [_, (_, end)] = read_frames(segment)
    assert end_of(segment) == size_of(segment) == end - 2


def test_sizes_of_what_is_not_there_are_nothing(tmp_path: Path) -> None:
    gone, empty = tmp_path / "w0-1-1.journal", tmp_path / "w0-2-1.journal"
    empty.write_bytes(bytes(9000))
    assert [end_of(gone), size_of(gone), end_of(empty), size_of(empty)] == [0] * 4


@pytest.mark.parametrize("size", [1, 100, 262_135, 262_136, 262_137, 300_000, MAX_FRAME_BYTES - 8])
def test_frames_of_any_size_are_read_wherever_a_reader_stops(tmp_path: Path, size: int) -> None:
    segment = tmp_path / "w0-1-1.journal"
    payloads = [b"first", b"x" * size, b"y" * size, b"last"]
    segment.write_bytes(b"".join(map(frame, payloads)) + bytes(100))
    assert [payload for payload, _ in read_frames(segment)] == payloads


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=5), st.binary(max_size=60))
def test_whatever_follows_whole_frames_they_are_read(tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes],
                                                     tail: bytes) -> None:  # fmt: skip
    segment = tmp_path_factory.mktemp("journal") / "w0-1-1.journal"
    segment.write_bytes(b"".join(map(frame, payloads)) + tail)
    read: list[tuple[bytes, int]] = []
    with contextlib.suppress(Torn):
        read.extend(read_frames(segment))
    assert [payload for payload, _ in read][: len(payloads)] == payloads


# Records of other releases


def test_fields_of_a_later_release_are_left_out() -> None:
    later = {"id": "a", "started_at": 1.0, "schema": 2, "something_new": [1, 2]}
    assert decode_record(msgspec.msgpack.encode(later)).id == "a"


def test_a_record_of_an_earlier_release_has_defaults_for_what_is_new() -> None:
    assert decode_record(msgspec.msgpack.encode({"id": "a", "started_at": 1.0})).usage_source == "none"


def test_what_is_no_record_is_said_to_be_none() -> None:
    for payload in (b"\xc0", msgspec.msgpack.encode({"id": 5}), b""):
        with pytest.raises(msgspec.MsgspecError):
            decode_record(payload)


# Disks that will not take it


def in_a_process_with_a_full_disk(folder: Path, script: str) -> str:
    """Runs a script whose files may not grow beyond 1000 bytes: a `write` is cut short there, and then refused."""
    start = """
import os, resource, signal, sys
from pathlib import Path
from gateway.journal import Journal
from gateway.record import ExchangeRecord
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
def append(name, size=300):
    return journal.append(ExchangeRecord(id=name, started_at=0.0, content="x" * size))
limit(1000)
journal = Journal(Path(sys.argv[1]), "w0", writer="life")
"""
    done = subprocess.run([sys.executable, "-c", start + script, str(folder)], check=True, timeout=60,
                          capture_output=True, text=True)  # fmt: skip
    return done.stdout.strip()


def test_a_full_disk_loses_records_and_raises_nothing(tmp_path: Path) -> None:
    out = in_a_process_with_a_full_disk(tmp_path, """
print([append(str(i)) for i in range(3)], journal.appended, journal.lost, journal.full)
limit(0)
print([append(str(i)) for i in range(3, 6)], journal.appended, journal.lost, journal.full)
limit(resource.RLIM_INFINITY)
print([append(str(i)) for i in range(6, 8)], journal.appended, journal.lost, journal.full)
""")  # fmt: skip
    assert out.splitlines() == [
        "[True, True, False] 2 1 True", "[False, False, False] 2 4 True", "[True, True] 4 4 False"]
    assert [(one.id, one.sequence) for one in journaled(tmp_path)] == [("0", 1), ("1", 2), ("6", 3), ("7", 4)], (
        "no torn frame, and no gap where something is lost")
    assert all(end_of(segment) == segment.stat().st_size for segment in segments(tmp_path))


def test_blocks_that_were_set_aside_take_records_on_a_full_disk(tmp_path: Path) -> None:
    """Nobody has to ask the disk before they are used up; then it is asked, and tells."""
    out = in_a_process_with_a_full_disk(tmp_path, """
limit(resource.RLIM_INFINITY)
journal = Journal(Path(sys.argv[1]), "w1", 4000)
limit(1000)
taken = [append(str(i)) for i in range(20)]
print(taken.index(False) > 9, taken[-1], journal.full, journal.recover())
limit(resource.RLIM_INFINITY)
print(journal.recover(), journal.full, append("more"))
""")  # fmt: skip
    assert out.splitlines() == ["True False True False", "True False True"]
    assert names(tmp_path)[-1] == "more"


def test_a_worker_that_starts_on_a_full_disk_serves_and_recovers(tmp_path: Path) -> None:
    out = in_a_process_with_a_full_disk(tmp_path, """
folder = Path(sys.argv[1]) / "gone"
os.makedirs(folder)
few = len(os.listdir("/proc/self/fd")) - 1
resource.setrlimit(resource.RLIMIT_NOFILE, (few, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
journal = Journal(folder, "w0")
print(append("a"), journal.full, journal.lost)
resource.setrlimit(resource.RLIMIT_NOFILE, (1000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
print(append("b"), journal.full, journal.lost)
""")  # fmt: skip
    assert out.splitlines() == ["False True 1", "True False 1"]
    assert names(tmp_path / "gone") == ["b"]


def test_a_folder_that_is_gone_loses_records_until_it_is_back(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    journal = Journal(folder, "w0", segment_bytes=1)
    assert journal.append(record("a"))
    moved = folder.rename(tmp_path / "elsewhere")
    assert not journal.append(record("b")), "a new segment is due, and there is no place for it"
    moved.rename(folder)
    assert journal.append(record("c"))
    journal.close()
    assert (names(folder), journal.appended, journal.lost) == (["a", "c"], 2, 1)


def test_a_record_that_cannot_be_encoded_is_lost_and_raises_nothing(tmp_path: Path, opened: Journal) -> None:
    assert not opened.append(record("a", prompt_tokens=1 << 70))
    assert opened.append(record("b"))
    opened.close()
    assert (names(tmp_path), opened.lost) == (["b"], 1)


def test_a_record_larger_than_any_reader_takes_is_not_written(tmp_path: Path, opened: Journal) -> None:
    """It would hide all that comes after it in its segment."""
    assert not opened.append(record("a", content="x" * (MAX_FRAME_BYTES + 1)))
    assert opened.append(record("b"))
    opened.close()
    assert (names(tmp_path), opened.lost) == (["b"], 1)


def test_after_the_end_nothing_is_appended(opened: Journal) -> None:
    opened.close()
    opened.close()
    assert not opened.append(record())
    assert opened.lost == 1


def test_a_frame_is_length_checksum_payload_in_little_endian_order() -> None:
    """Written down here because other programs read it."""
    assert frame(b"abc") == b"\x03\x00\x00\x00" + zlib.crc32(b"abc").to_bytes(4, "little") + b"abc"


def test_signals_stand_between_exchanges_in_their_order_and_are_told_apart(tmp_path: Path, opened: Journal) -> None:
    """What was written before there were signals is read as it always was."""
    told = Signal(id="a:prompt:names", exchange_id="a", at=2.5, kind="guard", name="names", worker="w0", body={
        "guards": ["prompt:names:flag:1"], "guard_seconds": {"prompt:names": 0.25}})
    for one in (record("a", tenant="signal", key="record"), told, record("signal")):
        assert opened.append(one)
    opened.close()
    [segment] = segments(tmp_path)
    assert [decode_entry(payload) for payload, _ in read_frames(segment)] == [
        record("a", tenant="signal", key="record"), told, record("signal")]


def test_a_signal_is_no_record_to_a_reader_of_before() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_record(msgspec.msgpack.encode(Signal(id="s", exchange_id="a", at=1.0, kind="guard", name="names")))
