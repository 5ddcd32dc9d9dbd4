"""What a worker seals can be opened by the holder of the master key and by nobody else, and only as it was written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.content.item import Item
from gateway.content.sealing import HEAD_BYTES, MAX_FRAME_BYTES, Sealer
from gateway.content.segments import SEGMENT_SECONDS, ContentSegments, sealed_segments
from gateway.journal import has_ended
from operations.content.opening import NotOurs, Opener, SealedSegment
from operations.secrets.master import MasterKey
from tests.gateway.exchanges import HandClock

MASTER = MasterKey(b"k" * 32, is_given=True)
SEALING = MASTER.host_keys().sealing
CANARY = b"canary of a sealed segment"


def item(number: int = 1, body: bytes = CANARY) -> Item:
    return Item(f"id-{number}", f"id-{number}", 1000.0 + number, "shop", "s" * 32, "", 2000.0, body)


def opened(path: Path, master: MasterKey = MASTER) -> list[Item]:
    return list(SealedSegment(path, Opener(master)).read(1 << 30))


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def segments(tmp_path: Path, clock: HandClock) -> Iterator[ContentSegments]:
    made = ContentSegments(tmp_path / "content", "w0", SEALING, clock.time, free_bytes=0)
    yield made
    made.close()


def test_what_was_sealed_is_opened_in_order(segments: ContentSegments, tmp_path: Path) -> None:
    kept = [item(number) for number in range(20)]
    assert all(map(segments.keep, kept))
    (path,) = sealed_segments(tmp_path / "content")
    assert opened(path) == kept
    assert (segments.kept, segments.shed) == (20, 0)


def test_nothing_of_it_can_be_read_in_the_file(segments: ContentSegments, tmp_path: Path) -> None:
    """Neither the text nor whose it is."""
    segments.keep(item())
    (path,) = sealed_segments(tmp_path / "content")
    data = path.read_bytes()
    assert not any(told in data for told in (CANARY, b"shop", b"id-1", b"ssss"))
    assert path.stat().st_mode & 0o077 == 0


def test_another_master_key_does_not_open_it_and_says_so(segments: ContentSegments, tmp_path: Path) -> None:
    segments.keep(item())
    (path,) = sealed_segments(tmp_path / "content")
    with pytest.raises(NotOurs):
        opened(path, MasterKey(b"x" * 32, is_given=True))


def test_the_sealing_key_opens_nothing(segments: ContentSegments, tmp_path: Path) -> None:
    """What a worker is given is public: with it taken for the private half, nothing opens."""
    segments.keep(item())
    (path,) = sealed_segments(tmp_path / "content")
    opener = Opener(MASTER)
    opener._private = X25519PrivateKey.from_private_bytes(SEALING)
    assert list(SealedSegment(path, opener).read(1 << 20)) == []


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_one_byte_that_was_changed_is_found(at: int, flip: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("flipped")
    segments = ContentSegments(folder, "w0", SEALING, HandClock().time, free_bytes=0)
    kept = [item(number) for number in range(3)]
    for one in kept:
        segments.keep(one)
    segments.close()
    (path,) = sealed_segments(folder)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= flip
    path.write_bytes(data)
    try:
        found = opened(path)
    except NotOurs:
        return
    assert len(found) < 3
    assert found == kept[: len(found)]


def test_frames_that_were_exchanged_do_not_open(segments: ContentSegments, tmp_path: Path) -> None:
    segments.keep(item(1))
    segments.keep(item(2))
    (path,) = sealed_segments(tmp_path / "content")
    data = path.read_bytes()
    middle = HEAD_BYTES + (len(data) - HEAD_BYTES) // 2
    path.write_bytes(data[:HEAD_BYTES] + data[middle:] + data[HEAD_BYTES:middle])
    assert opened(path) == []


def test_a_frame_that_is_still_being_written_is_read_when_it_is_whole(segments: ContentSegments,
                                                                      tmp_path: Path) -> None:
    segments.keep(item(1))
    segments.keep(item(2))
    (path,) = sealed_segments(tmp_path / "content")
    data = path.read_bytes()
    path.write_bytes(data[:-5])
    reader = SealedSegment(path, Opener(MASTER))
    assert list(reader.read(1 << 20)) == [item(1)]
    path.write_bytes(data)
    assert list(reader.read(1 << 20)) == [item(2)]
    assert reader.unread_bytes == 0
    assert not reader.torn


def test_a_segment_ends_after_a_while_and_with_it_its_key(segments: ContentSegments, tmp_path: Path,
                                                          clock: HandClock) -> None:
    segments.keep(item(1))
    (first,) = sealed_segments(tmp_path / "content")
    segments.sweep()
    assert not has_ended(first)
    clock.now += SEGMENT_SECONDS
    segments.sweep()
    assert has_ended(first)
    segments.keep(item(2))
    heads = [path.read_bytes()[:HEAD_BYTES] for path in sealed_segments(tmp_path / "content")]
    assert len(set(heads)) == 2


def test_a_full_segment_is_followed_by_another(tmp_path: Path, clock: HandClock) -> None:
    segments = ContentSegments(tmp_path, "w0", SEALING, clock.time, free_bytes=0, segment_bytes=500)
    kept = [item(number, os.urandom(300)) for number in range(6)]
    for one in kept:
        assert segments.keep(one)
    segments.close()
    assert [one for path in sealed_segments(tmp_path) for one in opened(path)] == kept


def test_content_is_the_first_to_go_when_the_disk_fills(tmp_path: Path, clock: HandClock) -> None:
    """While less is free than the records may need nothing is kept, and it is counted."""
    segments = ContentSegments(tmp_path, "w0", SEALING, clock.time, free_bytes=1 << 60)
    assert not segments.keep(item())
    assert (segments.kept, segments.shed) == (0, 1)
    segments.close()
    (path,) = sealed_segments(tmp_path)
    assert opened(path) == []


def test_a_folder_that_takes_no_file_costs_the_content_alone(tmp_path: Path, clock: HandClock) -> None:
    (tmp_path / "content").write_text("no folder")
    segments = ContentSegments(tmp_path / "content", "w0", SEALING, clock.time)
    assert not segments.keep(item())
    assert segments.shed == 1


def test_what_no_reader_would_take_is_not_sealed() -> None:
    sealer = Sealer(SEALING, os.urandom)
    with pytest.raises(OverflowError):
        sealer.seal(bytes(MAX_FRAME_BYTES))
