"""Revisions in the database and on disk: what is live, after changes, restarts and losses."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import snapshot_file
from gateway.config.checking import ConfigurationError
from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.revisions.keeper import Change, Keeper, SnapshotNotWritten
from operations.revisions.revision import Stale, UnknownRevision
from operations.store.database import Database, DatabaseAway
from tests.operations.conftest import Lines
from tests.operations.routings import broken, routing

FILE = "routing.yaml"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def keeper(database: Database, state: Path, log: Log) -> Keeper:
    return Keeper(database, state, log, clock=lambda: 1000.0)


def change(first: float, based_on: int | None = None, seen: tuple[str, str] | None = None) -> Change:
    return Change(routing=routing(first), source="api", reason=f"weight {first}", actor="ann", based_on=based_on,
                  seen=seen)


def weight(state: Path) -> float:
    """The weight that workers would serve."""
    split = snapshot_file.read(state).routing["models"]["assistant"]["split"]
    return float(split["smol-1"])


async def test_the_first_document_is_revision_one_and_is_served(keeper: Keeper, state: Path) -> None:
    revision, new = await keeper.apply(change(90))
    assert (revision.revision, revision.based_on, new) == (1, None, True)
    assert (snapshot_file.read(state).revision, weight(state)) == (1, 90)
    assert keeper.written


async def test_each_change_is_a_new_revision_with_its_reason_and_its_act(keeper: Keeper, database: Database) -> None:
    await keeper.apply(change(90))
    await keeper.apply(change(80))
    assert [(row.revision, row.reason, row.actor, row.source) for row in await keeper.newest(10)] == [
        (2, "weight 80", "ann", "api"), (1, "weight 90", "ann", "api")]
    [act, _] = await database.run(lambda c: acts.newest(c, 10))
    assert (act["kind"], act["actor"], act["reason"]) == ("revision.apply", "ann", "weight 80")
    assert (act["before"]["revision"], act["after"]["revision"]) == (1, 2)


async def test_the_same_document_again_is_no_new_revision(keeper: Keeper) -> None:
    await keeper.apply(change(90))
    revision, new = await keeper.apply(change(90))
    assert (revision.revision, new) == (1, False)


async def test_a_stale_change_is_refused_and_changes_nothing(keeper: Keeper, state: Path) -> None:
    await keeper.apply(change(90))
    await keeper.apply(change(80, based_on=1))
    with pytest.raises(Stale) as failure:
        await keeper.apply(change(70, based_on=1))
    assert (failure.value.current, weight(state)) == (2, 80)


async def test_of_two_changes_at_once_on_one_base_one_wins(keeper: Keeper) -> None:
    await keeper.apply(change(90))
    outcomes = await asyncio.gather(*(keeper.apply(change(first, based_on=1)) for first in (80, 70, 60)),
                                    return_exceptions=True)
    assert sorted(isinstance(outcome, Stale) for outcome in outcomes) == [False, True, True]
    assert keeper.number == 2


async def test_a_broken_document_is_refused_with_every_problem(keeper: Keeper) -> None:
    with pytest.raises(ConfigurationError) as failure:
        await keeper.apply(Change(routing=broken(), source="api", reason="r", actor="a"))
    assert len(failure.value.problems) == 2
    assert keeper.current is None


async def test_a_rollback_is_a_new_revision_with_the_old_document(keeper: Keeper, state: Path) -> None:
    for first in (90, 80, 70):
        await keeper.apply(change(first))
    revision, new = await keeper.roll_back(1, "70 was slow", "ann")
    assert (revision.revision, revision.source, revision.reason, new) == (4, "rollback", "70 was slow", True)
    assert weight(state) == 90
    with pytest.raises(UnknownRevision):
        await keeper.roll_back(9, "r", "a")


async def test_a_plan_says_what_would_change_and_changes_nothing(keeper: Keeper) -> None:
    await keeper.apply(change(90))
    document = routing(80)
    document["models"]["assistant"]["cache"] = {"ttl": "10m"}
    plan = keeper.check(document)
    assert plan.based_on == 1
    assert [difference.path for difference in plan.differences] == [
        "models.assistant.split.smol-1", "models.assistant.cache"]
    assert plan.warnings == []
    assert keeper.number == 1


async def test_a_restart_serves_what_was_served(
    keeper: Keeper, database: Database, state: Path, log: Log
) -> None:
    await keeper.apply(change(90))
    await keeper.apply(change(80))
    again = Keeper(database, state, log)
    await again.open(FILE, "digest")
    assert again.current == keeper.current


async def test_a_snapshot_that_was_not_written_before_a_crash_is_written_at_the_next_start(
    keeper: Keeper, database: Database, state: Path, log: Log
) -> None:
    await keeper.apply(change(90))
    await keeper.apply(change(80))
    os.replace(state / snapshot_file.PREVIOUS, state / snapshot_file.NAME)
    assert weight(state) == 90
    await Keeper(database, state, log).open(FILE, "digest")
    assert weight(state) == 80


async def test_a_lost_database_takes_no_revision_with_it(
    keeper: Keeper, state: Path, tmp_path: Path, log: Log, lines: Lines
) -> None:
    """Numbers go on from what was served, and a file that nobody touched does not undo what was applied."""
    await keeper.apply(change(90, seen=(FILE, "content-1")))
    await keeper.apply(change(80))
    fresh = Database(f"sqlite:///{tmp_path}/fresh.db")
    again = Keeper(fresh, state, log)
    await again.open(FILE, "content-1")
    revision, new = await again.apply(change(90, seen=(FILE, "content-1")))
    assert (revision.revision, new, weight(state)) == (2, False, 80)
    assert [line["revision"] for line in lines.of("revision_restored")] == [2]
    assert (await again.apply(change(70)))[0].revision == 3
    fresh.close()


async def test_without_a_database_the_last_good_is_served_and_no_change_is_taken(
    keeper: Keeper, state: Path, tmp_path: Path, log: Log
) -> None:
    await keeper.apply(change(90))
    (tmp_path / "away.db").write_bytes(b"this is no database, whatever its name may say of it" * 20)
    away = Database(f"sqlite:///{tmp_path}/away.db")
    again = Keeper(away, state, log)
    with pytest.raises(DatabaseAway):
        await again.open(FILE, "digest")
    assert (again.number, again.in_step) == (1, False)
    with pytest.raises(DatabaseAway):
        await again.apply(change(80))
    assert weight(state) == 90
    away.close()


async def test_a_disk_that_takes_no_snapshot_is_told_and_tried_again(
    keeper: Keeper, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeper.apply(change(90))
    write: Callable[..., None] = snapshot_file.write

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(snapshot_file, "write", full)
    with pytest.raises(SnapshotNotWritten, match="Revision 2 is stored"):
        await keeper.apply(change(80))
    assert not keeper.written
    assert weight(state) == 90
    monkeypatch.setattr(snapshot_file, "write", write)
    await keeper.write_snapshot()
    assert weight(state) == 80


async def test_the_order_of_a_split_outlives_the_database(keeper: Keeper, database: Database) -> None:
    document = routing()
    document["models"]["assistant"]["split"] = {"smol-2": 10, "smol-1": 90}
    await keeper.apply(Change(routing=document, source="api", reason="r", actor="a"))
    stored = await keeper.numbered(1)
    assert list(stored.routing["models"]["assistant"]["split"]) == ["smol-2", "smol-1"]
    assert snapshot_file.digest_of(stored.routing) == stored.digest


async def test_who_tries_again_while_a_change_is_written_is_not_in_its_way(keeper: Keeper, state: Path) -> None:
    """Both would write the same file beside the snapshot, and one of them would find it gone."""
    await keeper.apply(change(90))
    for number in range(20):
        (state / "snapshot.json").unlink()
        await asyncio.gather(*(keeper.write_snapshot() for _ in range(4)), keeper.apply(change(50 + number)))
        assert weight(state) == 50 + number
