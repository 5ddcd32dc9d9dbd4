"""What has been kept for as long as the settings say goes, a little at a time, and nothing that is held."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, Table, select

from gateway.config.settings import Periods, Retention
from gateway.config.written import Duration
from gateway.record import Signal
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.pruning import prune
from operations.holds import store as holds
from operations.holds.hold import Hold
from operations.retention import keeping
from operations.retention.keeping import RetentionKeeper
from operations.retention.periods import warnings_of
from operations.store.database import Database
from operations.store.tables import content, exchange, legal_hold, signal, subject_key
from tests.operations.content.conftest import ANN, DAY, JO, NOW, Kept, item

RETENTION = Retention(
    exchanges=Duration(400 * DAY), signals=Duration(100 * DAY), content=Duration(30 * DAY),
    classes={"short": Periods(exchanges=Duration(200 * DAY), content=Duration(2 * DAY)),
             "long": Periods(exchanges=Duration(900 * DAY))},
    tenants={"strict": Periods(content=Duration(DAY))})


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory, database: Database, log: Log) -> Kept:
    return Kept(tmp_path_factory.mktemp("state"), database, log)


@pytest.fixture
def keeper(database: Database, log: Log) -> RetentionKeeper:
    return RetentionKeeper(database, RETENTION, prune, log, lambda: NOW)


async def left(database: Database, table: Table) -> list[str]:
    return await database.run(lambda c: sorted(c.scalars(select(table.c.id))))


async def test_records_go_when_their_period_is_over_and_their_signals_with_them(kept: Kept,
                                                                                keeper: RetentionKeeper) -> None:
    await kept.record("e1", age=401 * DAY)
    await kept.record("e2", age=399 * DAY)
    await kept.enter(*(
        Signal(id=f"about-{of}", exchange_id=of, at=NOW, kind="feedback", name="n") for of in ("e1", "e2")))
    assert await keeper.due() == {"content": 0, "signals": 0, "exchanges": 1}
    assert await keeper.delete_due() == {"content": 0, "signals": 0, "exchanges": 1}
    assert await left(kept.database, exchange) == ["e2"]
    assert await left(kept.database, signal) == ["about-e2"]
    assert keeper.oldest["exchanges"] == NOW - 399 * DAY


@pytest.mark.parametrize(("age", "fields", "goes"), [
    (201, {"retention": "short"}, True), (199, {"retention": "short"}, False),
    (899, {"retention": "long"}, False), (901, {"retention": "long"}, True),
    (399, {"retention": "a class that is gone"}, False), (401, {"retention": "a class that is gone"}, True),
    (399, {"tenant": "strict"}, False), (401, {"tenant": "strict"}, True),
])  # fmt: skip
async def test_a_class_has_periods_of_its_own(kept: Kept, keeper: RetentionKeeper, age: int, fields: dict[str, str],
                                              goes: bool) -> None:
    await kept.record("e1", age=age * DAY, **fields)
    assert (await keeper.delete_due())["exchanges"] == goes


@pytest.mark.parametrize(("age", "fields", "goes"), [
    (29, {}, False), (31, {}, True), (5, {"period": 4 * DAY}, True), (3, {"period": 4 * DAY}, False),
    (3, {"retention": "short"}, True), (1, {"retention": "short"}, False),
    (1.5, {"tenant": "strict"}, True), (1.5, {"tenant": "strict", "retention": "long"}, True),
    (29, {"retention": "long"}, False), (0.5, {"tenant": "strict"}, False),
])  # fmt: skip
async def test_content_goes_by_its_tenant_its_class_and_what_the_routing_wanted(
    kept: Kept, keeper: RetentionKeeper, age: float, fields: dict[str, str], goes: bool
) -> None:
    kept.now = NOW - 100 * DAY  # it was stored in time
    await kept.keep(item("e1", age=age * DAY, **{"period": 365 * DAY, **fields}))  # type: ignore[arg-type]
    assert (await keeper.delete_due())["content"] == goes


async def test_signals_about_no_exchange_go_by_themselves(kept: Kept, keeper: RetentionKeeper) -> None:
    await kept.record("e1", age=102 * DAY)
    await kept.enter(
        Signal(id="old", exchange_id="", at=NOW - 101 * DAY, kind="evaluation", name="n"),
        Signal(id="new", exchange_id="", at=NOW - 99 * DAY, kind="evaluation", name="n"),
        Signal(id="of-none", exchange_id="gone", at=NOW - 101 * DAY, kind="feedback", name="n"),
        Signal(id="of-one", exchange_id="e1", at=NOW - 101 * DAY, kind="feedback", name="n"))
    await keeper.delete_due()
    assert await left(kept.database, signal) == ["new", "of-one"]


@pytest.mark.parametrize("subject", [JO, ""], ids=["of the subject", "of the tenant"])
async def test_what_is_held_stays_until_the_hold_is_released(kept: Kept, keeper: RetentionKeeper,
                                                             subject: str) -> None:
    kept.now = NOW - 500 * DAY
    await kept.keep(item("e1", age=401 * DAY))
    await kept.record("e1", age=401 * DAY)
    await kept.record("e2", tenant="other", age=401 * DAY)
    hold = Hold(id="h1", tenant="shop", subject=subject, actor="bo", reason="case 12", placed_at=NOW)
    await kept.database.run(lambda c: holds.add(c, hold))
    await keeper.delete_due()
    assert await left(kept.database, exchange) == ["e1"]
    assert await left(kept.database, content) == ["e1"]
    await kept.database.run(lambda c: holds.release(c, "h1", NOW, "bo", "closed"))
    await keeper.delete_due()
    assert await left(kept.database, exchange) == await left(kept.database, content) == []
    assert await left(kept.database, legal_hold) == ["h1"], "that there was one is history"


async def test_a_key_goes_with_the_last_that_is_under_it(kept: Kept, keeper: RetentionKeeper) -> None:
    kept.now = NOW - 100 * DAY
    await kept.keep(item("e1", age=31 * DAY), item("e2", ANN, age=31 * DAY), item("e3", ANN))
    await keeper.delete_due()
    subjects = await kept.database.run(lambda c: list(c.scalars(select(subject_key.c.subject))))
    assert subjects == [ANN]


async def test_it_deletes_in_batches_each_with_its_act(kept: Kept, keeper: RetentionKeeper,
                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BATCH_ROWS", 10)
    monkeypatch.setattr(keeping, "PAUSE_SECONDS", 0)
    for number in range(25):
        await kept.record(f"e{number:02}", age=401 * DAY)
    assert (await keeper.delete_due("why not", "ann"))["exchanges"] == 25
    told = await kept.database.run(lambda c: acts.newest(c, 10))
    assert [act["details"]["pruned"]["count"] for act in told] == [5, 10, 10]
    assert {(act["kind"], act["actor"], act["reason"], act["about"]) for act in told} == {
        ("retention.delete", "ann", "why not", "exchanges")}
    assert keeper.deleted["exchanges"] == 25


async def test_rows_that_may_not_go_yet_end_the_run(kept: Kept, log: Log, database: Database) -> None:
    """What is not sealed under a checkpoint yet, say."""
    def none(connection: Connection, table: Table, ids: Sequence[str], act: Act) -> int:
        return 0
    await kept.record("e1", age=401 * DAY)
    keeper = RetentionKeeper(database, RETENTION, none, log, lambda: NOW)
    assert (await keeper.delete_due())["exchanges"] == 0
    assert await left(database, exchange) == ["e1"]


def test_an_operator_is_told_of_logs_that_are_kept_for_less_than_half_a_year() -> None:
    assert list(warnings_of(Retention())) == []
    short = Retention(exchanges=Duration(30 * DAY), tenants={"t": Periods(exchanges=Duration(179 * DAY))})
    assert [told.partition(":")[0] for told in warnings_of(short)] == [
        "retention.exchanges", "retention.tenants.t.exchanges"]
