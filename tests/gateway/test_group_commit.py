"""What the disk has confirmed it has, whatever fails; and who waits is told in the end."""

from __future__ import annotations

import asyncio
import io
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.group_commit import GroupCommit
from gateway.journal import Journal, decode_record, has_ended, read_frames, segments
from gateway.record import ExchangeRecord
from gateway.telemetry.logs import Log
from tests.gateway.exchanges import journaled

EIO = OSError(5, "Input/output error")


class Disk:
    """A disk beside the page cache: it has of each file what it had when a sync began, once that has ended. It fails
    when it is told to, and as Linux does: the next sync of the same file succeeds, and what was to be written is gone.
    """

    def __init__(self) -> None:
        self.files: dict[int, bytes] = {}
        self.syncs = 0
        self.failures: list[int] = []  # which of the syncs fail, counted from 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def sync(self, fd: int) -> None:
        status = os.fstat(fd)
        held = os.pread(fd, status.st_size, 0)
        number, self.syncs = self.syncs, self.syncs + 1
        assert self.may_go_on.wait(10)
        if number in self.failures:
            raise EIO
        self.files[status.st_ino] = held

    def after_a_power_cut(self, folder: Path) -> list[str]:
        """The ids that are found when the machine is up again."""
        folder.mkdir()
        for inode, held in sorted(self.files.items()):
            (folder / f"w0-{inode}-1.journal").write_bytes(held)
        return [decode_record(payload).id for segment in segments(folder) for payload, _ in read_frames(segment)]


class Case:
    def __init__(self, folder: Path, segment_bytes: int = 1 << 20) -> None:
        self.folder, self.disk, self.lines = folder, Disk(), io.StringIO()
        self.journal = Journal(folder / "journal", "w0", segment_bytes, writer="life", keeps=True)
        self.commit = GroupCommit(
            self.journal, asyncio.get_running_loop(), Log(self.lines, "info"), self.disk.sync)
        self.told: dict[str, bool] = {}

    def append(self, name: str) -> None:
        assert self.journal.append(ExchangeRecord(id=name, started_at=1.5))
        self.commit.after(lambda confirmed: self.told.update({name: confirmed}))

    async def until_told(self, *names: str) -> None:
        async with asyncio.timeout(10):
            while not self.told.keys() >= set(names):
                await asyncio.sleep(0.001)

    def records(self) -> list[tuple[str, int]]:
        return [(one.id, one.sequence) for one in journaled(self.folder / "journal")]

    def on_disk(self) -> list[str]:
        return self.disk.after_a_power_cut(self.folder / "disk")


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    made = Case(tmp_path)
    yield made
    made.disk.may_go_on.set()
    made.commit.close()
    made.journal.close()


async def test_who_is_told_yes_has_its_record_on_the_disk(case: Case) -> None:
    for name in "abc":
        case.append(name)
        await case.until_told(name)
        assert name in case.disk.after_a_power_cut(case.folder / f"disk-{name}")
    assert case.told == {"a": True, "b": True, "c": True}


async def test_nobody_is_told_while_the_disk_is_at_it_and_the_loop_goes_on(case: Case) -> None:
    case.disk.may_go_on.clear()
    case.append("a")
    await asyncio.sleep(0.05)
    assert (case.told, case.commit.waiting) == ({}, 1)
    case.disk.may_go_on.set()
    await case.until_told("a")
    assert case.commit.waiting == 0


async def test_those_who_come_meanwhile_share_the_next_sync(case: Case) -> None:
    case.disk.may_go_on.clear()
    case.append("first")
    for number in range(200):
        case.append(str(number))
    case.disk.may_go_on.set()
    await case.until_told("first", *map(str, range(200)))
    assert case.disk.syncs == 2
    assert len(case.on_disk()) == 201


async def test_a_sync_that_failed_is_not_tried_on_the_same_file(case: Case) -> None:
    """The second sync of that file would succeed, without what the first one should have written."""
    case.append("a")
    await case.until_told("a")
    [before] = segments(case.folder / "journal")
    case.disk.failures = [1]
    case.append("b")
    await case.until_told("b")
    assert case.told == {"a": True, "b": True}
    assert (case.commit.failures, case.commit.unconfirmed) == (1, 0)
    assert segments(case.folder / "journal")[-1] != before
    assert has_ended(before)
    assert sorted(case.on_disk()) == ["a", "b"]
    assert case.records() == [("a", 1), ("b", 2), ("b", 2)], "the same record again, in the same place"
    assert '"journal_sync_failed"' in case.lines.getvalue()


async def test_what_was_appended_behind_the_failed_sync_comes_into_the_new_segment_too(case: Case) -> None:
    case.disk.failures = [0]
    case.disk.may_go_on.clear()
    case.append("a")
    case.append("b")
    case.disk.may_go_on.set()
    await case.until_told("a", "b")
    assert case.told == {"a": True, "b": True}
    assert case.on_disk() == ["a", "b"]


async def test_where_no_disk_confirms_it_who_waits_is_told_so_and_the_next_one_tries_again(case: Case) -> None:
    case.disk.failures = [0, 1]
    case.append("a")
    await case.until_told("a")
    assert case.told == {"a": False}
    assert (case.commit.failures, case.commit.unconfirmed) == (2, 1)
    case.append("b")
    await case.until_told("b")
    assert case.told == {"a": False, "b": True}
    assert "b" in case.on_disk()


async def test_a_disk_that_takes_no_new_segment_is_asked_again_and_never_for_the_failed_one(case: Case) -> None:
    case.append("a")
    await case.until_told("a")
    moved = (case.folder / "journal").rename(case.folder / "elsewhere")
    case.disk.failures = [1]
    case.append("b")
    await case.until_told("b")
    assert case.told["b"] is False
    syncs = case.disk.syncs
    moved.rename(case.folder / "journal")
    case.append("c")
    await case.until_told("c")
    assert case.told["c"] is True
    assert case.disk.syncs == syncs + 1
    assert "c" in case.on_disk()


@pytest.mark.parametrize("failing", [[], [3], [2, 5, 6, 11]])
async def test_over_many_segments_all_that_was_confirmed_is_on_the_disk(tmp_path: Path, failing: list[int]) -> None:
    """A segment that is left stays open until what it holds is confirmed."""
    case = Case(tmp_path, segment_bytes=400)
    case.disk.failures = failing
    for number in range(300):
        case.append(f"{number:03d}")
        if number % 7 == 0:
            await asyncio.sleep(0.001)
    await case.until_told(*(f"{number:03d}" for number in range(300)))
    confirmed = [name for name, confirmed in case.told.items() if confirmed]
    assert set(case.on_disk()) >= set(confirmed)
    assert len(confirmed) == 300 or failing == [2, 5, 6, 11]
    case.journal.close()
    assert sorted(set(case.records())) == [(f"{number:03d}", number + 1) for number in range(300)]
    case.commit.close()


async def test_a_segments_name_is_on_the_disk_before_what_is_in_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.readlink(f"/proc/self/fd/{fd}")))
    case.append("a")
    await case.until_told("a")
    case.append("b")
    await case.until_told("b")
    assert synced == [str(case.folder / "journal")]
