"""What retention deletes goes on standing in the chain by its digest, with the act that deleted it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from gateway.telemetry.logs import Log
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.pruning import prune
from operations.store.tables import act, chain_pruned, exchange, signal
from tests.operations.audit.audited import W0, Audited, exchange_of, faults

PURGE = Act(at=1.0, kind="retention.run", actor="gatewright", reason="older than 400 days", details={"days": 400})


@pytest.fixture
async def audited(database_url: str, tmp_path: Path, log: Log) -> AsyncIterator[Audited]:
    made = Audited(database_url, tmp_path / "place", log)
    await made.rounds(2)
    yield made
    made.close()


def ids(*sequences: int) -> list[str]:
    return [exchange_of(W0, sequence).id for sequence in sequences]


async def test_what_retention_deletes_is_counted_and_no_fault(audited: Audited) -> None:
    assert await audited.database.run(lambda c: prune(c, exchange, ids(1, 2, 3, 12), PURGE)) == 4
    assert await audited.database.run(lambda c: prune(c, signal, [f"s{W0}5"], PURGE)) == 1
    for with_place in (True, False):
        report = await audited.verify(with_place)
        assert (report.findings, report.pruned, report.records) == ([], 5, 63 - 5 + 2)
    told = await audited.database.run(lambda c: acts.newest(c, 2))
    assert [one["details"]["pruned"]["count"] for one in told] == [1, 4]
    assert told[1]["details"]["days"] == 400
    assert told[1]["details"]["pruned"]["table"] == "exchange"


async def test_what_no_checkpoint_seals_yet_is_left(audited: Audited) -> None:
    assert await audited.database.run(lambda c: prune(c, exchange, ids(1, 21, 22), PURGE)) == 1
    assert await audited.database.run(lambda c: prune(c, exchange, ids(21, 22), PURGE)) == 0
    assert await audited.database.run(lambda c: c.scalar(
        select(exchange.c.id).where(exchange.c.id == ids(21)[0]))) is not None
    assert len([one for one in await audited.database.run(lambda c: acts.newest(c, 10))
                if one["kind"] == "retention.run"]) == 1


async def test_the_chain_goes_on_over_what_was_deleted(audited: Audited) -> None:
    await audited.database.run(lambda c: prune(c, exchange, ids(*(n for n in range(1, 21) if n % 5)), PURGE))
    await audited.round()
    assert (await audited.verify()).findings == []
    assert (await audited.verify(with_place=False)).findings == []


async def test_a_deletion_that_only_looks_like_one_of_retention_is_found(audited: Audited) -> None:
    """Its digest is kept as retention keeps it, under an act that did something else, or one that does not exist."""
    await audited.database.run(lambda c: prune(c, exchange, ids(1), PURGE))
    number = (await audited.database.run(lambda c: acts.newest(c, 1)))[0]["id"]

    def feign(connection: Connection, by: int) -> None:
        row = connection.execute(select(exchange.c.digest).where(exchange.c.id == ids(13)[0])).one()
        connection.execute(insert(chain_pruned).values(writer=W0, sequence=13, digest=row.digest, act=by))
        connection.execute(delete(exchange).where(exchange.c.id == ids(13)[0]))

    for by in (number, 1, 999):
        found = (await audited.verify_tampered(lambda c, by=by: feign(c, by))).findings  # type: ignore[misc]
        assert [(one.kind, one.where) for one in found] == [("deleted", f"act {by}")]


async def test_what_is_left_cannot_be_changed_either(audited: Audited) -> None:
    await audited.database.run(lambda c: prune(c, exchange, ids(3), PURGE))
    at = (chain_pruned.c.writer == W0) & (chain_pruned.c.sequence == 3)
    changed = await audited.verify_tampered(
        lambda c: c.execute(update(chain_pruned).where(at).values(digest=b"d" * 32)))
    assert {("rewritten", W0), ("deleted", W0)} <= {one[:2] for one in faults(changed)}
    gone = await audited.verify_tampered(lambda c: c.execute(delete(chain_pruned).where(at)))
    assert faults(gone) == [("deleted", W0, 3)]
    edited = await audited.verify_tampered(lambda c: c.execute(
        update(act).where(act.c.kind == "retention.run").values(details={})))
    assert {"flipped", "deleted"} == {one[0] for one in faults(edited)}
