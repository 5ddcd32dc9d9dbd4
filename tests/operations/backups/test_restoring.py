"""Restoring: what is good takes its place, what is not touches nothing."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, select, text

from gateway.journal import Journal
from gateway.telemetry.logs import Log
from operations.audit.act import Act
from operations.backups.archive import Archive, written
from operations.backups.contents import contents_of
from operations.backups.damage import Damaged, Refused
from operations.backups.databases import offline_engine, target_at
from operations.backups.folder import Backup, Folder
from operations.backups.making import ERASURES, Maker
from operations.backups.restoring import Restored, restore
from operations.backups.verifying import verify
from operations.ledger.drain import Drain
from operations.secrets.master import MasterKey
from operations.store import migrations
from operations.store.database import Database
from operations.store.migrations import HEAD
from operations.store.tables import act, exchange, revision
from tests.operations.backups.manifests import KEY
from tests.operations.backups.rows import NEWEST, counted, filled
from tests.operations.backups.rows import exchange as exchange_record

MASTER = MasterKey(KEY, is_given=True)
KEY_OF_BACKUPS = MASTER.derived("backup")
NOW = NEWEST + 90


@pytest.fixture
def made(database_url: str, tmp_path: Path) -> Backup:
    filled(database_url)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / ERASURES).write_bytes(b'{"of": "the backup"}\n')
    return Maker(database_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER, host="here").make()


@pytest.fixture
def taken_url(other_url: str, request: pytest.FixtureRequest) -> str:
    """The second place, with something in it already."""
    if not other_url.startswith("sqlite"):
        request.getfixturevalue("postgres").execute(
            f"create database {other_url.rpartition('/')[2]} template migrated")
    filled(other_url, exchanges=5)
    return other_url


def restored(made: Backup, url: str, replace: bool = False, state: Path | None = None, **seams: Any) -> Restored:
    archive = Archive(made.path)
    told = Act(at=NOW, kind="backup.restore", actor="jo", reason="the disk failed", about="it")
    return restore(archive, KEY_OF_BACKUPS, target_at(url, archive.manifest.kind, replace, "20260101T000000Z"), state,
                   told, **seams)


def reasons(url: str) -> list[str]:
    engine = offline_engine(url)
    with engine.connect() as connection:
        found = list(connection.scalars(select(act.c.reason).order_by(act.c.id)))
    engine.dispose()
    return found


def test_a_restored_database_has_every_row_and_says_what_it_is(made: Backup, other_url: str) -> None:
    done = restored(made, other_url)
    assert counted(other_url, exchange, revision) == [30, 2]
    assert reasons(other_url) == ["because", "the disk failed"]
    assert (done.kept, done.lost_seconds) == ("", 90.0)


def test_a_database_that_is_not_empty_is_not_touched(made: Backup, database_url: str) -> None:
    with pytest.raises(Refused, match="--replace"):
        restored(made, database_url)
    assert counted(database_url, exchange) == [30]


def test_an_empty_database_is_filled(made: Backup, other_url: str, request: pytest.FixtureRequest) -> None:
    if other_url.startswith("sqlite"):
        Path(other_url.removeprefix("sqlite:///")).touch()
    else:
        request.getfixturevalue("postgres").execute(f"create database {other_url.rpartition('/')[2]}")
    assert restored(made, other_url).kept == ""
    assert counted(other_url, exchange) == [30]


def test_what_is_replaced_is_kept_beside(made: Backup, taken_url: str) -> None:
    done = restored(made, taken_url, replace=True)
    assert counted(taken_url, exchange) == [30]
    kept = f"sqlite:///{done.kept}" if taken_url.startswith("sqlite") else f"{taken_url.rpartition('/')[0]}/{done.kept}"
    assert "_before_" in kept or ".before-" in kept
    assert counted(kept, exchange) == [5]


def test_a_chain_that_does_not_verify_leaves_what_was_there(made: Backup, taken_url: str) -> None:
    with pytest.raises(Damaged, match="record 7 was changed"):
        restored(made, taken_url, replace=True, chain=lambda url: ["record 7 was changed"])
    assert counted(taken_url, exchange) == [5]


def test_the_chain_is_asked_of_what_was_restored(made: Backup, other_url: str) -> None:
    asked = []

    def chain(url: str) -> list[str]:
        asked.append(counted(url, exchange))
        return []

    restored(made, other_url, chain=chain)
    verify(Archive(made.path), KEY_OF_BACKUPS, target_at(other_url + "x", Archive(made.path).manifest.kind, False, "t"),
           chain)
    assert asked == [[30], [30]]


def test_erasures_of_the_backup_and_of_the_host_are_applied_again(
    made: Backup, other_url: str, tmp_path: Path
) -> None:
    """Neither is newer in everything: what either names does not come back."""
    state = tmp_path / "state"
    (state / ERASURES).write_bytes(b'{"of": "the host"}\n')
    read = []
    done = restored(made, other_url, state=state, reapply=lambda connection, file: read.append(
        (counted_by(connection), file.read_bytes())))
    assert read == [(30, b'{"of": "the backup"}\n'), (30, b'{"of": "the host"}\n')]
    assert done.erasures == 2
    assert (state / ERASURES).read_bytes() == b'{"of": "the host"}\n', "a host's own is not replaced"


def counted_by(connection: Any) -> int:
    return len(list(connection.scalars(select(exchange.c.id))))


async def test_journals_are_drained_on_top_of_what_was_restored_each_record_once(
    database_url: str, other_url: str, tmp_path: Path, log: Log
) -> None:
    """The segment was half drained when the backup was made, and wholly before the disaster."""
    journal = Journal(tmp_path / "state" / "journal", "w0")
    before, after = Database(database_url), Database(other_url)

    async def drained(database: Database) -> None:
        await Drain(database, tmp_path / "state" / "journal", frozenset, log).step()

    for number in range(10):
        journal.append(exchange_record(number))
    await drained(before)
    made = Maker(database_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER).make()
    for number in range(10, 25):
        journal.append(exchange_record(number))
    await drained(before)
    done = await asyncio.to_thread(restored, made, other_url, state=tmp_path / "state")
    assert done.segments == 1
    assert counted(other_url, exchange) == [10]
    await drained(after)
    assert counted(other_url, exchange) == [25]
    for database in (before, after):
        database.close()
    journal.close()


def test_a_new_host_gets_the_small_files(made: Backup, other_url: str, tmp_path: Path) -> None:
    restored(made, other_url, state=tmp_path / "new")
    assert (tmp_path / "new" / ERASURES).read_bytes() == b'{"of": "the backup"}\n'


@pytest.mark.parametrize("place", [0, 9, 0.1, 0.5, 0.9, -45, -20, -1])
def test_a_flipped_byte_touches_nothing(place: float, made: Backup, other_url: str, tmp_path: Path) -> None:
    whole = bytearray(made.path.read_bytes())
    whole[int(place * len(whole)) if 0 < abs(place) < 1 else int(place)] ^= 1
    made.path.write_bytes(whole)
    with pytest.raises(Damaged):
        restored(made, other_url)
    with pytest.raises(Damaged):
        verify(Archive(made.path), KEY_OF_BACKUPS, None)
    assert not exists(other_url)


def exists(url: str) -> bool:
    try:
        return bool(counted(url, exchange))
    except Exception:
        return False


def test_a_backup_that_promises_other_rows_than_it_has_is_found(made: Backup, other_url: str) -> None:
    """Whoever has the key can forge a manifest; the rows tell."""
    archive = Archive(made.path)
    members = [(name, list(blocks)) for name, blocks in archive.members(KEY_OF_BACKUPS)]
    told = msgspec.structs.replace(archive.manifest, counts={**archive.manifest.counts, "exchange": 31})
    made.path.write_bytes(b"".join(written(told, members, KEY_OF_BACKUPS)))
    with pytest.raises(Damaged, match="exchange has 30 rows, not 31"):
        restored(made, other_url)
    assert not exists(other_url)


def test_a_backup_of_an_earlier_release_is_brought_to_this_ones_tables(
    sqlite_url: str, tmp_path: Path
) -> None:
    engine = offline_engine(sqlite_url)
    with engine.begin() as connection:
        upgraded_to(connection, "0004")
        connection.execute(text("INSERT INTO watched_file VALUES ('r', 'd', 1.0)"))
    old = Maker(sqlite_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER).make()
    assert old.manifest is not None
    assert old.manifest.schema == "0004"
    new = f"sqlite:///{tmp_path}/restored.db"
    restored(old, new)
    assert reasons(new) == ["the disk failed"]
    with offline_engine(new).connect() as connection:
        assert contents_of(connection).schema == HEAD


def upgraded_to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def test_a_backup_of_a_later_release_is_refused(made: Backup, other_url: str) -> None:
    archive = Archive(made.path)
    members = [(name, list(blocks)) for name, blocks in archive.members(KEY_OF_BACKUPS)]
    told = msgspec.structs.replace(archive.manifest, schema="9999", release="9.0")
    made.path.write_bytes(b"".join(written(told, members, KEY_OF_BACKUPS)))
    with pytest.raises(Refused, match=r"release 9\.0"):
        restored(made, other_url)


def test_a_dump_goes_into_a_database_of_its_own_kind(made: Backup, other_url: str, tmp_path: Path) -> None:
    other = "postgresql://a@b/c" if other_url.startswith("sqlite") else f"sqlite:///{tmp_path}/x.db"
    with pytest.raises(Refused, match="--to"):
        restored(made, other)


def test_a_database_in_use_is_not_replaced(made: Backup, taken_url: str) -> None:
    if taken_url.startswith("sqlite"):
        with closing(sqlite3.connect(taken_url.removeprefix("sqlite:///"))) as user:
            user.execute("select * from exchange").fetchone()
            with pytest.raises(Refused, match="open in another process"):
                restored(made, taken_url, replace=True)
    else:
        engine = offline_engine(taken_url)
        with engine.connect(), pytest.raises(Refused, match="being accessed by other users"):
            restored(made, taken_url, replace=True)
        engine.dispose()
    assert counted(taken_url, exchange) == [5]


def test_a_broken_sqlite_database_can_be_replaced(sqlite_url: str, tmp_path: Path) -> None:
    """That is what backups are for."""
    filled(sqlite_url)
    made = Maker(sqlite_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER).make()
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    path.write_bytes(b"no database any more" * 1000)
    done = restored(made, sqlite_url, replace=True)
    assert counted(sqlite_url, exchange) == [30]
    assert Path(done.kept).read_bytes().startswith(b"no database")


def test_a_verification_leaves_nothing(made: Backup, other_url: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    archive = Archive(made.path)
    found = verify(archive, KEY_OF_BACKUPS, target_at(other_url, archive.manifest.kind, False, "t"))
    assert found.restored
    assert found.members.keys() == {"database", "writers.json", ERASURES}
    assert sorted(tmp_path.rglob("*")) == before
    assert not exists(other_url)
