"""An exchange tells whether its content is there, and until when."""

from __future__ import annotations

from sqlalchemy import insert

from operations.content.kept import kept_of
from operations.store.database import Database
from operations.store.tables import content

ROW = {"id": "a", "exchange_id": "a", "tenant": "shop", "subject": "s", "retention": "", "key_id": "k",
       "started_at": 1.0, "until": 86_400.0, "size": 3, "sealed": b"xyz"}


async def test_what_was_kept_is_told_of_with_its_end(database: Database) -> None:
    await database.run(lambda c: c.execute(insert(content).values(ROW)))
    assert await database.run(lambda c: kept_of(c, {"id": "a", "content": "commitment"})) == {
        "kept": {"state": "kept encrypted", "until": 86_400.0}}


async def test_what_is_gone_is_told_of_as_gone_and_what_never_was_not_at_all(database: Database) -> None:
    gone = await database.run(lambda c: kept_of(c, {"id": "a", "content": "commitment"}))
    assert gone["kept"]["state"].startswith("not there")
    assert await database.run(lambda c: kept_of(c, {"id": "a", "content": ""})) == {}
