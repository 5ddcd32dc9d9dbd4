"""What `database` may say, and that whatever else it says is refused without showing a password."""

import pytest

from gateway.config.checking import Problem
from gateway.config.database_url import problems_of_database


def problems(url: str, installed: bool = True) -> list[Problem]:
    return list(problems_of_database(url, lambda _: object() if installed else None))


@pytest.mark.parametrize("url", [
    "sqlite:///gatewright.db", "sqlite:////var/lib/gatewright.db", "postgresql://ann:secret@host/db",
    "postgresql://ann@host:5433/db?sslmode=verify-full", "postgresql:///db?host=/run/postgresql",
    "postgresql://ann:s%40cret@[::1]:5432/db"])
def test_a_file_and_a_server_are_databases(url: str) -> None:
    assert problems(url) == []


@pytest.mark.parametrize(("url", "found"), [
    ("sqlite://", "sqlite://..."), ("sqlite:///", "sqlite://..."), ("mysql://ann:secret@host/db", "mysql://..."),
    ("gatewright.db", "no URL"), ("postgresql://ann:secret@host", "no name of a database"),
    ("postgresql://ann:secret@/db", "no host"), ("postgresql://ann:secret@host:0/db", "no such number after the host"),
    ("postgresql://ann:sec/ret@host/db", "no such number after the host"),
    ("postgresql://ann@host/db?password=secret", "password= after the name")])
def test_anything_else_is_refused_and_its_password_kept(url: str, found: str) -> None:
    (problem,) = problems(url)
    assert (problem.path, problem.found) == ("database", found)
    assert "sec" not in str(problem).replace("secret@HOST", "")


@pytest.mark.parametrize("url", ["postgres://ann:secret@host/db", "postgresql+psycopg://ann:secret@host/db"])
def test_who_writes_it_as_another_program_does_is_told_how_it_is_written_here(url: str) -> None:
    (problem,) = problems(url)
    assert "Did you mean 'postgresql://'?" in str(problem)


def test_without_the_driver_the_remedy_is_told() -> None:
    (problem,) = problems("postgresql://ann:secret@host/db", installed=False)
    assert str(problem) == ("database: expected PostgreSQL's driver: pip install 'gatewright[postgresql]', "
                            "found no psycopg.")
    assert problems("sqlite:///gatewright.db", installed=False) == []
