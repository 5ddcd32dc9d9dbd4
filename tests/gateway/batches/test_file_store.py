"""Files: each tenant's own, until their time is over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.batches.file_store import ORPHAN_SECONDS
from gateway.batches.sealing import Damaged
from tests.gateway.batches.places import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_file_is_there_for_its_tenant_alone(shelf: Shelf) -> None:
    stored = shelf.file(b"content")
    assert shelf.files.get("shop", stored.id) == stored
    reader = shelf.files.open("shop", stored.id)
    assert reader is not None
    assert reader.read(0, 100) == b"content"
    reader.close()
    assert shelf.files.get("rival", stored.id) is None
    assert shelf.files.open("rival", stored.id) is None
    assert not shelf.files.delete("rival", stored.id)
    assert stored.document() == {
        "id": stored.id, "object": "file", "bytes": 7, "created_at": int(stored.created_at),
        "expires_at": int(stored.expires_at), "filename": "input.jsonl", "purpose": "batch", "status": "processed",
        "status_details": None}  # fmt: skip


def test_files_are_listed_in_either_order_from_anywhere(shelf: Shelf) -> None:
    ids = [shelf.file().id for _ in range(4)]
    assert [one.id for one in shelf.files.newest_first("shop")] == ids[::-1]
    assert [one.id for one in shelf.files.newest_first("shop", after=ids[2])] == [ids[1], ids[0]]
    assert [one.id for one in shelf.files.newest_first("shop", after=ids[1], ascending=True)] == ids[2:]
    assert list(shelf.files.newest_first("rival")) == []


def test_a_file_past_its_time_is_not_there_and_the_sweep_removes_it(shelf: Shelf) -> None:
    short, long = shelf.file(b"x" * 100, keep=10), shelf.file(b"y", keep=1000)
    shelf.wall.now += 11
    assert shelf.files.get("shop", short.id) is None
    assert [one.id for one in shelf.files.newest_first("shop")] == [long.id]
    assert shelf.files.sweep() == 1
    assert {path.name for path in shelf.place.files_of("shop").iterdir()} == {long.id + ".data", long.id + ".note"}


def test_what_never_became_a_file_is_swept_after_an_hour(shelf: Shelf) -> None:
    draft = shelf.files.draft("shop")
    draft.write(b"half of it")
    draft.writer.abandon()
    os.utime(draft.path, (shelf.wall.now, shelf.wall.now))
    shelf.files.sweep()
    assert draft.path.exists(), "somebody may still be writing it"
    os.utime(draft.path, (shelf.wall.now - ORPHAN_SECONDS - 1,) * 2)
    shelf.files.sweep()
    assert not draft.path.exists()


def test_bytes_are_counted_also_of_what_is_being_written(shelf: Shelf) -> None:
    assert shelf.files.used_bytes("shop") == 0
    shelf.file(b"x" * 1000)
    draft = shelf.files.draft("shop")
    draft.write(b"y" * 200_000)
    assert 190_000 < shelf.files.used_bytes("shop") < 203_000
    draft.discard()
    assert shelf.files.used_bytes("shop") < 1200
    shelf.file(b"z" * 5000, "rival")
    assert shelf.files.total_bytes() == shelf.files.used_bytes("shop") + shelf.files.used_bytes("rival")


def test_content_goes_on_under_a_second_name_when_the_file_is_deleted(shelf: Shelf, tmp_path: Path) -> None:
    stored = shelf.file(b"content")
    assert shelf.files.link("shop", stored.id, tmp_path / "input")
    assert shelf.files.link("shop", stored.id, tmp_path / "input"), "done twice, it is as once"
    assert not shelf.files.link("rival", stored.id, tmp_path / "other")
    assert shelf.files.delete("shop", stored.id)
    assert not shelf.files.link("shop", stored.id, tmp_path / "late")
    assert (tmp_path / "input").stat().st_size > 7


def test_a_file_that_was_begun_twice_under_one_id_is_what_was_written_last(shelf: Shelf) -> None:
    file_id = shelf.file(b"first").id
    draft = shelf.files.draft("shop", file_id)
    draft.write(b"second")
    draft.publish("output.jsonl", "batch_output", shelf.wall.now + 10)
    reader = shelf.files.open("shop", file_id)
    assert reader is not None
    assert reader.read(0, 10) == b"second"
    reader.close()


def test_a_note_that_somebody_else_put_there_is_no_note(shelf: Shelf) -> None:
    mine, other = shelf.file(b"a"), shelf.file(b"b")
    folder = shelf.place.files_of("shop")
    (folder / f"{mine.id}.note").write_bytes((folder / f"{other.id}.note").read_bytes())
    with pytest.raises(Damaged):
        shelf.files.get("shop", mine.id)
