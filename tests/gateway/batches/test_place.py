"""Names on the disk tell nothing, and no id of a client's making becomes a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.batches.place import Place, created_at, new_id, replace_whole
from tests.gateway.batches.places import SECRET


def test_ids_are_in_order_of_time_and_tell_it() -> None:
    ids = [new_id("file-", 1_800_000_000.0 + seconds) for seconds in (0, 0.001, 5, 86_400)]
    assert ids == sorted(ids)
    assert created_at(ids[2]) == 1_800_000_005.0


@pytest.mark.parametrize("written", ["", "file-", "../../etc/passwd", "file-" + "g" * 28, "file-" + "a" * 29, "file-/"])
def test_what_is_no_id_has_no_path(tmp_path: Path, written: str) -> None:
    place = Place(tmp_path, SECRET)
    assert place.file("shop", written, ".data") is None
    assert place.batch("shop", written) is None


def test_tenants_are_apart_and_their_names_are_not_told(tmp_path: Path) -> None:
    place = Place(tmp_path, SECRET)
    assert place.files_of("shop") != place.files_of("rival")
    assert "shop" not in str(place.files_of("shop").relative_to(tmp_path))
    assert place.tenant("shop") != Place(tmp_path, b"x" * 32).tenant("shop")


def test_the_queue_has_the_oldest_first_and_passes_over_what_is_no_batch(tmp_path: Path) -> None:
    place = Place(tmp_path, SECRET)
    assert place.queued() == []
    batches = [place.batch(tenant, new_id("batch_", at)) for tenant, at in (("b", 2.0), ("a", 1.0), ("a", 3.0))]
    for batch in batches:
        assert batch is not None
        place.enqueue(batch)
    (tmp_path / "queue" / "lost+found").touch()
    assert place.queued() == [batches[1], batches[0], batches[2]]
    assert batches[0] is not None
    place.dequeue(batches[0])
    place.dequeue(batches[0])
    assert place.queued() == [batches[1], batches[2]]


def test_a_small_file_is_replaced_whole(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        replace_whole(tmp_path / "note", content)
        assert (tmp_path / "note").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["note"]
