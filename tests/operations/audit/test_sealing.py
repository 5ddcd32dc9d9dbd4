"""Sealing: what becomes a segment, when a chain is closed, and how several hosts keep one log."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from gateway.record import ExchangeRecord
from operations.audit import log_store, sealing
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.checkpoint import Segment
from operations.audit.links import ACTS
from operations.audit.merkle import EMPTY, Tree, root_of
from operations.audit.sealing import QUIET_SECONDS, Sealed, Sealer
from operations.ledger import store
from operations.secrets.signing import Signer
from operations.store.engine import engine_of
from operations.store.migrations import migrate
from operations.store.tables import act, audit_segment, exchange
from tests.operations.audit.audited import SIGNER, W0, W1, exchange_of


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = engine_of(database_url)
    migrate(made)
    yield made
    made.dispose()


def add(engine: Engine, writer: str, first: int, last: int, **more: Any) -> None:
    with engine.begin() as connection:
        store.append(connection, [exchange_of(writer, number, **more) for number in range(first, last + 1)])


def seal(engine: Engine, sealer: Sealer, at: float = 1000.0) -> Sealed:
    with engine.begin() as connection:
        return sealer.seal(connection, at)


def segments(engine: Engine) -> list[Segment]:
    with engine.begin() as connection:
        return list(log_store.segments(connection))


def test_a_segment_holds_what_is_new_and_a_checkpoint_signs_all(engine: Engine) -> None:
    sealer = Sealer(SIGNER)
    for first in (1, 6):
        add(engine, W0, first, first + 4)
        sealed = seal(engine, sealer)
    assert sealed.checkpoint is not None
    assert (sealed.records, sealed.checkpoint.number, sealed.checkpoint.size) == (5, 2, 2)
    assert sealed.checkpoint.is_of(SIGNER.public)
    assert not sealed.checkpoint.is_of(Signer(b"x" * 32).public)
    first, second = segments(engine)
    assert [(one.number, one.first, one.last, one.count) for one in (first, second)] == [(0, 1, 5, 5), (1, 6, 10, 5)]
    assert sealed.checkpoint.root == root_of([first.leaf(), second.leaf()])
    with engine.begin() as connection:
        digests = list(connection.scalars(select(exchange.c.digest).order_by(exchange.c.sequence)))
    assert (first.root, first.head) == (root_of(digests[:5]), digests[4])


def test_nothing_new_is_no_checkpoint(engine: Engine) -> None:
    sealer = Sealer(SIGNER)
    assert seal(engine, sealer).checkpoint is None
    add(engine, W0, 1, 1)
    assert seal(engine, sealer).checkpoint is not None
    assert seal(engine, sealer) == Sealed()


def test_a_new_life_of_the_control_process_goes_on_with_the_log(engine: Engine) -> None:
    for number in range(1, 4):
        add(engine, W0, number, number)
        sealed = seal(engine, Sealer(SIGNER))
        assert sealed.checkpoint is not None
        assert (sealed.checkpoint.number, sealed.is_damaged) == (number, False)
    assert sealed.checkpoint.root == Tree(one.leaf() for one in segments(engine)).root()


def test_what_is_much_is_sealed_in_several_segments_and_times(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SEGMENT_RECORDS", 4)
    monkeypatch.setattr(sealing, "SEAL_RECORDS", 8)
    add(engine, W0, 1, 10)
    add(engine, W1, 1, 3)
    sealer = Sealer(SIGNER)
    assert [seal(engine, sealer).records for _ in range(3)] == [8, 5, 0]
    assert [(one.writer, one.first, one.last) for one in segments(engine)] == [
        (W0, 1, 4), (W0, 5, 8), (W0, 9, 10), (W1, 1, 3)]


def test_gaps_are_told_in_the_segment_that_seals_their_neighbours(engine: Engine) -> None:
    add(engine, W0, 3, 3)
    add(engine, W0, 5, 5, bytes_in=1 << 70)
    sealer = Sealer(SIGNER)
    seal(engine, sealer)
    add(engine, W0, 6, 6, bytes_in=1 << 70)
    seal(engine, sealer)
    first, second = segments(engine)
    assert (first.first, first.last, first.count) == (1, 5, 1)
    assert first.gaps == [[1, 2, "missing"], [4, 4, "missing"], [5, 5, "unstorable"]]
    assert (second.first, second.last, second.count, second.root) == (6, 6, 0, EMPTY)
    assert (second.gaps, second.head) == ([[6, 6, "unstorable"]], first.head)


def test_the_chain_of_a_life_that_tells_nothing_is_closed_and_what_comes_all_the_same_is_a_stray(
    engine: Engine
) -> None:
    sealer = Sealer(SIGNER)
    add(engine, W0, 1, 2)
    with engine.begin() as connection:
        acts.append(connection, Act(at=1.0, kind="a.b", actor="a", reason="r"))
    seal(engine, sealer, at=1000.0)
    assert seal(engine, sealer, at=1000.0 + QUIET_SECONDS).checkpoint is None
    assert seal(engine, sealer, at=1001.0 + QUIET_SECONDS).checkpoint is not None
    assert [(one.writer, one.final) for one in segments(engine)] == [(W0, False), (ACTS, False), (W0, True)]
    add(engine, W0, 3, 3)
    with engine.begin() as connection:
        assert connection.execute(select(exchange.c.writer, exchange.c.sequence).where(
            exchange.c.id == exchange_of(W0, 3).id)).one() == ("stray", 1)


def test_a_log_that_was_changed_is_noticed_at_the_next_start(engine: Engine) -> None:
    add(engine, W0, 1, 2)
    seal(engine, Sealer(SIGNER))
    with engine.begin() as connection:
        connection.execute(update(audit_segment).values(root=b"r" * 32))
    add(engine, W0, 3, 3)
    assert seal(engine, Sealer(SIGNER)).is_damaged


def test_hosts_that_share_a_database_keep_one_chain_of_acts_and_one_log(postgres_url: str) -> None:
    """Each with a control process of its own, at the same time."""
    engines = [engine_of(postgres_url) for _ in range(3)]
    failures: list[BaseException] = []

    def host(number: int) -> None:
        sealer = Sealer(SIGNER)
        try:
            for turn in range(1, 11):
                with engines[number].begin() as connection:
                    acts.append(connection, Act(at=1.0, kind="a.b", actor=f"host {number}", reason="r"))
                with engines[number].begin() as connection:
                    store.append(connection, [ExchangeRecord(id=f"{number}-{turn}", started_at=1.0)])
                seal(engines[number], sealer)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=host, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with engines[0].begin() as connection:
        rows = connection.execute(select(act.c.sequence, act.c.previous, act.c.digest).order_by(act.c.sequence)).all()
        log = list(log_store.segments(connection))
        newest = log_store.newest_checkpoint(connection)
    assert [row.sequence for row in rows] == list(range(1, 31))
    assert [row.previous for row in rows] == [b"", *(row.digest for row in rows[:-1])]
    assert newest is not None
    assert newest.root == root_of([one.leaf() for one in log])
    assert sum(one.count for one in log) == 60
    for engine in engines:
        engine.dispose()
