"""A run goes on wherever the last one stopped. What needs a model server stands in tests/e2e/test_batches.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gateway.batches.batch import WINDOW_SECONDS, Batch
from gateway.batches.batch_store import INPUT, RESULTS
from gateway.batches.book import LineBook
from gateway.batches.erasing import Erased
from gateway.batches.last_record import hand_over
from gateway.batches.results import Result, Results
from gateway.batches.run import Run
from gateway.batches.surroundings import Surroundings
from gateway.config.settings import Batches, Key, Limits
from gateway.ids import IdMarks
from gateway.journal import Journal as RealJournal
from gateway.pipeline import Pipeline
from gateway.record import Entry, ExchangeRecord
from gateway.telemetry.logs import Log
from tests.gateway.batches.places import SECRET, Shelf
from tests.gateway.exchanges import KEYS, FaultList, HandClock, endpoints_at, routing, snapshot_of

KEY = Key("k", "0" * 64, "shop")


class Journal:
    """Keeps the records that were appended."""

    full = False

    def __init__(self) -> None:
        self.records: list[Entry] = []

    def append(self, entry: Entry) -> bool:
        raise AssertionError("no line is asked here")

    def append_again(self, entry: Entry) -> bool:
        self.records.append(entry)
        return True


class Host:
    """A worker's end of batches, without a pipeline: what is asked of a model fails the test."""

    def __init__(self, folder: Path, keys: dict[str, Key] | None) -> None:
        self.shelf = Shelf(folder)
        self.journal = Journal()
        self.log = StringIO()
        self.clock = HandClock()
        self.clock.wall = self.shelf.wall  # type: ignore[method-assign]
        snapshot = snapshot_of(routing("http://127.0.0.1:9"), endpoints_at(self.clock))
        self.around = Surroundings(
            batches=self.shelf.batches, files=self.shelf.files, secret=SECRET, settings=Batches(), limits=Limits(),
            keys=keys, marks=IdMarks(b"m" * 32), erased=Erased(self.shelf.place, SECRET),
            subject_of=KEYS.subject_of, pipeline=Pipeline((), FaultList()), book=LineBook(self.journal),
            snapshot=lambda: snapshot, clock=self.clock, new_id=lambda: "0" * 32, threads=ThreadPoolExecutor(1),
            log=Log(self.log), journal=folder / "journal")

    def batch(self, *custom_ids: str, **more: Any) -> Batch:
        lines = [{"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}
                 for name in custom_ids]
        return self.shelf.batch(b"".join(json.dumps(line).encode() + b"\n" for line in lines), **more)

    def done(self, batch: Batch, *lines: int, subjects: Mapping[int, str] | None = None) -> list[Result]:
        """Results that an earlier run has left; the batch is in progress."""
        folder = self.shelf.folder_of(batch)

        def begin(batch: Batch) -> None:
            batch.total = 3
            batch.move("valid", 1.0)

        self.shelf.batches.change(folder, begin)
        results = Results(folder / RESULTS, SECRET, batch.id, 3)
        left = [Result(line, f"q{line}", 200, f"id{line}", b'{"n":%d}' % line, ExchangeRecord(
            id=f"id{line}", started_at=1.0, outcome="answered", prompt_tokens=5, completion_tokens=2,
            subject=(subjects or {}).get(line, "")))
            for line in lines]
        for one in left:
            results.append(one)
        results.close()
        return left

    async def run(self, batch: Batch) -> Batch:
        held = self.shelf.batches.take(self.shelf.folder_of(batch))
        assert held is not None
        await Run(held, self.around).go()
        found = self.shelf.batches.get("shop", batch.id)
        assert found is not None
        return found

    def lines_of(self, file_id: str | None) -> list[dict[str, Any]]:
        if file_id is None:
            return []
        reader = self.shelf.files.open("shop", file_id)
        assert reader is not None
        try:
            return [json.loads(line) for line in b"".join(reader.chunks()).splitlines()]
        finally:
            reader.close()


async def test_the_record_of_the_last_result_is_written_again_and_of_no_other(tmp_path: Path) -> None:
    """Between a result and its record there is room for one kill; the ledger takes an id once."""
    host = Host(tmp_path, None)
    batch = host.batch("q0", "q1", "q2")
    left = host.done(batch, 2, 0, 1)
    ended = await host.run(batch)
    assert [entry.id for entry in host.journal.records] == ["id1"]
    assert host.journal.records[0] == left[-1].record
    assert (ended.state, ended.completed, ended.usage.prompt) == ("completed", 3, 15)
    assert [line["custom_id"] for line in host.lines_of(ended.output_file_id)] == ["q0", "q1", "q2"]
    assert host.shelf.place.queued() == []
    assert not (host.shelf.folder_of(batch) / INPUT).exists()


async def test_the_record_of_the_last_result_is_not_written_again_where_it_is_known(tmp_path: Path) -> None:
    host = Host(tmp_path, None)
    journal = RealJournal(tmp_path / "journal", "w7", writer="w" * 22)
    first, second = host.batch("q0", "q1", "q2"), host.batch("q0", "q1", "q2")
    for record in (host.done(first, 0, 1, 2)[-1].record, ExchangeRecord(id="id9", started_at=1.0)):
        journal.append(record)
    host.done(second, 0, 2, 1)
    hand_over(host.shelf.folder_of(second))
    await host.run(first)
    await host.run(second)
    assert host.journal.records == [], "the first is in a journal of the host; the second run ended in order"
    journal.close()


async def test_a_run_that_ended_while_it_wrote_the_output_writes_it_again_under_the_same_id(tmp_path: Path) -> None:
    host = Host(tmp_path, None)
    batch = host.batch("q0")
    host.done(batch, 0)
    folder = host.shelf.folder_of(batch)

    def begin_to_finish(batch: Batch) -> None:
        batch.total = 1
        batch.move("all_done", 2.0)
        batch.planned = ("file-" + "0" * 27 + "1", "file-" + "0" * 27 + "2")

    host.shelf.batches.change(folder, begin_to_finish)
    half = host.shelf.files.draft("shop", "file-" + "0" * 27 + "1")
    half.write(b"half a line")
    half.writer.abandon()
    ended = await host.run(batch)
    assert (ended.state, ended.output_file_id) == ("completed", "file-" + "0" * 27 + "1")
    assert [line["response"]["body"] for line in host.lines_of(ended.output_file_id)] == [{"n": 0}]
    assert [one.id for one in host.shelf.files.newest_first("shop")][1:] == [ended.output_file_id]


@pytest.mark.parametrize("keys", [{}, {"0" * 64: Key("k", "0" * 64, "rival")}, {"0" * 64: Key("j", "0" * 64, "shop")}])
async def test_a_batch_whose_key_is_gone_fails_and_keeps_what_is_done(tmp_path: Path, keys: dict[str, Key]) -> None:
    host = Host(tmp_path, keys)
    batch = host.batch("q0", "q1")
    host.done(batch, 1)
    ended = await host.run(batch)
    assert (ended.state, [error.code for error in ended.errors]) == ("failed", ["key_removed"])
    assert [line["custom_id"] for line in host.lines_of(ended.output_file_id)] == ["q1"]
    assert [(line["custom_id"], line["error"]["code"]) for line in host.lines_of(ended.error_file_id)] == [
        ("q0", "key_removed")]


async def test_a_batch_that_was_away_for_longer_than_its_window_expires(tmp_path: Path) -> None:
    host = Host(tmp_path, {"0" * 64: KEY})
    batch = host.batch("q0", "q1")
    host.done(batch, 0)
    host.shelf.wall.now += WINDOW_SECONDS
    ended = await host.run(batch)
    assert (ended.state, ended.at.keys()) == ("expired", {"in_progress", "expired"})
    assert [line["error"]["code"] for line in host.lines_of(ended.error_file_id)] == ["batch_expired"]


async def test_one_that_was_cancelled_before_it_began_is_cancelled(tmp_path: Path) -> None:
    host = Host(tmp_path, None)
    batch = host.batch("q0")
    host.shelf.batches.change(host.shelf.folder_of(batch), lambda one: one.move("cancel", 1.0))
    ended = await host.run(batch)
    assert (ended.state, ended.output_file_id, ended.error_file_id) == ("cancelled", None, None)


async def test_one_whose_input_is_damaged_fails_and_says_so(tmp_path: Path) -> None:
    host = Host(tmp_path, None)
    batch = host.batch("q0")
    path = host.shelf.folder_of(batch) / INPUT
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    ended = await host.run(batch)
    assert (ended.state, [error.code for error in ended.errors]) == ("failed", ["file_damaged"])
    assert '"state":"failed"' in host.log.getvalue()


async def test_what_has_ended_is_only_taken_from_the_queue(tmp_path: Path) -> None:
    host = Host(tmp_path, None)
    batch = host.batch("q0")
    host.shelf.batches.change(host.shelf.folder_of(batch), lambda one: one.move("invalid", 1.0))
    assert (await host.run(batch)).state == "failed"
    assert host.shelf.place.queued() == []
