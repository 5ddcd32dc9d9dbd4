"""Counting: on either database the same, and every difference has a name."""

import msgspec
from sqlalchemy import text

from operations.backups.contents import contents_of, differences
from operations.backups.databases import offline_engine
from operations.backups.manifest import Contents, Place
from tests.operations.backups.rows import NEWEST, filled


def test_a_database_is_counted_table_by_table_and_writer_by_writer(database_url: str) -> None:
    filled(database_url)
    with offline_engine(database_url).connect() as connection:
        found = contents_of(connection)
    assert found.counts.items() >= {"exchange": 30, "signal": 1, "act": 1, "revision": 2, "alembic_version": 1}.items()
    assert found.writers["life-1"] == Place(31, NEWEST)
    assert (found.revision, found.newest_at, found.checkpoint) == (2, NEWEST, None)


def test_the_newest_checkpoint_is_told_where_there_are_any(database_url: str) -> None:
    filled(database_url)
    with offline_engine(database_url).begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS audit_checkpoint"))
        connection.execute(text("CREATE TABLE audit_checkpoint (number INTEGER PRIMARY KEY, digest TEXT)"))
        connection.execute(text("INSERT INTO audit_checkpoint VALUES (1, 'aa'), (2, 'bb')"))
        assert contents_of(connection).checkpoint == {"number": 2, "digest": "bb"}


def test_every_difference_is_named() -> None:
    one = Contents(schema="0004", revision=2, counts={"exchange": 3}, newest_at=5.0, writers={"w": Place(3, 5.0)})
    assert differences(one, one) == []
    for change, words in (
        ({"counts": {"exchange": 2}}, "exchange has 2 rows, not 3"), ({"counts": {}}, "exchange has 0 rows, not 3"),
        ({"schema": "0003"}, "schema is 0003"), ({"revision": 1}, "revision is 1"),
        ({"newest_at": 4.0}, "newest_at is 4.0"), ({"writers": {"w": Place(2, 5.0)}}, "writer w ends at"),
    ):
        (found,) = differences(one, msgspec.structs.replace(one, **change))
        assert words in found
