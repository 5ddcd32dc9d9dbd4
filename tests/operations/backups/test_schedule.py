"""The schedule under a hand clock, over real files and a real database."""

import asyncio
import resource
from pathlib import Path
from typing import Any

import pytest

from gateway.config.settings import Backups
from gateway.config.written import Duration
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.backups.folder import Folder
from operations.backups.gauges import of_backups
from operations.backups.making import Maker
from operations.backups.schedule import BackupFailed, Busy, Schedule
from operations.backups.turn import turn
from operations.secrets.master import MasterKey
from operations.store.database import Database
from tests.operations.backups.manifests import KEY
from tests.operations.backups.rows import filled
from tests.operations.conftest import Lines

DAY = 86_400.0
BEGIN = 1_767_300_000.0


class Hours:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hours:
    return Hours()


class Host:
    """A host's schedule, started again as often as a test likes; hosts share the folder, and the database."""

    def __init__(self, url: str, database: Database, folder: Path, clock: Hours, log: Log) -> None:
        self._url, self._database, self._folder, self._clock, self._log = url, database, folder, clock, log

    def started(self, name: str = "here", key: bytes = KEY, given: bool = True, **rule: Any) -> Schedule:
        to = rule.pop("to", str(self._folder / "backups"))
        maker = Maker(self._url, self._folder / "state", Folder(Path(to)), MasterKey(key, given), name, self._clock)
        return Schedule(Backups(to=to, **{"every": Duration(DAY), **rule}), maker, self._url, self._database, self._log,
                        self._clock, draw=lambda: 0.5)


@pytest.fixture
def host(database_url: str, database: Database, tmp_path: Path, clock: Hours, log: Log) -> Host:
    filled(database_url)
    return Host(database_url, database, tmp_path, clock, log)


def names(schedule: Schedule) -> list[str]:
    return [one.path.name for one in schedule.maker.folder.all()]


async def test_a_backup_is_made_at_once_where_there_is_none_and_again_when_it_is_due(host: Host, clock: Hours) -> None:
    schedule = host.started()
    await schedule.step()
    (first,) = names(schedule)
    clock.now += DAY
    assert 0 < await schedule.step() <= 30, "the jitter is not over"
    assert names(schedule) == [first]
    clock.now += DAY * 0.01
    await schedule.step()
    assert len(names(schedule)) == 2


async def test_a_restart_neither_skips_a_backup_nor_makes_one_twice(host: Host, clock: Hours) -> None:
    await host.started().step()
    clock.now += DAY / 2
    again = host.started()
    await again.step()
    assert len(names(again)) == 1
    clock.now += DAY
    later = host.started()
    await later.step()
    assert len(names(later)) == 2


async def test_a_missed_backup_is_told(host: Host, clock: Hours) -> None:
    schedule = host.started()
    await schedule.look()
    assert schedule.missed, "there is none at all"
    await schedule.step()
    assert not schedule.missed
    clock.now += DAY * 1.09
    assert not schedule.missed
    clock.now += DAY * 0.02
    assert schedule.missed
    values = {sample.name: sample.value for family in of_backups(schedule) for sample in family.samples}
    assert values["gatewright_backup_missed"] == 1
    assert values["gatewright_backup_age_seconds"] == pytest.approx(DAY * 1.11)


async def test_a_backup_whose_file_is_gone_is_none(host: Host) -> None:
    schedule = host.started()
    await schedule.step()
    for one in schedule.maker.folder.all():
        one.path.unlink()
    await schedule.look()
    assert schedule.missed


async def test_a_clock_that_was_ahead_holds_nothing_up(host: Host, clock: Hours) -> None:
    clock.now += 10 * DAY
    schedule = host.started()
    await schedule.step()
    clock.now -= 10 * DAY
    await schedule.step()
    assert len(names(schedule)) == 2


async def test_the_rule_keeps_a_number_and_an_age(host: Host, clock: Hours) -> None:
    schedule = host.started(keep=2)
    for _ in range(4):
        await schedule.step()
        clock.now += DAY * 1.05
    assert len(names(schedule)) == 2
    aged = host.started(keep=1, keep_for=Duration(2.5 * DAY))
    for _ in range(4):
        await aged.step()
        clock.now += DAY * 1.05
    assert len(names(aged)) == 3, "one in number, and two more that are young enough"


async def test_each_backup_made_and_deleted_is_an_act(host: Host, clock: Hours, database: Database) -> None:
    schedule = host.started(keep=1)
    for _ in range(2):
        await schedule.step()
        clock.now += DAY * 1.05
    told = await database.run(lambda connection: acts.newest(connection, 4))
    assert [one["kind"] for one in told] == ["backup.delete", "backup.create", "backup.create", "revision.apply"]
    assert told[0]["about"] == told[2]["about"]
    assert told[1]["details"].items() >= {"host": "here", "revision": 2}.items()


async def test_other_files_and_the_backups_of_others_are_left_alone(host: Host, clock: Hours, tmp_path: Path) -> None:
    schedule = host.started(keep=1)
    folder = tmp_path / "backups"
    await host.started(name="there").make("by hand", "jo")
    (theirs,) = names(schedule)
    foreign = theirs if schedule.maker.source.startswith("sqlite") else None  # PostgreSQL's is one for every host
    (folder / "gatewright-20000101T000000Z-aaaaaa.gwbackup").write_bytes(b"damaged, and no reason to be deleted")
    (folder / "notes.txt").write_text("mine")
    for _ in range(3):
        await schedule.step()
        clock.now += DAY * 1.05
    left = {path.name for path in folder.iterdir()}
    assert left >= {"gatewright-20000101T000000Z-aaaaaa.gwbackup", "notes.txt"} | ({foreign} if foreign else set())


async def test_a_folder_that_cannot_be_written_is_counted_told_and_tried_again(
    host: Host, tmp_path: Path, lines: Lines
) -> None:
    (tmp_path / "file").write_text("no folder")
    schedule = host.started(to=str(tmp_path / "file"))
    await schedule.step()
    await schedule.step()
    assert schedule.failures_total == 2
    assert schedule.missed
    assert str(tmp_path / "file") in schedule.problem
    assert len(lines.of("backup_failed")) == 2


async def test_a_full_disk_leaves_no_half_file_and_is_counted(host: Host, tmp_path: Path) -> None:
    """What the kernel says of a file that may not grow any more is what it says of a full disk."""
    schedule = host.started()
    await schedule.make("good", "jo")
    (good,) = names(schedule)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(BackupFailed):
            await schedule.make("no room", "jo")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in (tmp_path / "backups").iterdir()] == [good]
    assert list((tmp_path / "state").iterdir()) == []
    assert schedule.failures_total == 1


async def test_one_backup_is_made_at_a_time(host: Host) -> None:
    schedule = host.started()
    making = asyncio.create_task(schedule.make("first", "jo"))
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await schedule.make("second", "jo")
    await making
    assert len(names(schedule)) == 1


async def test_a_process_that_leaves_gives_up_what_it_was_making(host: Host, tmp_path: Path) -> None:
    schedule = host.started()
    making = asyncio.create_task(schedule.make("first", "jo"))
    await asyncio.sleep(0)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    await asyncio.get_running_loop().shutdown_default_executor()
    assert [path for path in tmp_path.rglob("*") if path.name.startswith((".gatewright", "gatewright-"))] == []


async def test_of_hosts_that_share_a_server_one_makes_it(
    postgres_url: str, tmp_path: Path, clock: Hours, log: Log
) -> None:
    """Also where each has a folder of its own: what another has made is read off its act."""
    filled(postgres_url)
    database = Database(postgres_url)
    host = Host(postgres_url, database, tmp_path, clock, log)
    first, second = host.started("first", to=str(tmp_path / "1")), host.started("second", to=str(tmp_path / "2"))
    with turn(postgres_url) as mine:
        assert mine
        await first.step()  # another host is at it
        assert not (tmp_path / "1").exists()
    await first.step()
    await second.step()
    assert len(names(first)) == 1
    assert not (tmp_path / "2").exists()
    assert second.newest_at == first.newest_at
    database.close()


async def test_a_key_that_is_lost_with_the_host_is_warned_of(host: Host, lines: Lines) -> None:
    await host.started(given=False).step()
    (told,) = lines.of("backup_key_is_the_hosts")
    assert "GATEWRIGHT_MASTER_KEY" in told["remedy"]
