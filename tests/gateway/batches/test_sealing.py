"""What lies on the disk opens whole, anywhere, and only as what it was written as."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.batches.sealing import CHUNK_BYTES, HEAD_BYTES, TAG_BYTES, Damaged, Notes, SealedReader, SealedWriter
from tests.gateway.batches.places import SECRET, reader_of, sealed

SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 7)


@pytest.mark.parametrize("size", SIZES)
def test_content_of_any_length_comes_back(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    reader = reader_of(tmp_path / "f", content)
    assert reader.size == size
    assert b"".join(reader.chunks()) == content
    reader.close()


@given(start=st.integers(0, 3 * CHUNK_BYTES), length=st.integers(0, 2 * CHUNK_BYTES))
def test_any_part_is_read_alone(tmp_path_factory: pytest.TempPathFactory, start: int, length: int) -> None:
    content = bytes(range(256)) * (CHUNK_BYTES // 100)
    reader = reader_of(tmp_path_factory.mktemp("f") / "f", content)
    assert reader.read(start, length) == content[start : start + length]
    reader.close()


def opened(path: Path, about: str = "a file", secret: bytes = SECRET) -> bytes:
    reader = SealedReader.of(path, secret, about)
    try:
        return b"".join(reader.chunks())
    finally:
        reader.close()


def opens(path: Path) -> bool:
    try:
        opened(path)
    except Damaged:
        return False
    return True


def test_what_is_changed_cut_off_moved_or_anothers_does_not_open(tmp_path: Path) -> None:
    content = os.urandom(3 * CHUNK_BYTES)
    path = sealed(tmp_path / "f", content)
    written = path.read_bytes()
    chunk = CHUNK_BYTES + TAG_BYTES
    first, second = (written[HEAD_BYTES + at * chunk : HEAD_BYTES + (at + 1) * chunk] for at in (0, 1))
    damages = {
        "a bit": written[:100] + bytes([written[100] ^ 1]) + written[101:],
        "the last chunk is missing": written[: HEAD_BYTES + 2 * chunk],
        "two chunks changed places": written[:HEAD_BYTES] + second + first + written[HEAD_BYTES + 2 * chunk :],
        "half a head": written[:10],
        "another head": b"GWF2" + written[4:],
        "nothing": b"",
    }
    for name, damaged in damages.items():
        path.write_bytes(damaged)
        assert not opens(path), name
    path.write_bytes(written)
    for about, secret in (("another file", SECRET), ("a file", b"x" * 32)):
        with pytest.raises(Damaged):
            opened(path, about, secret)
    assert opened(path) == content


def test_a_file_that_was_never_ended_does_not_open(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT, 0o600)
    writer = SealedWriter(fd, SECRET, "a file")
    writer.write(os.urandom(2 * CHUNK_BYTES))
    writer.abandon()
    with pytest.raises(Damaged):
        opened(tmp_path / "f")


def test_a_note_opens_as_what_it_is_about_and_as_nothing_else() -> None:
    notes = Notes(SECRET)
    closed = notes.closed(b"known", "file-1")
    assert notes.opened(closed, "file-1") == b"known"
    assert closed != notes.closed(b"known", "file-1"), "the same note twice looks like two"
    for data, about in ((closed, "file-2"), (closed[:-1], "file-1"), (b"", "file-1")):
        with pytest.raises(Damaged):
            notes.opened(data, about)
