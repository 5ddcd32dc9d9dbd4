"""A second place, of the same kind as the database: a fixture for whoever restores."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def other_url(database_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A place for what is restored: a file beside, or a database beside, which does not exist yet."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path}/restored.db"
        return
    server, name = request.getfixturevalue("postgres"), database_url.rpartition("/")[2] + "_restored"
    yield server.url(name)
    left = server.execute(f"select datname from pg_database where datname like '{name}%'")
    for (database,) in left:
        server.execute(f'drop database "{database}" with (force)')
