"""What arrives lies in a file without a name and in no memory, and goes with whoever held it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.batches.sealing import Damaged
from gateway.batches.upload import FORM_BYTES, MOST_AT_ONCE, Uploads
from gateway.config.settings import Batches
from gateway.refusal import FilesUnavailable, NotAuthenticated, Overloaded, TooLarge
from tests.gateway.stages.test_identify import KEYS

HEADERS = [(b"content-type", b"multipart/form-data; boundary=x"), (b"authorization", b"Bearer sk-correct-horse")]
SETTINGS = Batches(file_bytes=1 << 20)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_what_was_written_is_read_and_leaves_nothing(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "up", SETTINGS, KEYS)
    before = open_files()
    upload = uploads.begin(HEADERS)
    assert (upload.tenant, upload.content_type) == ("tenant-a", "multipart/form-data; boundary=x")
    for _ in range(10):
        upload.write(b"0123456789" * 1000)
    assert list((tmp_path / "up").iterdir()) == [], "it has no name: whatever ends the process ends it"
    reader = upload.reader()
    assert b"".join(reader.chunks()) == b"0123456789" * 10_000
    reader.close()
    upload.close()
    upload.close()
    assert open_files() == before
    assert uploads.open == set()


def test_it_lies_there_encrypted(tmp_path: Path) -> None:
    upload = Uploads(tmp_path, SETTINGS, None).begin([])
    upload.write(b"Chrysanthemum" * 10_000)
    assert b"Chrysanthemum" not in os.pread(upload._fd, 1 << 20, 0)
    upload._secret = bytes(32)
    with pytest.raises(Damaged):
        next(upload.reader().chunks())
    upload.close()


def test_without_a_key_no_byte_is_taken(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "up", SETTINGS, KEYS)
    with pytest.raises(NotAuthenticated):
        uploads.begin(HEADERS[:1])
    assert not (tmp_path / "up").exists()


def test_more_than_is_allowed_is_refused_and_let_go(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, SETTINGS, None)
    before = open_files()
    upload = uploads.begin([])
    upload.write(b"x" * (SETTINGS.file_bytes + FORM_BYTES))
    with pytest.raises(TooLarge) as refused:
        upload.write(b"x")
    assert refused.value.code == "file_too_large"
    assert open_files() == before


def test_so_many_at_once_and_no_more(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, SETTINGS, None)
    several = [uploads.begin([]) for _ in range(MOST_AT_ONCE)]
    with pytest.raises(Overloaded):
        uploads.begin([])
    several.pop().close()
    several.append(uploads.begin([]))
    for one in several:
        one.close()


def test_a_disk_that_takes_nothing_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "up").write_text("no folder")
    with pytest.raises(FilesUnavailable):
        Uploads(tmp_path / "up", SETTINGS, None).begin([])
    uploads = Uploads(tmp_path / "other", SETTINGS, None)
    upload = uploads.begin([])

    def full(fd: int, data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(FilesUnavailable):
        upload.write(b"x" * 100_000)
    assert uploads.open == set()
