"""At every moment there is a snapshot to start from, and what is in it is what was written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import snapshot_file
from gateway.snapshot_file import NAME, PREVIOUS, StoredRevision, Unreadable, digest_of

ROUTING = {"versions": {"v1": {}}, "models": {"m": {"split": {"v1": 1}}}}


def stored(revision: int, routing: Any = ROUTING) -> StoredRevision:
    return StoredRevision(revision=revision, digest=digest_of(routing), created_at=1.5, routing=routing)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    snapshot_file.write(tmp_path / "state", stored(1))
    assert snapshot_file.read(tmp_path / "state") == stored(1)


def test_the_one_before_is_kept_and_the_one_before_that_is_not(tmp_path: Path) -> None:
    for revision in (1, 2, 3):
        snapshot_file.write(tmp_path, stored(revision))
    assert snapshot_file.read(tmp_path).revision == 3
    assert snapshot_file.read_file(tmp_path / PREVIOUS).revision == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, PREVIOUS]


DAMAGES = {
    "empty": lambda raw: b"", "cut short": lambda raw: raw[: len(raw) // 2], "zeros": lambda raw: bytes(len(raw)),
    "another weight": lambda raw: raw.replace(b'"v1":1', b'"v1":2'), "no JSON": lambda raw: b"not json",
    "another format": lambda raw: raw.replace(b'"format":1', b'"format":2'),
    "another digest": lambda raw: raw.replace(b'"digest":"', b'"digest":"0'),
    "a field of another kind": lambda raw: raw.replace(b'"revision":2', b'"revision":"2"'),
    "no UTF-8": lambda raw: raw.replace(b"v1", b"\xff\xfe"), "an array": lambda raw: b"[]",
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_gives_way_to_the_one_before(tmp_path: Path, damage: Any) -> None:
    snapshot_file.write(tmp_path, stored(1))
    snapshot_file.write(tmp_path, stored(2))
    path = tmp_path / NAME
    damaged = damage(path.read_bytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    assert snapshot_file.read(tmp_path).revision == 1
    snapshot_file.write(tmp_path, stored(3))
    assert snapshot_file.read_file(tmp_path / PREVIOUS).revision == 1, "a damaged file is not kept as last-good"


def test_a_missing_file_gives_way_to_the_one_before(tmp_path: Path) -> None:
    snapshot_file.write(tmp_path, stored(1))
    snapshot_file.write(tmp_path, stored(2))
    (tmp_path / NAME).unlink()
    assert snapshot_file.read(tmp_path).revision == 1


def test_where_both_are_gone_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=PREVIOUS):
        snapshot_file.read(tmp_path)


@pytest.mark.parametrize("step", range(1, 12))
def test_a_writer_killed_between_any_two_steps_leaves_a_snapshot(tmp_path: Path, step: int) -> None:
    """Each call to the system is a step; at the given one the process is gone."""
    snapshot_file.write(tmp_path, stored(1))
    snapshot_file.write(tmp_path, stored(2))
    script = """
import os, pathlib, signal, sys
from gateway import snapshot_file
left = int(sys.argv[2])
def counted(real):
    def call(*arguments, **named):
        global left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **named)
    return call
for name in ("open", "fsync", "link", "replace", "unlink", "close"):
    setattr(os, name, counted(getattr(os, name)))
pathlib.Path.open = counted(pathlib.Path.open)
snapshot_file.write(pathlib.Path(sys.argv[1]), snapshot_file.StoredRevision(
    revision=3, digest=snapshot_file.digest_of({}), created_at=0.0, routing={}))
"""
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path), str(step)], check=False, timeout=60)
    found = snapshot_file.read(tmp_path)
    assert found.revision in ((2, 3) if ended.returncode else (3,))
    assert snapshot_file.read_file(tmp_path / PREVIOUS).revision in (1, 2)
    snapshot_file.write(tmp_path, stored(4))
    assert snapshot_file.read(tmp_path).revision == 4, "what it left behind is in nobody's way"


@given(st.recursive(st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8))
def test_the_digest_of_what_was_written_is_that_of_what_is_read(routing: Any) -> None:
    assert digest_of(msgspec.json.decode(msgspec.json.encode(routing))) == digest_of(routing)


def test_the_order_of_a_split_is_part_of_the_digest() -> None:
    """It decides who gets what."""
    assert digest_of({"split": {"a": 1, "b": 1}}) != digest_of({"split": {"b": 1, "a": 1}})


def test_readers_of_this_release_leave_alone_what_a_later_one_wrote(tmp_path: Path) -> None:
    snapshot_file.write(tmp_path, stored(1))
    later = msgspec.json.encode({**msgspec.to_builtins(stored(2)), "format": 2})
    (tmp_path / NAME).write_bytes(later)
    with pytest.raises(Unreadable, match="another format"):
        snapshot_file.read_file(tmp_path / NAME)


def test_a_folder_that_cannot_be_written_raises_and_changes_nothing(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        occupied = tmp_path / "state"
        occupied.write_text("a file, not a folder")
        with pytest.raises(OSError, match="state"):
            snapshot_file.write(occupied, stored(1))
        return
    snapshot_file.write(tmp_path, stored(1))
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        snapshot_file.write(tmp_path, stored(2))
    tmp_path.chmod(0o700)
    assert snapshot_file.read(tmp_path).revision == 1
