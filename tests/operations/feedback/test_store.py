"""What is asked of feedback, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.record import ExchangeRecord, Signal
from operations.feedback import store
from operations.feedback.feedback import without_repeats
from operations.feedback.store import Wanted
from operations.ledger import store as ledger
from operations.store.database import Database


def exchange(identity: str, version: str = "smol-1") -> ExchangeRecord:
    return ExchangeRecord(id=identity, started_at=1.0, model="assistant", arm_served=version, tenant="shop")


def feedback(identity: str, at: float, value: Any, exchange_id: str = "a", metric: str = "helpful",
             tenant: str = "shop") -> Signal:
    return Signal(id=identity, exchange_id=exchange_id, at=at, kind="feedback", name=metric, tenant=tenant,
                  value=None if isinstance(value, str) else float(value), body={"value": value})


SAID = [
    exchange("a"), exchange("b", "smol-2"), exchange("c"),
    feedback("1", 10.0, True), feedback("2", 20.0, False), feedback("3", 15.0, True),  # what came late is older
    feedback("4", 11.0, True, "b"), feedback("5", 12.0, True, "c"), feedback("6", 13.0, "dull", "c", "tone"),
    feedback("7", 30.0, 4, "gone", "stars"), feedback("8", 14.0, True, "a", tenant="bank"),
    Signal(id="9", exchange_id="a", at=40.0, kind="guard", name="helpful")]


async def stored(database: Database, *records: ExchangeRecord | Signal) -> None:
    assert await database.run(lambda c: ledger.append(c, records)) == []


async def ids(database: Database, **wanted: Any) -> list[str]:
    return [row["id"] for row in await database.run(lambda c: store.newest(c, 50, Wanted(**wanted)))]


async def test_the_newest_of_each_stands_newest_first(database: Database) -> None:
    await stored(database, *SAID)
    assert await ids(database) == ["7", "2", "8", "6", "5", "4"]
    assert await ids(database, history=True) == ["7", "2", "3", "8", "6", "5", "4", "1"]


@pytest.mark.parametrize(("wanted", "found"), [
    ({"exchange": "a"}, ["2", "8"]), ({"metric": "tone"}, ["6"]), ({"tenant": "bank"}, ["8"]),
    ({"since": 14.0}, ["7", "2", "8"]), ({"exchange": "a", "tenant": "shop", "history": True}, ["2", "3", "1"]),
    ({"metric": "none"}, [])])  # fmt: skip
async def test_it_is_found_by_exchange_metric_tenant_and_time(
        database: Database, wanted: dict[str, Any], found: list[str]) -> None:
    await stored(database, *SAID)
    assert await ids(database, **wanted) == found


async def test_of_two_at_the_same_moment_one_stands(database: Database) -> None:
    await stored(database, feedback("1", 10.0, True), feedback("2", 10.0, False))
    assert await ids(database) == ["2"]


async def test_a_row_tells_which_version_it_is_about_while_the_ledger_knows(database: Database) -> None:
    await stored(database, *SAID)
    rows = {row["id"]: row for row in await database.run(lambda c: store.newest(c, 50, Wanted()))}
    assert (rows["4"]["model"], rows["4"]["version"], rows["4"]["metric"], rows["4"]["body"]) == (
        "assistant", "smol-2", "helpful", {"value": True})
    assert (rows["7"]["model"], rows["7"]["version"], rows["7"]["value"]) == ("", "", 4.0)
    assert await database.run(lambda c: store.known(c, "3")) == rows["2"] | {
        "id": "3", "at": 15.0, "value": 1.0, "body": {"value": True}}
    assert await database.run(lambda c: store.known(c, "nothing")) is None
    assert await database.run(lambda c: store.known(c, "9")) is None, "no feedback"


async def test_the_summary_counts_what_stands_by_version(database: Database) -> None:
    await stored(database, *SAID)
    rows = await database.run(lambda c: store.summary(c, Wanted()))
    assert [tuple(row.values()) for row in rows] == [
        ("helpful", "assistant", "smol-1", 3, 3, pytest.approx(2 / 3)), ("helpful", "assistant", "smol-2", 1, 1, 1.0),
        ("stars", "", "", 1, 1, 4.0), ("tone", "assistant", "smol-1", 1, 0, None)]
    assert [row["count"] for row in await database.run(lambda c: store.summary(c, Wanted(tenant="bank")))] == [1]


async def test_what_its_sender_calls_the_same_stands_where_it_was_first(database: Database) -> None:
    """An Idempotency-Key: what was sent again, after something else, is no change back."""
    same = "feedback-" + "5" * 32
    await stored(database, feedback(f"{same}-1", 10.0, True), feedback("2", 20.0, False))
    await stored(database, feedback(f"{same}-3", 30.0, True), feedback(f"{same}-4", 30.0, True))
    assert await ids(database) == ["2"]
    assert await ids(database, history=True) == [f"{same}-4", f"{same}-3", "2", f"{same}-1"]
    signals = await database.run(lambda c: ledger.signals_of(c, "a"))
    assert [row["id"] for row in without_repeats(signals)] == [f"{same}-1", "2"]
    assert [row["mean"] for row in await database.run(lambda c: store.summary(c, Wanted()))] == [0.0]


async def test_what_was_sent_again_and_nothing_else_stands_once(database: Database) -> None:
    same = "feedback-" + "5" * 32
    await stored(database, *(feedback(f"{same}-{number}", float(number), True) for number in range(3)))
    assert await ids(database) == [f"{same}-0"]
