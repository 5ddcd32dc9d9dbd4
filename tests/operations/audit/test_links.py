"""Chains as the drain writes them: whole over batches, restarts, duplicates, losses and what cannot be stored."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from gateway.record import Entry, ExchangeRecord, Signal
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.chains import heads
from operations.audit.links import ACTS, STRAYS
from operations.ledger import store
from operations.store.engine import engine_of
from operations.store.migrations import migrate
from operations.store.tables import act, chain_gap, exchange, signal

W0, W1 = "a" * 22, "b" * 22


def exchange_of(writer: str, sequence: int, **more: Any) -> ExchangeRecord:
    return ExchangeRecord(id=f"{writer}{sequence:010x}", started_at=1e9, writer=writer, sequence=sequence, **more)


def signal_of(writer: str, sequence: int) -> Signal:
    return Signal(id=f"s{writer}{sequence}", exchange_id="x", at=1.0, kind="guard", name="names", writer=writer,
                  sequence=sequence)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = engine_of(database_url)
    migrate(made)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as opened:
        yield opened


def chain_of(connection: Connection, writer: str) -> list[tuple[int, bytes, bytes]]:
    """Sequence, previous and digest of each record of a writer, in order."""
    rows = [tuple(row) for table in (exchange, signal, act) for row in connection.execute(
        select(table.c.sequence, table.c.previous, table.c.digest).where(table.c.writer == writer))]
    return sorted(rows)


def is_whole(rows: Sequence[tuple[int, bytes, bytes]]) -> bool:
    digests = [row[2] for row in rows]
    return [row[1] for row in rows] == [b"", *digests[:-1]] and len(set(digests)) == len(digests)


def gaps(connection: Connection) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in connection.execute(select(chain_gap)))


def test_writers_that_interleave_have_a_chain_each(connection: Connection) -> None:
    entries: list[Entry] = [exchange_of(W0, 1), exchange_of(W1, 1), signal_of(W0, 2), exchange_of(W0, 3),
                            signal_of(W1, 2)]
    assert store.append(connection, entries) == []
    for writer, length in ((W0, 3), (W1, 2)):
        rows = chain_of(connection, writer)
        assert [row[0] for row in rows] == list(range(1, length + 1))
        assert is_whole(rows)
    assert gaps(connection) == []


def test_a_chain_goes_on_in_the_next_batch(connection: Connection) -> None:
    for sequence in range(1, 4):
        store.append(connection, [exchange_of(W0, sequence)])
    assert is_whole(chain_of(connection, W0))


def test_what_a_transaction_undoes_is_undone_in_the_chain(engine: Engine) -> None:
    with engine.begin() as connection:
        store.append(connection, [exchange_of(W0, 1)])
    with engine.connect() as connection:
        store.append(connection, [exchange_of(W0, 2, tenant="never committed")])
        connection.rollback()
    with engine.begin() as connection:
        store.append(connection, [exchange_of(W0, 2), exchange_of(W0, 3)])
        assert is_whole(chain_of(connection, W0))


def test_a_record_that_comes_twice_changes_nothing(connection: Connection) -> None:
    store.append(connection, [exchange_of(W0, 1), exchange_of(W0, 2)])
    before = chain_of(connection, W0)
    assert store.append(connection, [exchange_of(W0, 1), exchange_of(W0, 2)]) == []
    assert chain_of(connection, W0) == before
    store.append(connection, [exchange_of(W0, 2), exchange_of(W0, 3)])
    assert is_whole(chain_of(connection, W0))
    assert chain_of(connection, STRAYS) == []


def test_a_loss_is_chained_on_and_noted(connection: Connection) -> None:
    store.append(connection, [exchange_of(W0, 1), exchange_of(W0, 4)])
    store.append(connection, [exchange_of(W0, 9)])
    assert is_whole(chain_of(connection, W0))
    assert gaps(connection) == [(W0, 2, 3, "missing"), (W0, 5, 8, "missing")]


def test_a_record_that_no_database_holds_leaves_its_place(connection: Connection) -> None:
    poison = exchange_of(W0, 2, bytes_in=1 << 70)
    assert store.append(connection, [exchange_of(W0, 1), poison, exchange_of(W0, 3)]) == [poison]
    assert store.append(connection, [exchange_of(W0, 4)]) == []
    rows = chain_of(connection, W0)
    assert [row[0] for row in rows] == [1, 3, 4]
    assert is_whole(rows)
    assert gaps(connection) == [(W0, 2, 2, "unstorable")]


def test_a_last_record_that_no_database_holds_is_noted_once(connection: Connection) -> None:
    store.append(connection, [exchange_of(W0, 1, bytes_in=1 << 70)])
    store.append(connection, [exchange_of(W0, 2)])
    assert gaps(connection) == [(W0, 1, 1, "unstorable")]
    assert is_whole(chain_of(connection, W0))


def test_what_stands_in_no_chain_is_chained_with_the_strays(connection: Connection) -> None:
    """Records of a release that did not number them, and one whose place its chain has passed."""
    store.append(connection, [ExchangeRecord(id="old", started_at=1.0), exchange_of(W0, 5)])
    store.append(connection, [exchange_of(W0, 3)])
    assert [row[0] for row in chain_of(connection, W0)] == [5]
    strays = chain_of(connection, STRAYS)
    assert [row[0] for row in strays] == [1, 2]
    assert is_whole(strays)


def test_a_stray_that_comes_twice_is_stored_once(connection: Connection) -> None:
    for _ in range(2):
        store.append(connection, [ExchangeRecord(id="old", started_at=1.0), ExchangeRecord(id="old", started_at=1.0),
                                  Signal(id="old", exchange_id="x", at=1.0, kind="k", name="n")])
    assert len(chain_of(connection, STRAYS)) == 2
    assert is_whole(chain_of(connection, STRAYS))


def test_an_id_that_is_another_records_is_refused_and_noted(connection: Connection) -> None:
    store.append(connection, [exchange_of(W0, 1)])
    forged = ExchangeRecord(id=exchange_of(W0, 1).id, started_at=1.0, writer=W1, sequence=1)
    assert store.append(connection, [forged, exchange_of(W1, 2)]) == [forged]
    assert is_whole(chain_of(connection, W0))
    assert is_whole(chain_of(connection, W1))
    assert gaps(connection) == [(W1, 1, 1, "unstorable")]


def test_acts_are_one_chain_whoever_writes_them(engine: Engine) -> None:
    for life in range(3):
        with engine.begin() as connection:
            assert acts.append(connection, Act(at=float(life), kind="a.b", actor="ann", reason="r")) == life + 1
    with engine.begin() as connection:
        rows = chain_of(connection, ACTS)
        assert [row[0] for row in rows] == [1, 2, 3]
        assert is_whole(rows)
        assert heads(connection, [ACTS])[ACTS].digest == rows[-1][2]
