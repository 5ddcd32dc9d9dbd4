"""Finding pg_dump: the first that the server takes, and words for when there is none."""

from pathlib import Path

import pytest

from operations.backups.damage import Refused
from operations.backups.postgresql_tools import address_of, environment_of, tool_for
from tests.postgres import programs

URL = "postgresql://jo:s3cret%40@db.example:5433/ledger?sslmode=require"


def program(folder: Path, version: str, status: int = 0) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / "pg_dump"
    path.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\nexit {status}\n")
    path.chmod(0o755)
    return str(folder)


def test_the_first_on_the_path_that_is_not_older_than_the_server_is_taken(tmp_path: Path) -> None:
    search = ":".join([program(tmp_path / "a", "15.6"), program(tmp_path / "b", "17.2 (Debian 17.2-1)"),
                       program(tmp_path / "c", "18.1")])
    assert tool_for("pg_dump", 16, search).path == str(tmp_path / "b" / "pg_dump")
    assert str(tool_for("pg_dump", 18, search)) == "pg_dump 18.1"


def test_an_old_one_is_named_with_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"PostgreSQL 18 or later .* 15\.6: install the package postgresql-client-18"):
        tool_for("pg_dump", 18, program(tmp_path / "a", "15.6"))


def test_none_is_told_and_a_broken_one_counts_as_none(tmp_path: Path) -> None:
    for search in (str(tmp_path), program(tmp_path / "a", "18.1", status=1)):
        with pytest.raises(Refused, match="there is none on PATH"):
            tool_for("pg_dump", 18, search)


def test_the_package_that_brings_a_server_brings_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert Path(tool_for("pg_restore", 18).path).parent == programs()


def test_the_password_is_in_the_environment_and_never_on_the_command_line() -> None:
    assert address_of(URL) == "postgresql://jo@db.example:5433/ledger?sslmode=require"
    assert environment_of(URL, {"A": "b"}) == {"A": "b", "PGPASSWORD": "s3cret@"}
    assert environment_of("postgresql:///ledger", {"A": "b"}) == {"A": "b"}
