"""What workers seal comes into the database once, under its subject's key, and is in no file after that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from gateway.content.segments import SEGMENT_SECONDS, sealed_segments
from operations.content import store
from operations.content.shown import shown
from operations.content.vault import Damaged, WrongMasterKey
from operations.secrets.master import MasterKey
from operations.store.database import Database, DatabaseAway
from operations.store.tables import content, subject_key
from tests.operations.conftest import Lines
from tests.operations.content.conftest import ANN, CANARY, DAY, JO, NOW, OTHER_MASTER, Kept, body, item


async def count(database: Database, table: object = content) -> int:
    return await database.run(lambda c: c.scalar(select(func.count()).select_from(table)))  # type: ignore


async def opened(kept: Kept, name: str) -> object:
    found = await kept.database.run(lambda c: store.opened(c, kept.vault, name))
    return found and found[1]


async def test_what_was_sealed_can_be_opened_from_the_database(kept: Kept) -> None:
    await kept.keep(item("e1"), item("e2", ANN))
    assert await opened(kept, "e1") == await opened(kept, "e2") == body()
    told = shown(body())
    assert (told["prompt"], told["reply"], told["media"]) == ({"q": CANARY}, f"it said {CANARY}", "text")
    assert kept.drain.total.stored == 2


async def test_a_segment_goes_once_nothing_can_be_added_to_it(kept: Kept) -> None:
    await kept.keep(item("e1"))
    (path,) = sealed_segments(kept.state / "content")
    kept.clock.now += SEGMENT_SECONDS
    kept.segments.sweep()
    await kept.drain.step()
    assert not path.exists()
    assert kept.drain.undrained_bytes() == 0


async def test_each_item_is_stored_once_however_often_its_segment_is_read(kept: Kept,
                                                                          another: Callable[[], Kept]) -> None:
    """A control process that died after the commit and before the segment was removed reads it again."""
    await kept.keep(item("e1"))
    again = Kept(kept.state, kept.database, kept.drain._log)
    await again.drain.finish()
    assert await count(kept.database) == 1
    assert again.drain.total.stored == 0


async def test_a_subject_has_one_key_and_an_exchange_without_one_has_its_own(kept: Kept) -> None:
    await kept.keep(item("e1"), item("e2"), item("e3", ""), item("e4", ""), item("e5", tenant="other"))
    rows = await kept.database.run(lambda c: c.execute(select(subject_key.c.tenant, subject_key.c.subject)).all())
    assert sorted(map(tuple, rows)) == [
        ("other", JO), ("shop", JO), ("shop", "exchange:e3"), ("shop", "exchange:e4")]


async def test_a_comment_is_its_exchanges_subjects(kept: Kept) -> None:
    await kept.record("e1")
    await kept.keep(item("signal-1", "", exchange="e1"), item("signal-2", "", exchange="unknown"))
    rows = await kept.database.run(lambda c: {row["id"]: row["subject"] for row in store.listed(c, 10)})
    assert rows == {"signal-1": JO, "signal-2": "exchange:unknown"}


async def test_what_has_expired_on_the_way_is_not_stored(kept: Kept) -> None:
    await kept.keep(item("e1", age=2 * DAY, period=DAY))
    assert await count(kept.database) == 0
    assert kept.drain.total.expired == 1


async def test_while_the_database_is_away_nothing_is_lost(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    away = kept.database
    with monkeypatch.context() as broken:
        broken.setattr(store, "keep", _fails)
        with pytest.raises(DatabaseAway):
            await kept.keep(item("e1"))
    await kept.drain.finish()
    assert await count(away) == 1


def _fails(*_: object, **__: object) -> None:
    raise OSError("gone")


async def test_segments_of_another_master_key_wait_and_are_told_of(kept: Kept, tmp_path: Path, lines: Lines,
                                                                   another: Callable[[MasterKey], Kept]) -> None:
    other = Kept(kept.state, kept.database, kept.drain._log, OTHER_MASTER)
    assert other.segments.keep(item("e1"))
    other.segments.close()
    await kept.drain.finish()
    await kept.drain.finish()
    assert len(lines.of("content_not_ours")) == len(kept.drain.unopenable) == 1
    assert len(sealed_segments(kept.state / "content")) == 1
    await other.drain.finish()
    assert await opened(other, "e1") == body()


async def test_under_another_master_key_what_is_there_is_refused_by_name_and_new_content_is_kept(
    kept: Kept, another: Callable[[MasterKey], Kept]
) -> None:
    await kept.keep(item("e1"))
    other = another(OTHER_MASTER)
    await other.keep(item("e2"))
    assert await opened(other, "e2") == body()
    with pytest.raises(WrongMasterKey, match=f"{kept.vault.id}.*{other.vault.id}"):
        await opened(other, "e1")
    assert await opened(kept, "e1") == body()


async def test_a_byte_that_was_changed_in_the_database_is_found(kept: Kept) -> None:
    await kept.keep(item("e1"))
    row = await kept.database.run(lambda c: c.scalar(select(content.c.sealed)))
    changed = bytes(row[:-1]) + bytes([row[-1] ^ 1])
    await kept.database.run(lambda c: c.execute(update(content).values(sealed=changed)))
    with pytest.raises(Damaged):
        await opened(kept, "e1")


async def test_an_items_bytes_open_in_no_others_place(kept: Kept) -> None:
    await kept.keep(item("e1"), item("e2"))
    first = await kept.database.run(lambda c: c.scalar(select(content.c.sealed).where(content.c.id == "e1")))
    await kept.database.run(lambda c: c.execute(update(content).where(content.c.id == "e2").values(sealed=first)))
    with pytest.raises(Damaged):
        await opened(kept, "e2")


async def test_a_torn_segment_gives_what_is_whole_and_is_told_of(kept: Kept, lines: Lines) -> None:
    kept.segments.keep(item("e1"))
    kept.segments.keep(item("e2"))
    kept.segments.close()
    (path,) = sealed_segments(kept.state / "content")
    path.write_bytes(path.read_bytes()[:-3])
    await kept.drain.finish()
    await kept.drain.step()
    assert await count(kept.database) == 1
    assert kept.drain.torn_total == len(lines.of("content_torn")) == 1
    assert not path.exists()


async def test_the_clear_text_stands_in_no_file(kept: Kept) -> None:
    await kept.keep(item("e1"))
    written = [path for path in kept.state.parent.rglob("*") if path.is_file()]
    assert [path.name for path in written if CANARY.encode() in path.read_bytes()] == []
    assert NOW
