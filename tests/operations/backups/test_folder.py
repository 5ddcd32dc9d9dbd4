"""The folder: whole files only, and nobody else's business."""

import fcntl
from pathlib import Path

import pytest

from operations.backups.archive import written
from operations.backups.folder import Folder
from tests.operations.backups.manifests import KEY, manifest


def put(folder: Folder, name: str, **fields: object) -> None:
    with folder.writing(name) as file:
        for part in written(manifest(id=name, **fields), [("database", [b"x"])], KEY):
            file.write(part)


def test_backups_are_listed_newest_first_with_what_is_wrong_with_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    put(folder, "a", created_at=2.0)
    put(folder, "b", created_at=3.0, source="another")
    (tmp_path / "c.gwbackup").write_bytes(b"nothing of ours")
    found = folder.all()
    assert [one.path.name for one in found] == ["b.gwbackup", "a.gwbackup", "c.gwbackup"]
    assert [bool(one.problem) for one in found] == [False, False, True]
    assert [one.path.name for one in folder.of("another")] == ["b.gwbackup"]


def test_a_file_has_its_name_only_when_all_is_well(tmp_path: Path) -> None:
    folder, names = Folder(tmp_path), []

    def write_half() -> None:
        with folder.writing("a") as file:
            file.write(b"half")
            names.extend(folder.all())
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        write_half()
    assert names == []
    assert list(tmp_path.iterdir()) == []


def test_what_another_process_is_writing_is_left_alone(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    theirs, left = tmp_path / ".theirs.partial", tmp_path / ".left.partial"
    left.touch()
    with theirs.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        put(folder, "a")
        assert theirs.exists()
    assert not left.exists()


def test_a_folder_that_is_not_there_is_an_error_until_it_is_written_to(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new")
    with pytest.raises(FileNotFoundError):
        folder.all()
    put(folder, "a")
    assert len(folder.all()) == 1
