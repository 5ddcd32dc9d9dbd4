"""Whoever may write to the database changes something, and the verification finds it, and where."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.telemetry.logs import Log
from operations.audit import log_store
from operations.audit import store as acts
from operations.audit.act import Act
from operations.audit.canonical import StoredForm
from operations.audit.finding import Finding
from operations.audit.links import ACTS
from operations.audit.merkle import Tree, leaf_hash, root_of
from operations.audit.pruning import prune
from operations.audit.sealing import Sealer
from operations.audit.second_place import CHECKPOINTS, SEGMENTS
from operations.audit.verification import Report
from operations.ledger import store
from operations.secrets.signing import Signer
from operations.store.tables import (
    act,
    audit_checkpoint,
    audit_segment,
    chain,
    chain_gap,
    chain_pruned,
    exchange,
    signal,
)
from tests.operations.audit.audited import SIGNER, W0, W1, Audited, exchange_of, faults
from tests.operations.conftest import Lines
from tests.postgres import PostgresServer

FORGER = Signer(b"f" * 32)


async def of_three_rounds(url: str, place: Path) -> Audited:
    """Three sealed rounds (records 1 to 30 of each writer) and one that is not (31 to 40)."""
    made = Audited(url, place, Log(Lines(), "debug"))
    await made.rounds(3)
    return made


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def audited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """One for all tests on a database: what they do to it is undone."""
    folder, url = tmp_path_factory.mktemp("audited"), ""
    if request.param == "sqlite":
        url = f"sqlite:///{folder}/gatewright.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        server.execute("create database audited template migrated")
        url = server.url("audited")
    made = asyncio.run(of_three_rounds(url, folder / "place"))
    yield made
    made.close()
    if request.param == "postgresql":
        server.execute("drop database audited with (force)")


@pytest.fixture
async def own(database_url: str, tmp_path: Path) -> AsyncIterator[Audited]:
    """For a test that leaves something behind."""
    made = await of_three_rounds(database_url, tmp_path / "place")
    yield made
    made.close()


@pytest.fixture(params=[True, False], ids=["with-place", "alone"])
def with_place(request: pytest.FixtureRequest) -> bool:
    there: bool = request.param
    return there


def at(table: Table, writer: str, sequence: int) -> Any:
    return (table.c.writer == writer) & (table.c.sequence == sequence)


def other(value: Any) -> Any:
    """Another value of the same type, as a column holds it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1000
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\x01"
    return f"{value}x" if isinstance(value, str) else {"another": 1}


def remake(connection: Connection, table: Table, writer: str, sequence: int, previous: bytes | None = None) -> bytes:
    """Gives a row the digest of its present fields; returns it."""
    form = StoredForm(table)
    row = connection.execute(select(table.c.previous, *form.columns).where(at(table, writer, sequence))).one()
    previous = row[0] if previous is None else previous
    digest = leaf_hash(form.bytes_of(tuple(row[1:]), previous))
    connection.execute(update(table).where(at(table, writer, sequence)).values(previous=previous, digest=digest))
    return digest


def remake_chain(connection: Connection, writer: str, first: int, last: int) -> None:
    """Makes the chain anew from a record on, and the chains' table too."""
    previous = None
    for sequence in range(first, last + 1):
        table = signal if sequence % 5 == 0 else exchange
        previous = remake(connection, table, writer, sequence, previous)
    connection.execute(update(chain).where(chain.c.writer == writer).values(digest=previous))


def remake_segments(connection: Connection) -> None:
    """Makes every segment anew, of the digests that are there now."""
    for segment in list(log_store.segments(connection)):
        leaves = [digest for _, digest in log_store.leaves(connection, segment)]
        connection.execute(update(audit_segment).where(audit_segment.c.number == segment.number).values(
            root=root_of(leaves), head=leaves[-1]))


def sign_anew(connection: Connection, signer: Signer) -> None:
    """Makes every checkpoint anew, of the segments that are there now."""
    tree, previous = Tree(), b""
    segments = list(log_store.segments(connection))
    for one in log_store.checkpoints(connection):
        while tree.size < one.size:
            tree.add(segments[tree.size].leaf())
        made = msgspec.structs.replace(one, root=tree.root(), previous=previous, key=signer.public.hex()
                                       ).signed_by(signer)
        previous = made.digest()
        connection.execute(update(audit_checkpoint).where(audit_checkpoint.c.number == one.number).values(
            msgspec.structs.asdict(made)))


def of_kind(report: Report, kind: str) -> list[Finding]:
    return [one for one in report.findings if one.kind == kind]


async def test_what_nobody_touched_is_sound(audited: Audited, with_place: bool) -> None:
    report = await audited.verify(with_place)
    assert report.findings == []
    assert (report.records, report.unsealed, report.chains, report.checkpoints) == (84, 21, 3, 3)


@pytest.mark.parametrize("table", [exchange, signal, act], ids=str)
async def test_another_value_in_any_column_of_a_row_is_found_at_that_row(audited: Audited, table: Table) -> None:
    """Each column in a row of its own, as many at once as there are rows; sealed ones and others."""
    rows = await audited.database.run(lambda c: c.execute(select(table.c.writer, table.c.sequence)).all())
    columns = [column for column in table.columns if column.name not in ("writer", "sequence")]
    for begin in range(0, len(columns), len(rows)):
        flips = [(row.writer, row.sequence, column) for row, column in zip(rows, columns[begin:], strict=False)]

        def tamper(connection: Connection, flips: Any = flips) -> None:
            for writer, sequence, column in flips:
                value = connection.scalar(select(column).where(at(table, writer, sequence)))
                connection.execute(update(table).where(at(table, writer, sequence)).values(
                    {column.name: other(value)}))

        report = await audited.verify_tampered(tamper)
        flipped = {(one.writer, number) for one in of_kind(report, "flipped")
                   for number in range(one.sequence, max(one.sequence, one.last) + 1)}
        assert flipped == {(writer, sequence) for writer, sequence, _ in flips}


@pytest.mark.parametrize(
    ("column", "value"), [("writer", W1), ("writer", "d" * 22), ("sequence", 14), ("sequence", 99)])
async def test_a_row_that_was_put_elsewhere_is_missed_where_it_was_and_found_where_it_is(
    audited: Audited, with_place: bool, column: str, value: Any
) -> None:
    report = await audited.verify_tampered(lambda c: c.execute(
        update(exchange).where(at(exchange, W0, 13)).values({column: value})), with_place)
    found = faults(report)
    assert ("deleted", W0, 13) in found
    there = (W0, value) if column == "sequence" else (value, 13)
    assert there in {one[1:] for one in found} or exchange_of(W0, 13).id in {one.id for one in report.findings}


async def test_a_value_of_another_type_is_found_where_the_database_takes_it(
    tmp_path: Path, log: Log, sqlite_url: str
) -> None:
    """SQLite's columns hold anything: bytes that JSON would write as the text that was there are another value."""
    audited = Audited(sqlite_url, tmp_path / "place", log)
    await audited.add([exchange_of(W0, 1, model="YWJj")])
    assert await audited.tamper("update exchange set model = X'616263'") == 1
    assert faults(await audited.verify(False))[0][0] == "flipped"
    audited.close()


async def test_a_deleted_row_is_found(audited: Audited, with_place: bool) -> None:
    report = await audited.verify_tampered(lambda c: c.execute(delete(exchange).where(at(exchange, W0, 13))),
                                           with_place)
    assert faults(report) == [("deleted", W0, 13)]
    assert report.findings[0].where == "segment 3"


async def test_a_deleted_row_that_is_not_sealed_is_found(audited: Audited) -> None:
    report = await audited.verify_tampered(lambda c: c.execute(delete(exchange).where(at(exchange, W0, 33))))
    assert ("deleted", W0, 33) in faults(report)


async def test_a_deletion_with_a_gap_noted_after_the_fact_is_found(audited: Audited, with_place: bool) -> None:
    """A gap that no segment tells of is no gap: neither for a sealed record nor, by the links, for one that is not."""
    for sequence, kind in ((13, "deleted"), (33, "rewritten")):
        def tamper(connection: Connection, sequence: int = sequence) -> None:
            connection.execute(delete(exchange).where(at(exchange, W0, sequence)))
            connection.exec_driver_sql(f"insert into chain_gap values ('{W0}', {sequence}, {sequence}, 'missing')")

        assert kind in {one[0] for one in faults(await audited.verify_tampered(tamper, with_place))}


async def test_rows_cut_off_the_end_are_found(audited: Audited, with_place: bool) -> None:
    def cut(connection: Connection) -> None:
        for table in (exchange, signal):
            connection.execute(delete(table).where(table.c.writer == W0, table.c.sequence > 27))

    found = (await audited.verify_tampered(cut, with_place)).findings
    assert [(one.kind, one.writer, one.sequence, one.last) for one in found[:2]] == [
        ("truncated", W0, 28, 30), ("truncated", W0, 31, 40)]


async def test_rows_cut_off_with_the_chain_and_all_that_seals_them_are_found_by_the_second_place(
    audited: Audited
) -> None:
    def cut(connection: Connection) -> None:
        for table in (exchange, signal, act):
            last = {ACTS: 2}.get
            for writer in (W0, W1, ACTS):
                connection.execute(delete(table).where(table.c.writer == writer,
                                                       table.c.sequence > last(writer, 20)))
        connection.execute(delete(audit_checkpoint).where(audit_checkpoint.c.number == 3))
        connection.execute(delete(audit_segment).where(audit_segment.c.number >= 6))
        for writer, upto in ((W0, 20), (W1, 20), (ACTS, 2)):
            table = act if writer == ACTS else signal
            head = connection.scalar(select(table.c.digest).where(at(table, writer, upto)))
            connection.execute(update(chain).where(chain.c.writer == writer).values(
                sequence=upto, sealed=upto, digest=head))

    assert faults(await audited.verify_tampered(cut, with_place=False)) == []  # as its notes say
    found = faults(await audited.verify_tampered(cut, with_place=True))
    assert ("truncated", "", 0) in found
    assert ("truncated", W0, 21) in found
    assert ("truncated", W1, 21) in found
    assert ("truncated", ACTS, 3) in found


async def test_an_inserted_row_is_found(audited: Audited, with_place: bool) -> None:
    """Beside another one, in no chain, and in a chain that nobody began."""
    def beside(connection: Connection) -> None:
        copied = dict(connection.execute(select(exchange).where(at(exchange, W0, 13))).one()._mapping)
        connection.execute(insert(exchange).values({**copied, "id": "forged", "digest": b"d" * 32}))

    report = await audited.verify_tampered(beside, with_place)
    assert ("inserted", W0, 13) in faults(report)
    assert "forged" in {one.id for one in report.findings}

    def alone(writer: str, sequence: int) -> Any:
        fields = msgspec.structs.asdict(exchange_of(writer, sequence, id="forged", started_at=audited.now))
        digest = leaf_hash(b"whatever")
        return lambda c: c.execute(insert(exchange).values(**fields, previous=b"", digest=digest))

    found = await audited.verify_tampered(alone("", 0), with_place)
    assert [(one.kind, one.where) for one in found.findings] == [("inserted", "table exchange")]
    assert ("inserted", "c" * 22, 0) in faults(await audited.verify_tampered(alone("c" * 22, 1), with_place))


async def test_two_rows_that_changed_places_are_found(audited: Audited, with_place: bool) -> None:
    def swap(connection: Connection) -> None:
        for now, then in ((12, -1), (14, 12), (-1, 14)):
            connection.execute(update(exchange).where(at(exchange, W0, now)).values(sequence=then))

    report = await audited.verify_tampered(swap, with_place)
    assert faults(report) == [("reordered", W0, 12), ("reordered", W0, 14)]
    assert "the record of place 14" in report.findings[0].what


async def test_two_contents_that_changed_places_with_their_digests_made_anew_are_found(
    audited: Audited, with_place: bool
) -> None:
    def swap(connection: Connection) -> None:
        for sequence, tokens in ((12, 14), (14, 12)):
            connection.execute(update(exchange).where(at(exchange, W0, sequence)).values(completion_tokens=tokens))
            remake(connection, exchange, W0, sequence)

    assert faults(await audited.verify_tampered(swap, with_place)) == [("rewritten", W0, 12), ("rewritten", W0, 14)]


@pytest.mark.parametrize("sequence", [13, 19, 29])
async def test_a_change_with_its_digest_made_anew_is_found(audited: Audited, with_place: bool, sequence: int) -> None:
    def change(connection: Connection) -> None:
        connection.execute(update(exchange).where(at(exchange, W0, sequence)).values(outcome="failed"))
        remake(connection, exchange, W0, sequence)

    report = await audited.verify_tampered(change, with_place)
    assert faults(report) == [("rewritten", W0, sequence)]
    assert report.findings[0].id == exchange_of(W0, sequence).id


async def test_the_last_record_of_a_segment_made_anew_is_found(audited: Audited, with_place: bool) -> None:
    def change(connection: Connection) -> None:
        connection.execute(update(signal).where(at(signal, W0, 20)).values(value=7.0))
        remake(connection, signal, W0, 20)

    assert faults(await audited.verify_tampered(change, with_place)) == [("rewritten", W0, 20)]


async def test_a_change_with_the_whole_chain_made_anew_is_found(audited: Audited, with_place: bool) -> None:
    """Exactly, with the second place's leaves; alone, as the segment that holds it and all after."""
    def change(connection: Connection) -> None:
        connection.execute(update(exchange).where(at(exchange, W0, 13)).values(outcome="failed"))
        remake_chain(connection, W0, 13, 40)

    found = [one for one in (await audited.verify_tampered(change, with_place)).findings if one.is_fault]
    assert {one.kind for one in found} == {"rewritten"}
    assert next((one.sequence, one.last) for one in found) == ((13, 20) if with_place else (11, 20))
    assert {one.writer for one in found} == {W0}


async def test_a_change_with_the_chain_and_its_segments_made_anew_is_found(audited: Audited, with_place: bool) -> None:
    def change(connection: Connection) -> None:
        connection.execute(update(exchange).where(at(exchange, W0, 13)).values(outcome="failed"))
        remake_chain(connection, W0, 13, 40)
        remake_segments(connection)

    report = await audited.verify_tampered(change, with_place)
    assert "segments 3 to 5 are not those that checkpoint 2 signs" in {one.what for one in report.findings}
    if with_place:
        assert (13, 20) in [(one.sequence, one.last) for one in report.findings if "another record" in one.what]


async def test_a_history_that_is_signed_anew_with_another_key_is_found(audited: Audited, with_place: bool) -> None:
    def change(connection: Connection) -> None:
        connection.execute(update(exchange).where(at(exchange, W0, 13)).values(outcome="failed"))
        remake_chain(connection, W0, 13, 40)
        remake_segments(connection)
        sign_anew(connection, FORGER)

    report = await audited.verify_tampered(change, with_place)
    assert len(of_kind(report, "forged")) == 3
    assert "another key" in of_kind(report, "forged")[0].what


async def test_a_history_that_is_signed_anew_with_the_key_itself_is_found_by_the_second_place(audited: Audited) -> None:
    """Whoever stole the key makes a history that fits in itself: only what was told elsewhere speaks against it."""
    def change(connection: Connection) -> None:
        connection.execute(update(exchange).where(at(exchange, W0, 13)).values(outcome="failed"))
        remake_chain(connection, W0, 13, 40)
        remake_segments(connection)
        sign_anew(connection, SIGNER)

    assert faults(await audited.verify_tampered(change, with_place=False)) == []
    report = await audited.verify_tampered(change, with_place=True)
    assert [one.where for one in report.findings if "has another one of this number" in one.what] == [
        "checkpoint 2 of the database", "checkpoint 3 of the database"]
    assert (13, 20) in [(one.sequence, one.last) for one in of_kind(report, "rewritten")]


async def test_a_deleted_checkpoint_is_found(audited: Audited) -> None:
    gone = lambda number: lambda c: c.execute(  # noqa: E731
        delete(audit_checkpoint).where(audit_checkpoint.c.number == number))
    newest = await audited.verify_tampered(gone(3), with_place=True)
    assert ("truncated", "the database") in {(one.kind, one.where) for one in newest.findings}
    between = await audited.verify_tampered(gone(2), with_place=False)
    assert [(one.kind, one.what) for one in between.findings] == [("missing", "checkpoints 2 to 2 are not there")]


async def test_an_edited_checkpoint_is_found(audited: Audited, with_place: bool) -> None:
    report = await audited.verify_tampered(
        lambda c: c.execute(update(audit_checkpoint).where(audit_checkpoint.c.number == 2).values(size=5)), with_place)
    assert [one.where for one in of_kind(report, "forged")] == ["checkpoint 2 of the database"]


async def test_a_deleted_and_an_added_segment_are_found(audited: Audited, with_place: bool) -> None:
    deleted = await audited.verify_tampered(
        lambda c: c.execute(delete(audit_segment).where(audit_segment.c.number == 4)), with_place)
    assert "segment 4, which checkpoint 2 signs, is not there" in {one.what for one in deleted.findings}

    def add(connection: Connection) -> None:
        last = max(log_store.segments(connection), key=lambda one: one.number)
        connection.execute(insert(audit_segment).values(
            msgspec.structs.asdict(msgspec.structs.replace(last, number=last.number + 1, first=31, last=30))))

    assert "segments 9 to 9 are under no checkpoint" in {
        one.what for one in (await audited.verify_tampered(add, with_place)).findings}


async def test_a_second_place_that_was_set_back_is_found(own: Audited) -> None:
    file = own.place / f"host{CHECKPOINTS}"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]))
    report = await own.verify()
    assert [(one.kind, one.what) for one in report.findings] == [
        ("rolled_back", "checkpoint 3 was written there, and its newest is 2")]


async def test_a_second_place_that_was_changed_is_found_and_accuses_nobody_else(own: Audited) -> None:
    checkpoints, segments = own.place / f"host{CHECKPOINTS}", own.place / f"host{SEGMENTS}"
    told = [msgspec.json.decode(line) for line in checkpoints.read_bytes().splitlines()]
    told[1]["at"] += 1
    checkpoints.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in told))
    report = await own.verify()
    assert {one.kind for one in report.findings} == {"forged", "missing"}
    assert all(str(own.place) in one.where for one in report.findings)

    kept = [msgspec.json.decode(line) for line in segments.read_bytes().splitlines()]
    kept[4]["count"] += 1
    segments.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in kept))
    report = await own.verify()
    assert any("segments 0 to 8" in one.what or "segments 3 to" in one.what for one in report.findings)
    assert not [one for one in report.findings if one.writer]


async def test_a_line_that_a_crash_tore_is_passed_over(own: Audited) -> None:
    with (own.place / f"host{CHECKPOINTS}").open("ab") as file:
        file.write(b'{"number": 4, "at"')
    await own.round()
    assert (await own.verify()).findings == []


async def test_a_closed_chain_takes_no_more(own: Audited) -> None:
    await own.auditor.seal()
    own.now += 7200
    await own.auditor.seal()
    await own.auditor.deliver()
    assert faults(await own.verify()) == []

    def add(connection: Connection) -> None:
        fields = msgspec.structs.asdict(exchange_of(W0, 41))
        head = connection.scalar(select(chain.c.digest).where(chain.c.writer == W0))
        connection.execute(insert(exchange).values(**fields, previous=head, digest=b""))
        digest = remake(connection, exchange, W0, 41)
        connection.execute(update(chain).where(chain.c.writer == W0).values(sequence=41, digest=digest))

    assert faults(await own.verify_tampered(add)) == [("inserted", W0, 41)]


async def test_a_chains_row_that_says_that_all_is_sealed_is_found(audited: Audited) -> None:
    report = await audited.verify_tampered(
        lambda c: c.execute(update(chain).where(chain.c.writer == W0).values(sealed=40)))
    assert faults(report) == [("rewritten", W0, 0)]




NONSENSE = ("'nonsense'", "X'00ff'", "-1", "1e300")  # what SQLite takes into nearly any column
# What the segments tell too, and what only says when to do something: nothing hangs on them.
UNSEEN = {"chain_gap.writer", "chain_gap.first", "chain_gap.last", "chain_gap.why", "chain.sealed_at", "chain.closed"}


@pytest.mark.parametrize("table", [
    audit_segment, audit_checkpoint,
    *(pytest.param(one, marks=pytest.mark.slow) for one in (chain, chain_gap, chain_pruned, exchange, signal, act))],
    ids=str)
async def test_nonsense_in_any_column_is_a_finding_and_stops_nothing(
    tmp_path: Path, sqlite_url: str, table: Table, log: Log
) -> None:
    """SQLite's columns take what they were not made for. `verify` goes on, and so do drain, acts and sealing."""
    audited = Audited(sqlite_url, tmp_path / "place", log)
    await audited.round()
    await audited.add([exchange_of(W0, 13)])
    await audited.database.run(lambda c: prune(c, exchange, [exchange_of(W0, 1).id], Act(
        at=1.0, kind="retention.run", actor="a", reason="r")))
    await audited.auditor.seal()
    await audited.auditor.deliver()
    assert faults(await audited.verify()) == []
    unseen = set()
    for column in table.columns:
        for value in NONSENSE:
            def tamper(connection: Connection, column: Any = column, value: str = value) -> None:
                connection.exec_driver_sql(
                    f'update "{table.name}" set "{column.name}" = {value} '
                    f'where rowid = (select max(rowid) from "{table.name}")')

            def go_on(connection: Connection, tamper: Any = tamper) -> None:
                tamper(connection)
                store.append(connection, [exchange_of(W0, 14), exchange_of(W1, 20)])
                acts.append(connection, Act(at=1.0, kind="a.b", actor="a", reason="r"))
                Sealer(SIGNER).seal(connection, 1e9)

            try:
                report = await audited.verify_tampered(tamper, with_place=True)
            except IntegrityError:
                continue  # the one kind of column that SQLite holds to its type
            if not faults(report):
                unseen.add(f"{table.name}.{column.name}")
            await audited.verify_tampered(go_on)
    audited.close()
    assert unseen == {name for name in UNSEEN if name.startswith(f"{table.name}.")}
