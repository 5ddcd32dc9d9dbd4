"""What is PostgreSQL's alone: programs that fail, names that are long, roles that may not."""

from pathlib import Path

import psycopg
import pytest

from operations.backups.archive import Archive
from operations.backups.damage import Damaged, Refused
from operations.backups.databases import target_at
from operations.backups.folder import Folder
from operations.backups.making import Maker
from operations.backups.postgresql import DumpFailed, PostgresTarget
from operations.backups.restoring import fill
from operations.secrets.master import MasterKey
from tests.operations.backups.manifests import KEY
from tests.operations.backups.rows import filled
from tests.postgres import PostgresServer

MASTER = MasterKey(KEY, is_given=True)


def test_a_dump_that_fails_fails_the_backup_in_its_own_words(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(postgres_url)
    broken = tmp_path / "bin" / "pg_dump"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\n[ \"$1\" = --version ] && echo 'pg_dump (PostgreSQL) 99.0' && exit 0\n"
                      "echo half\necho 'pg_dump: error: the disk is gone' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")
    with pytest.raises(DumpFailed, match="the disk is gone"):
        Maker(postgres_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER).make()
    assert list((tmp_path / "backups").iterdir()) == []


def test_what_is_no_dump_leaves_no_database(postgres: PostgresServer, postgres_url: str) -> None:
    target = PostgresTarget(postgres_url + "_new", replace=False, moment="now")
    with pytest.raises(Damaged, match="pg_restore"):
        target.fill(iter([b"PGDMP but not really"]))
    target.discard()
    target.discard()
    assert postgres.execute("select datname from pg_database where datname like '%_new%'") == []


def test_an_empty_database_that_was_filled_in_vain_is_empty_again(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    """It was there before, and whoever restores may not be allowed to make one."""
    filled(postgres_url)
    made = Maker(postgres_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER).make()
    name = postgres_url.rpartition("/")[2] + "_empty"
    postgres.execute(f"create database {name}")
    target = target_at(postgres.url(name), "postgresql", replace=False, moment="now")
    fill(Archive(made.path), MASTER.derived("backup"), target)
    assert postgres.execute("select count(*) from exchange", name) == [(30,)]
    target.discard()
    assert postgres.execute("select count(*) from pg_tables where schemaname = 'public'", name) == [(0,)]
    postgres.execute(f"drop database {name}")


def test_where_the_new_one_cannot_take_its_place_the_old_one_is_put_back(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    filled(postgres_url)
    made = Maker(postgres_url, tmp_path / "state", Folder(tmp_path / "backups"), MASTER).make()
    target = target_at(postgres_url, "postgresql", replace=True, moment="now")
    fill(Archive(made.path), MASTER.derived("backup"), target)
    with psycopg.connect(target.url), pytest.raises(Refused, match="being accessed"):  # somebody looks at the new one
        target.take_place()
    target.discard()
    name = postgres_url.rpartition("/")[2]
    assert postgres.execute(f"select datname from pg_database where datname like '{name}%'") == [(name,)]
    assert postgres.execute("select count(*) from exchange", name) == [(30,)]


def test_a_role_that_may_make_no_database_is_told_so(postgres: PostgresServer, postgres_url: str) -> None:
    postgres.execute("create role clerk login password 'clerk'")
    url = postgres_url.replace("gatewright:as-it-happens", "clerk:clerk") + "_theirs"
    with pytest.raises(Refused, match="permission denied to create database"):
        PostgresTarget(url, replace=False, moment="now").fill(iter([b""]))
    postgres.execute("drop role clerk")


def test_names_fit_with_what_is_added_to_them(postgres: PostgresServer) -> None:
    target = PostgresTarget(postgres.url("x" * 63), replace=False, moment="20260101T000000Z")
    assert len(target.url.rpartition("/")[2]) == 63
    assert target.url.endswith("_restoring_20260101T000000Z")
