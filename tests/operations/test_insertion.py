"""Rows by the thousand: each once, in every column what the record said, and none held up by another."""

import os
import random

import msgspec
import pytest
from sqlalchemy import Connection, select

from benchmarks.ledger_records import Records
from operations.ledger.insertion import Form, Row, insert
from operations.store.database import Database
from operations.store.tables import exchange
from tests.operations.scripted_worker import record

FORM = Form(exchange)
UNLINKED = (b"", b"")


def row(identity: str, **fields: object) -> Row:
    made = FORM.row(msgspec.structs.replace(record(identity), **fields), *UNLINKED)
    assert made is not None
    return made


def ids(connection: Connection) -> list[str]:
    return sorted(connection.scalars(select(exchange.c.id)))


async def test_each_column_holds_what_its_field_said(database: Database) -> None:
    """Read back through SQLAlchemy: its types and the driver's own agree."""
    records = Records(1000)
    sent = [msgspec.structs.replace(records.exchange(number), finish_reason="tab\t, line\n, \\N and é", purpose="\\.")
            for number in range(200)]
    links = [(os.urandom(32), os.urandom(32)) for _ in sent]
    rows = [FORM.row(one, *pair) for one, pair in zip(sent, links, strict=True)]
    assert await database.run(lambda c: insert(c, exchange, [one for one in rows if one is not None])) == []
    for one, pair in zip(sent, links, strict=True):
        query = select(exchange).where(exchange.c.id == one.id)
        found = await database.read(lambda c, q=query: c.execute(q).one())
        assert tuple(found) == (*msgspec.to_builtins(_told(one)).values(), *pair)


def _told(record: object) -> object:
    # Every field, also those at their default; what is inside of them as JSON has it.
    return dict(zip(record.__struct_fields__, msgspec.structs.astuple(record), strict=True))  # type: ignore[attr-defined]


async def test_what_is_there_already_is_left_as_it_is(database: Database) -> None:
    await database.run(lambda c: insert(c, exchange, [row("a", model="first")]))
    again = [row("a", model="second"), row("b", model="third"), row("b", model="fourth")]
    assert await database.run(lambda c: insert(c, exchange, again)) == []
    found = await database.read(lambda c: c.execute(select(exchange.c.id, exchange.c.model).order_by("id")).all())
    assert [tuple(one) for one in found] == [("a", "first"), ("b", "third")]


async def test_one_transaction_may_bring_in_several_lots(database: Database) -> None:
    def lots(connection: Connection) -> None:
        for first in range(0, 30, 10):
            assert insert(connection, exchange, [row(f"{number:02}") for number in range(first, first + 10)]) == []

    await database.run(lots)
    assert await database.read(ids) == [f"{number:02}" for number in range(30)]


@pytest.mark.parametrize("unfit", [1, 3, 40])
async def test_rows_that_no_database_holds_are_told_by_their_places_and_the_rest_is_stored(
    database: Database, unfit: int
) -> None:
    bad = sorted(random.Random(unfit).sample(range(100), unfit))
    rows = [row(f"{number:02}", **({"bytes_out": 1 << 70} if number in bad else {})) for number in range(100)]
    assert await database.run(lambda c: insert(c, exchange, rows)) == bad
    assert await database.read(ids) == [f"{number:02}" for number in range(100) if number not in bad]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_makes_no_row(value: float) -> None:
    sent = record("a")
    sent.token_gap_seconds = value
    assert FORM.row(sent, *UNLINKED) is None


async def test_nothing_is_done_for_no_rows(database: Database) -> None:
    assert await database.run(lambda c: insert(c, exchange, [])) == []
