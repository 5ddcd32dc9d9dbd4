"""The catalogue of questions: how each database goes about it, and what each answers."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite

from benchmarks.ledger_records import STARTS, Records, sample_of
from operations.audit import store as acts
from operations.audit.act import Act
from operations.ledger import queries, store
from operations.ledger.queries import Question, Window, catalogue
from operations.store.database import Database
from operations.store.tables import exchange

TOTAL = 3000
DAY = Window(STARTS + 86_400, STARTS + 2 * 86_400)
DAYS = Window(STARTS + 86_400, STARTS + 20 * 86_400)
# What most rows have is soonest found by walking the time, which is well: the plans are those for a rare value.
RARE = {"model": "m", "arm_served": "v", "tenant": "t", "trial": "t"}


async def fill(database: Database) -> None:
    records = Records(TOTAL)
    exchanges = [records.exchange(number) for number in range(TOTAL)]
    signals = [records.signal(number, one) for number, one in enumerate(exchanges)]

    for first in range(0, TOTAL, 500):
        both = [*exchanges[first:first + 500], *signals[first:first + 500]]
        assert await database.run(lambda c, both=both: store.append(c, both)) == []
    for first in range(0, 300, 50):
        await database.run(lambda c, first=first: note_acts(c, range(first, first + 50)))


def note_acts(connection: Connection, numbers: range) -> None:
    for number in numbers:
        acts.append(connection, Act(at=STARTS + number, kind=f"kind-{number % 9}", actor="ann", reason="a test",
                                    about=f"revision {number}"))


def explained(connection: Connection, query: Select[object]) -> str:
    """The plan, a line a step. Few rows are soonest read through and sorted: PostgreSQL tells what else it can do."""
    dialect = {"sqlite": sqlite.dialect(), "postgresql": postgresql.dialect()}[connection.dialect.name]
    asked = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    if connection.dialect.name == "sqlite":
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()
        return "\n".join(step[3] for step in steps)
    for way in ("seqscan", "bitmapscan", "sort"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    return "\n".join(connection.exec_driver_sql(f"EXPLAIN {asked}".replace("%", "%%")).scalars())


def faults(plan: str, question: Question) -> Iterator[str]:
    asked = str(question.query.compile(dialect=sqlite.dialect()))
    if "Seq Scan" in plan or ("SCAN" in plan and ("WHERE" in asked or "LIMIT" not in asked)):
        yield "reads everything"
    if not question.sums and re.search(r"TEMP B-TREE FOR .*ORDER BY|\bSort\b", plan):
        yield "sorts"
    if question.index not in plan and not (question.index.endswith("_pkey") and _is_primary(plan)):
        yield f"does not use {question.index}"


def _is_primary(plan: str) -> bool:
    # SQLite calls such an index after its number, and a table whose key is a number is one itself.
    return "sqlite_autoindex" in plan or plan == "SCAN act"


async def explain_all(database: Database) -> dict[str, object]:
    found = {}
    for question in catalogue(dict(sample_of(Records(TOTAL), 1500)) | RARE, DAYS):
        plan = await database.read(lambda c, q=question: explained(c, q.query))
        if told := list(faults(plan, question)):
            found[question.name] = (told, plan)
    return found


async def test_each_question_is_answered_from_its_index(database: Database) -> None:
    await fill(database)
    await database.run(lambda c: c.execute(text("ANALYZE")))
    assert await explain_all(database) == {}


async def test_sqlite_needs_no_statistics_for_that(sqlite: Database) -> None:
    await fill(sqlite)
    assert await explain_all(sqlite) == {}


async def test_a_question_that_no_index_answers_is_found_out(database: Database) -> None:
    """What holds the test above: it can fail."""
    await fill(database)
    await database.run(lambda c: c.execute(text("ANALYZE")))
    for query, fault in ((select(exchange).where(exchange.c.status == 502).limit(5), "reads everything"),
                         (select(exchange).where(exchange.c.tenant == "t").order_by(exchange.c.status), "sorts")):
        plan = await database.read(lambda c, q=query: explained(c, q))
        assert fault in list(faults(plan, Question("bad", "none", query, "")))


async def test_a_listing_has_what_was_asked_for_and_the_newest_first(database: Database) -> None:
    await fill(database)
    records = Records(TOTAL)
    for name, value in sample_of(records, 1500).items():
        if name not in queries.FILTERS:
            continue
        rows = await database.read(lambda c, n=name, v=value: store.newest(c, 1000, **{n: v}))
        assert {row[name] for row in rows} == {value}
        times = [row["started_at"] for row in rows]
        assert times == sorted(times, reverse=True)
    assert len(await database.read(lambda c: store.newest(c, 1000, tenant="nobody"))) == 0


async def test_sums_are_those_of_the_rows(database: Database) -> None:
    """Each sum of the catalogue against the same sum over all rows, in Python."""
    await fill(database)
    rows = [row for row in await all_rows(database) if DAY.since <= row["started_at"] < DAY.until]

    async def asked(query: Select[Any]) -> list[tuple[Any, ...]]:
        return sorted(map(tuple, await database.read(lambda c: c.execute(query).all())))

    def counted(*names: str, **only: str) -> list[tuple[Any, ...]]:
        told = Counter(tuple(row[name] for name in names) for row in rows if only.items() <= row.items())
        return sorted((*key, count) for key, count in told.items())

    assert await asked(queries.outcomes_of_version("version-2", DAY)) == counted("outcome", arm_served="version-2")
    assert await asked(queries.outcomes_of_model("model-2", DAY)) == counted("outcome", model="model-2")
    assert await asked(queries.outcomes_of_trial("trial-1", DAY)) == counted("arm_assigned", "outcome", trial="trial-1")
    assert await asked(queries.failures(DAY)) == counted("blame", "code", outcome="failed")
    days = Counter[tuple[Any, ...]]()
    for row in rows:
        days[row["started_at"] // 86_400, row["tenant"], row["model"]] += row["cost_micros"]
    usage = await asked(queries.usage(DAY))
    assert {(day, tenant, model): cost for day, tenant, model, *_, cost in usage} == days
    assert sum(row[3] for row in usage) == len(rows)
    assert await asked(queries.usage(DAY, "tenant-3")) == [row for row in usage if row[1] == "tenant-3"]


async def all_rows(database: Database) -> list[dict[str, Any]]:
    found = await database.read(lambda c: c.execute(select(exchange)).all())
    return [dict(zip(exchange.columns.keys(), row, strict=True)) for row in found]


async def test_a_days_number_changes_at_midnight(database: Database) -> None:
    times = [0.0, 86_399.9, 86_400.0, 259_199.99, 259_200.0, 1_790_000_000.5]
    days = [await database.read(lambda c, t=time: c.scalar(select(queries.day_of(literal(t))))) for time in times]
    assert days == [0, 0, 1, 2, 3, 20717]


async def test_a_chain_is_walked_in_the_order_in_which_it_was_written(database: Database) -> None:
    await fill(database)
    [first] = {row["writer"] for row in await all_rows(database)}
    walked = await database.read(lambda c: c.execute(queries.chain(first, after=10, limit=5)).all())
    assert [row.sequence for row in walked] == [11, 12, 13, 14, 15]


async def test_a_metrics_signals_come_in_order_of_time_and_add_up_by_version(database: Database) -> None:
    await fill(database)
    told = await database.read(lambda c: c.execute(queries.signals_named("feedback", "score", DAY)).all())
    assert [row.at for row in told] == sorted(row.at for row in told)
    assert {row.name for row in told} == {"score"}
    sums = await database.read(lambda c: c.execute(queries.metric_of_versions("feedback", "score", DAY)).all())
    assert {version: (count, total) for version, count, total in sums} == {
        version: (len(values), sum(values)) for version in {row.version for row in told}
        for values in [[row.value for row in told if row.version == version]]}


async def test_acts_are_found_by_what_they_were_and_what_they_were_about(database: Database) -> None:
    await fill(database)
    of_kind = await database.read(lambda c: c.execute(queries.acts(1000, kind="kind-3")).all())
    assert [row.at - STARTS for row in of_kind] == list(range(291, 0, -9))
    [about] = await database.read(lambda c: c.execute(queries.acts(10, about="revision 7")).all())
    assert about.kind == "kind-7"
