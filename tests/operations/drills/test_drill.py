"""Drills on real backups, with a real gateway at their end."""

import asyncio
import base64
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import inspect

from gateway.config.settings import Backups, Settings
from operations.audit import store as acts
from operations.backups.databases import offline_engine
from operations.backups.folder import Folder
from operations.backups.making import Maker
from operations.drills import evidence
from operations.drills.drill import PREFIX, Drill
from operations.drills.report import NotSigned, Report, Signed, verified
from operations.secrets.master import MasterKey
from operations.secrets.signing import Signer
from operations.store.database import Database
from operations.store.tables import exchange
from tests.operations.backups.manifests import KEY
from tests.operations.backups.rows import NEWEST, counted, filled

MASTER = MasterKey(KEY, is_given=True)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    filled(database_url)
    return Settings(routing="routing.yaml", state=str(tmp_path / "state"), database=database_url,
                    backups=Backups(to=str(tmp_path / "backups")))


@pytest.fixture
def backup(settings: Settings, tmp_path: Path) -> Path:
    folder = Folder(tmp_path / "backups")
    return Maker(settings.database, tmp_path / "state", folder, MASTER, "here", lambda: NEWEST + 10).make().path


@pytest.fixture(autouse=True)
def nothing_left(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[None]:
    """A drill leaves no folder, no process and no database, whatever came of it."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    yield
    assert [path.name for path in scratch.iterdir() if path.name.startswith(PREFIX)] == []
    assert processes_naming(str(scratch)) == []
    if "postgres" in request.fixturenames:
        server = request.getfixturevalue("postgres")
        assert server.execute("select datname from pg_database where datname like '%drill%'") == []


def processes_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and int(entry.name) != os.getpid() and text in (entry / "cmdline").read_text():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def drilled(settings: Settings, file: Path, **options: Any) -> Report:
    drill = Drill(settings, MASTER, "here", clock=lambda: NEWEST + 100, **options)
    return drill.run(file, "jo", "to know")


def test_a_drill_ends_with_a_gateway_that_answers(settings: Settings, backup: Path) -> None:
    began = time.monotonic()
    report = drilled(settings, backup)
    took = time.monotonic() - began
    assert (report.passed, report.problem) == (True, "")
    assert [step.name for step in report.steps] == ["open", "restore", "routing", "boot", "ready", "models", "probe"]
    assert "assistant@smol-" in report.steps[-1].told
    assert report.recovery_seconds is not None
    assert 0 < report.recovery_seconds <= took
    assert (report.recovery_point_seconds, report.backup_age_seconds) == (100.0, 90.0)
    assert (report.revision, report.counts["exchange"]) == (2, 30)
    assert report.changed_routing == ["versions.smol-1.endpoints", "versions.smol-2.endpoints"]


@pytest.mark.parametrize("place", [3, 0.02, 0.5, -50, -1])
def test_one_flipped_byte_fails_it_and_says_where(place: float, settings: Settings, backup: Path) -> None:
    whole = bytearray(backup.read_bytes())
    whole[int(place * len(whole)) if 0 < place < 1 else int(place)] ^= 0x10
    backup.write_bytes(whole)
    report = drilled(settings, backup)
    assert not report.passed
    assert report.failed_step in ("open", "restore")
    assert "changed" in report.problem or "end is missing" in report.problem
    assert report.recovery_seconds is None


def test_a_place_with_something_in_it_is_refused_and_not_touched(settings: Settings, backup: Path) -> None:
    """Be it the gateway's own database, by mistake."""
    report = drilled(settings, backup, scratch=settings.database)
    assert (report.failed_step, report.passed) == ("restore", False)
    assert counted(settings.database, exchange) == [30]


def test_an_empty_place_that_was_there_is_there_and_empty_afterwards(
    settings: Settings, backup: Path, other_url: str, request: pytest.FixtureRequest
) -> None:
    if other_url.startswith("postgresql"):
        request.getfixturevalue("postgres").execute(f"create database {other_url.rpartition('/')[2]}")
    report = drilled(settings, backup, scratch=other_url, chain=lambda url: ["no further"])
    assert report.failed_step == "restore"
    if other_url.startswith("postgresql"):
        assert counted_tables(other_url) == 0
    else:
        assert not Path(other_url.removeprefix("sqlite:///")).exists()


def counted_tables(url: str) -> int:
    with offline_engine(url).connect() as connection:
        return len(inspect(connection).get_table_names())


def test_what_a_killed_drill_left_is_removed_and_what_is_kept_stays(settings: Settings, backup: Path) -> None:
    left = Path(tempfile.mkdtemp(prefix=PREFIX))
    (left / "gatewright.db").write_bytes(b"everything")
    drill = Drill(settings, MASTER, "here", keep=True, chain=lambda url: ["no further"])
    assert not drill.run(backup, "jo", "to know").passed
    assert not left.exists()
    folder = Path(drill.kept[-1])
    assert (folder / "state").exists() is False, "it was not restored as far as that"
    drilled(settings, backup, chain=lambda url: ["no further"])
    assert folder.is_dir(), "nor does the next drill take it"
    shutil.rmtree(folder)


def test_a_chain_that_does_not_verify_fails_it(settings: Settings, backup: Path) -> None:
    report = drilled(settings, backup, chain=lambda url: ["record 7 was changed"])
    assert (report.failed_step, report.passed) == ("restore", False)
    assert "record 7" in report.problem


def test_another_key_fails_it(settings: Settings, backup: Path) -> None:
    report = Drill(settings, MasterKey(bytes(32), True), "here").run(backup, "jo", "to know")
    assert not report.passed
    assert "operator's master key" in report.problem


def test_a_gateway_that_does_not_start_fails_it_with_its_last_words(
    settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWRIGHT_MASTER_KEY", "no key")
    report = drilled(settings, backup)
    assert report.failed_step == "boot"
    assert "GATEWRIGHT_MASTER_KEY" in report.problem


async def test_the_evidence_is_signed_in_a_file_and_in_the_database(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    report = Report(id="drill-1", at=NEWEST, host="here", release="0", backup="b", backup_age_seconds=1.5, counts={},
                    revision=1, passed=False, problem="a byte", failed_step="open")
    path = await asyncio.to_thread(
        evidence.file, report, MASTER, tmp_path / "state", settings.database, "jo", "to know")
    told = msgspec.json.decode(path.read_bytes(), type=Signed)
    assert verified(told) == report
    (row,) = await database.run(lambda connection: evidence.newest(connection, 5))
    assert (row["about"], row["actor"], row["details"]["problem"]) == ("drill-1", "jo", "a byte")
    assert msgspec.convert(row["details"]["evidence"], Signed) == told
    assert told.public_key == base64.b64encode(Signer(MASTER.derived("audit")).public).decode()
    with pytest.raises(NotSigned):
        verified(msgspec.structs.replace(told, report=told.report.replace("false", "true")))
    assert (await database.run(lambda connection: acts.newest(connection, 1)))[0]["kind"] == "drill.restore"
