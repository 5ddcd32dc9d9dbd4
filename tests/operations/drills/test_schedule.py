"""Scheduled drills under a hand clock; a script stands for the drill's own process."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.config.settings import Backups, Settings
from gateway.config.written import Duration
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.backups.folder import Folder
from operations.backups.making import Maker
from operations.backups.schedule import Schedule
from operations.drills.evidence import KIND
from operations.drills.gauges import of_drills
from operations.drills.schedule import Drills
from operations.secrets.master import MasterKey
from operations.store.database import Database
from tests.operations.backups.manifests import KEY
from tests.operations.backups.rows import filled
from tests.operations.conftest import Lines

WEEK = 7 * 86_400.0
BEGIN = 1_767_300_000.0
COUNTS = "import sys; sys.stdin.readline(); open(sys.argv[1], 'a').write('x')"
WAITS = "import sys; sys.stdin.readline(); open(sys.argv[1], 'a').write('x'); sys.stdin.read()"


class Place:
    """A host with one backup, whose drills are counted in a file."""

    def __init__(self, folder: Path, url: str, database: Database, log: Log) -> None:
        self.now = BEGIN
        self.done = folder / "done"
        self.database = database
        self.log = log
        self._settings = Settings(routing="r", state=str(folder / "state"), database=url, backups=Backups(
            str(folder / "backups"), drill_every=Duration(WEEK)))
        assert self._settings.backups is not None
        maker = Maker(url, folder / "state", Folder(folder / "backups"), MasterKey(KEY, True), "here", lambda: self.now)
        self.backups = Schedule(self._settings.backups, maker, url, database, log, lambda: self.now)

    def drills(self, script: str = COUNTS) -> Drills:
        return Drills(self._settings, self.backups, self.database, self.log, lambda: self.now, lambda: 0.0,
                      [sys.executable, "-c", script, str(self.done)])

    async def note(self, passed: bool) -> None:
        told = Act(at=self.now, kind=KIND, actor="jo", reason="r", about="d", details={
            "passed": passed, "recovery_seconds": 4.5 if passed else None, "recovery_point_seconds": 60.0})
        await self.database.run(lambda connection: acts.append(connection, told))

    def count(self) -> int:
        return len(self.done.read_text()) if self.done.exists() else 0


@pytest.fixture
def place(database_url: str, database: Database, tmp_path: Path, log: Log) -> Place:
    filled(database_url)
    return Place(tmp_path, database_url, database, log)


def values(drills: Drills) -> dict[str, Any]:
    return {sample.name.removeprefix("gatewright_drill_"): sample.value
            for family in of_drills(drills) for sample in family.samples}


async def test_none_is_done_before_there_is_a_backup_and_one_when_there_is(place: Place) -> None:
    drills = place.drills()
    await drills.step()
    assert place.count() == 0
    await place.backups.step()
    await drills.step()
    assert place.count() == 1


async def test_one_is_due_a_week_after_the_newest_whoever_did_it(place: Place) -> None:
    await place.backups.step()
    await place.note(passed=True)
    drills = place.drills()
    await drills.step()
    assert (place.count(), drills.missed) == (0, False)
    place.now += WEEK + 1
    await drills.step()
    assert place.count() == 1


async def test_the_newest_is_measured(place: Place) -> None:
    drills = place.drills()
    assert values(drills) == {"missed": 1}
    await place.note(passed=True)
    place.now += 30
    await drills.look()
    assert values(drills) == {
        "age_seconds": 30, "missed": 0, "passed": 1, "recovery_seconds": 4.5, "recovery_point_seconds": 60}
    await place.note(passed=False)
    await drills.look()
    assert values(drills)["passed"] == 0


async def test_one_that_cannot_even_tell_of_itself_is_logged(place: Place, lines: Lines) -> None:
    await place.backups.step()
    await place.drills("raise SystemExit(7)").step()
    assert lines.of("drill_failed")[0]["status"] == 7


async def test_a_drill_that_goes_on_ends_with_the_control_process(place: Place) -> None:
    await place.backups.step()
    step = asyncio.create_task(place.drills(WAITS).step())
    while not place.count():
        await asyncio.sleep(0.01)
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
