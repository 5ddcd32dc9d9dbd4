"""Backups of real databases: whole, consistent, and nobody waits for them."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select

from operations.backups.archive import Archive
from operations.backups.damage import Stopped
from operations.backups.databases import offline_engine, target_at
from operations.backups.folder import SUFFIX, Folder
from operations.backups.making import DATABASE, ERASURES, Maker, check, remove_scratch
from operations.backups.restoring import fill
from operations.secrets.master import MasterKey
from operations.store.tables import act, exchange, journal_cursor, revision, signal, watched_file
from tests.operations.backups.manifests import KEY
from tests.operations.backups.rows import NEWEST, Writer, counted, filled

MASTER = MasterKey(KEY, is_given=True)


@pytest.fixture
def maker(database_url: str, tmp_path: Path) -> Maker:
    filled(database_url)
    return Maker(database_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER, host="here",
                 clock=lambda: NEWEST + 60)


def restored(path: Path, url: str) -> None:
    target = target_at(url, Archive(path).manifest.kind, replace=False, moment="now")
    fill(Archive(path), MASTER.derived("backup"), target)
    target.take_place()


def test_a_backup_says_what_is_in_it(maker: Maker) -> None:
    made = maker.make()
    manifest = made.manifest
    assert manifest is not None
    assert manifest.counts.items() >= {"exchange": 30, "signal": 1, "act": 1, "revision": 2}.items()
    assert (manifest.revision, manifest.newest_at, manifest.created_at) == (2, NEWEST, NEWEST + 60)
    assert (manifest.key, manifest.key_is_given, manifest.host) == (maker.key_id, True, "here")
    assert maker.folder.all() == [made]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600


def test_nothing_of_the_database_can_be_read_in_the_file(maker: Maker) -> None:
    content = maker.make().path.read_bytes()
    assert b"exchange-0000" not in content
    assert b"as-it-happens" not in content, "the database's password"


def test_a_backup_can_be_restored_with_every_row(maker: Maker, other_url: str) -> None:
    restored(maker.make().path, other_url)
    assert counted(other_url, exchange, signal, act, revision) == [30, 1, 1, 2]


def test_small_files_of_the_state_folder_go_along(maker: Maker, tmp_path: Path) -> None:
    for name in (ERASURES, "snapshot.json", "host.key"):
        (tmp_path / "state").mkdir(exist_ok=True)
        (tmp_path / "state" / name).write_text("{}")
    found = check(Archive(maker.make().path), MASTER.derived("backup"))
    assert list(found) == [DATABASE, "writers.json", ERASURES, "snapshot.json"], "and never a key"


def test_a_backup_under_write_load_has_whole_transactions_only_and_holds_up_nobody(
    maker: Maker, database_url: str, other_url: str
) -> None:
    """At each of its first steps, which is as long as it reads, the writer commits twice before it may go on."""
    engine = offline_engine(database_url)
    with engine.begin() as connection:  # some steps' worth
        connection.execute(insert(watched_file), [
            {"path": f"{number}" + "x" * 4000, "digest": "", "seen_at": 0.0} for number in range(-1500, 0)])
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=0"))
        engine.dispose()
    with Writer(engine).running() as writer:
        writer.goes_on()
        before, steps = writer.done, []

        def step() -> None:
            if len(steps) < 12:
                writer.goes_on()
            steps.append(writer.done)

        made = maker.make(step)
    assert writer.held_up == 0
    assert len(steps) > 5
    restored(made.path, other_url)
    paths, segments = names_in(other_url)
    numbers = {int(path) for path in paths if "x" not in path}
    assert numbers == set(range(len(numbers))), "none is missing in between"
    assert segments == {f"{number}-{part}" for number in numbers for part in range(3)}, "each has all of its rows"
    assert before <= len(numbers) <= steps[0], "it is the state of one moment, at the beginning"


def names_in(url: str) -> tuple[set[str], set[str]]:
    engine = offline_engine(url)
    with engine.connect() as connection:
        found = set(connection.scalars(select(watched_file.c.path))), set(
            connection.scalars(select(journal_cursor.c.segment)))
    engine.dispose()
    return found


def test_what_is_given_up_leaves_nothing(maker: Maker, tmp_path: Path) -> None:
    def stop() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        maker.make(stop)
    assert list((tmp_path / "state").iterdir()) == []
    assert [path for path in tmp_path.rglob("*") if SUFFIX in path.name or ".partial" in path.name] == []


def test_what_a_killed_process_left_is_removed(maker: Maker, tmp_path: Path) -> None:
    left = tmp_path / "backups" / ".gatewright-old.partial"
    scratch = tmp_path / "state" / "backup-scratch-abc"
    scratch.mkdir(parents=True)
    left.parent.mkdir()
    left.write_bytes(b"half")
    (scratch / "copy.db").write_bytes(b"all of it")
    remove_scratch(tmp_path / "state")
    maker.make()
    assert not left.exists()
    assert not scratch.exists()
