"""What is digested of a record is the same from its row, bit for bit, in either database."""

import math
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from gateway.record import Attempt, Entry, ExchangeRecord, GuardFinding, Signal
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.canonical import StoredForm, canonical
from operations.audit.merkle import leaf_hash
from operations.ledger import store
from operations.store.engine import engine_of
from operations.store.migrations import migrate
from operations.store.tables import act, exchange, signal

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
# Every kind of text that a record may bring along, storable or not.
ANY_TEXT = st.text(st.characters(), max_size=8)
NUMBER = st.floats(allow_nan=False)
DOCUMENT = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8)
FINDING = st.builds(GuardFinding, side=TEXT, guard=TEXT, label=TEXT, action=TEXT, score=NUMBER, start=st.integers(0, 9),
                    end=st.integers(0, 9), place=TEXT)
ATTEMPT = st.builds(Attempt, version=TEXT, endpoint=TEXT, result=TEXT, seconds=NUMBER, status=st.integers(0, 599))
BIG = st.integers(-(1 << 63), (1 << 63) - 1)
EXCHANGE = st.builds(
    ExchangeRecord, id=TEXT, started_at=NUMBER, purpose=ANY_TEXT, client_request_id=TEXT,
    tenant=TEXT, unit_fraction=NUMBER, model=TEXT, revision=st.integers(0, 1 << 31), streamed=st.booleans(),
    attempts=st.lists(ATTEMPT, max_size=2), guards=st.lists(TEXT, max_size=2), findings=st.lists(FINDING, max_size=2),
    guard_seconds=st.dictionaries(TEXT, NUMBER, max_size=2), token_gap_counts=st.lists(BIG, max_size=3),
    cost_micros=BIG, bytes_in=st.integers(0, 1 << 64), total_seconds=NUMBER)
SIGNAL = st.builds(
    Signal, id=TEXT, exchange_id=TEXT, at=NUMBER, kind=TEXT, name=ANY_TEXT,
    value=st.none() | NUMBER | st.just(-0.0), body=st.dictionaries(TEXT, DOCUMENT, max_size=3))


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = engine_of(database_url)
    migrate(made)
    yield made
    made.dispose()


def stored(connection: Connection, kind: str, identity: Any) -> tuple[bytes, bytes, bytes] | None:
    """What the row says that it was chained to, its digest, and its canonical bytes read from its columns."""
    table = {"exchange": exchange, "signal": signal, "act": act}[kind]
    form = StoredForm(table)
    row = connection.execute(
        select(table.c.previous, table.c.digest, *form.columns).where(table.c.id == identity)).first()
    return None if row is None else (row[0], row[1], form.bytes_of(tuple(row[2:]), row[0]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entry=EXCHANGE | SIGNAL)
def test_a_row_has_the_digest_of_its_record(engine: Engine, entry: Entry) -> None:
    """Whatever the record holds: what cannot be stored is given back, all else is digested as it is stored."""
    entry = msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=type(entry)) if _encodable(entry) else entry
    entry.id = uuid4().hex  # an id that is stored already would be left as it is
    kind = "exchange" if isinstance(entry, ExchangeRecord) else "signal"
    with engine.begin() as connection:
        unstorable = store.append(connection, [entry])
        found = stored(connection, kind, entry.id)
        if unstorable:
            assert found is None
            return
        assert found is not None
        previous, digest, data = found
        assert data == canonical(kind, msgspec.structs.asdict(entry), previous)
        assert digest == leaf_hash(data)


def _encodable(entry: Entry) -> bool:
    try:
        msgspec.msgpack.encode(entry)
    except (UnicodeEncodeError, OverflowError):
        return False
    return True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=st.none() | st.dictionaries(TEXT, DOCUMENT, max_size=3), details=st.dictionaries(TEXT, TEXT, max_size=2))
def test_an_acts_row_has_its_digest_too(engine: Engine, before: Any, details: dict[str, Any]) -> None:
    with engine.begin() as connection:
        try:
            with connection.begin_nested():
                number = acts.append(connection, Act(at=1.5, kind="a.b", actor="ann", reason="r", before=before,
                                                     details=details))
        except ValueError:
            return  # a lone surrogate: no JSON
        found = stored(connection, "act", number)
        assert found is not None
        assert found[1] == leaf_hash(found[2])


def test_a_column_that_a_later_release_adds_changes_no_digest() -> None:
    fields = msgspec.structs.asdict(ExchangeRecord(id="a", started_at=1.0))
    before = canonical("exchange", fields, b"")
    for empty in ("", 0, 0.0, False, [], {}, None):
        assert canonical("exchange", {**fields, "later": empty}, b"") == before
    assert canonical("exchange", {**fields, "later": "x"}, b"") != before


def test_null_is_not_zero_where_both_mean_something() -> None:
    fields = msgspec.structs.asdict(Signal(id="a", exchange_id="b", at=1.0, kind="feedback", name="liked"))
    forms = [canonical("signal", {**fields, "value": value}, b"") for value in (None, 0.0, 1.0)]
    assert len(set(forms)) == 3
    assert canonical("signal", {**fields, "value": -0.0}, b"") == forms[1]


def test_numbers_beyond_all_bounds_are_told_apart() -> None:
    fields = msgspec.structs.asdict(ExchangeRecord(id="a", started_at=1.0))
    forms = {canonical("exchange", {**fields, "total_seconds": value}, b"") for value in (math.inf, -math.inf, 1e308)}
    assert len(forms) == 3


def test_the_form_is_json_that_anybody_can_make() -> None:
    fields = msgspec.structs.asdict(ExchangeRecord(
        id="é", started_at=1.5, attempts=[Attempt("v", "http://e", "answered", 0.25)], writer="w", sequence=2))
    assert canonical("exchange", fields, b"\x01\x02").decode() == (
        '{"attempts":[{"endpoint":"http://e","result":"answered","seconds":0.25,"version":"v"}],"cache":"bypass",'
        '"id":"é","previous":"0102","purpose":"live","record":"exchange","schema":2,"sequence":2,"started_at":1.5,'
        '"usage_source":"none","writer":"w"}')
