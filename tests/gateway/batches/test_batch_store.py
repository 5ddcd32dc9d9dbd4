"""Batches: one folder, one runner, one change at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.batches.batch import Batch, NotPossible
from gateway.batches.batch_store import INPUT
from tests.gateway.batches.places import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_batch_is_its_tenants_and_waits_in_the_queue(shelf: Shelf) -> None:
    batch = shelf.batch(b"{}")
    assert shelf.batches.get("shop", batch.id) == batch
    assert shelf.batches.get("rival", batch.id) is None
    assert shelf.place.queued() == [shelf.folder_of(batch)]
    assert (shelf.batches.unfinished("shop"), shelf.batches.unfinished("rival")) == (1, 0)


def test_without_an_input_there_is_no_batch(shelf: Shelf) -> None:
    batch = Batch(id=shelf.batches.new_id(), tenant="shop", key="k", endpoint="/v1/embeddings",
                  input_file_id="file-1", created_at=1.0)
    assert not shelf.batches.begin(batch, lambda to: False)
    assert shelf.batches.get("shop", batch.id) is None
    assert shelf.place.queued() == []


def test_one_runs_it_at_a_time_and_the_next_when_that_one_is_gone(shelf: Shelf) -> None:
    folder = shelf.folder_of(shelf.batch())
    held = shelf.batches.take(folder)
    assert held is not None
    assert shelf.batches.take(folder) is None
    held.let_go()
    script = f"import fcntl, os; fd = os.open({str(folder / 'lock')!r}, os.O_RDWR); fcntl.flock(fd, fcntl.LOCK_EX)\n"
    script += "print('mine', flush=True); import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        assert shelf.batches.take(folder) is None
        other.kill()
        other.wait()
    again = shelf.batches.take(folder)
    assert again is not None, "the kernel has let go of what the dead one had"
    again.let_go()


def test_changes_that_come_at_once_are_all_made(shelf: Shelf) -> None:
    folder = shelf.folder_of(shelf.batch())

    def add() -> None:
        for _ in range(20):
            shelf.batches.change(folder, lambda batch: setattr(batch, "completed", batch.completed + 1))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batch = shelf.batches.read(folder)
    assert batch is not None
    assert batch.completed == 80


def test_a_move_that_is_not_possible_changes_nothing(shelf: Shelf) -> None:
    batch = shelf.batch()
    with pytest.raises(NotPossible):
        shelf.batches.change(shelf.folder_of(batch), lambda one: one.move("written", 1.0))
    assert shelf.batches.get("shop", batch.id) == batch


def test_what_has_ended_leaves_the_queue_and_its_input_and_is_kept_a_while(shelf: Shelf) -> None:
    batch, other = shelf.batch(), shelf.batch()
    folder = shelf.folder_of(batch)
    shelf.batches.change(folder, lambda one: one.move("invalid", shelf.wall()))
    shelf.batches.end(folder)
    assert shelf.place.queued() == [shelf.folder_of(other)]
    assert not (folder / INPUT).exists()
    assert shelf.batches.sweep(100.0) == 0
    shelf.wall.now += 101
    assert shelf.batches.sweep(100.0) == 1
    assert not folder.exists()
    assert shelf.batches.get("shop", other.id) is not None, "what has not ended is not too old"


def test_they_are_listed_newest_first(shelf: Shelf) -> None:
    mine = [shelf.batch().id for _ in range(3)]
    others = shelf.batch(tenant="rival").id
    assert [one.id for one in shelf.batches.newest_first("shop")] == mine[::-1]
    assert [one.id for one in shelf.batches.newest_first("shop", after=mine[1])] == [mine[0]]
    assert {one.id for one in shelf.batches.of_all_tenants()} == {*mine, others}
