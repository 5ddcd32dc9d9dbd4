"""The catalogue of questions that the ledger answers quickly, each with the index that makes it so.

A test asks both databases how they would go about each, and fails where one would read a table through or sort what an
index has in order. Whoever needs another question adds it here, and only with a measurement an index: each costs the
drain some microseconds a record. ``tests/operations/test_queries.py`` and ``benchmarks/ledger.py`` read this list.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Select, and_, func, literal_column, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from gateway.record import ExchangeRecord, Signal
from operations.store.tables import act, exchange, signal

MAX_LISTED = 1000
DAY_SECONDS = 86_400
_LAST = "\U0010ffff"
_ANSWERED: ColumnElement[str] = literal_column("'answered'")
_NOTHING: ColumnElement[str] = literal_column("''")
_EXCHANGES = [exchange.c[name] for name in ExchangeRecord.__struct_fields__]
_SIGNALS = [signal.c[name] for name in Signal.__struct_fields__]
_ACTS = [column for column in act.columns if column.name not in ("previous", "digest")]

# By what exchanges can be listed, and the index that has them in order of time. Those of `_RARE` leave out the rows
# where the column is empty, as it is in most, and cost these nothing; a question has to say so to be answered by one.
FILTERS: Mapping[str, str] = {
    "model": "exchange_by_model", "outcome": "exchange_by_outcome", "arm_served": "exchange_by_version",
    "tenant": "exchange_by_tenant", "key": "exchange_by_key", "subject": "exchange_by_subject",
    "client_request_id": "exchange_by_request", "batch": "exchange_by_batch", "parent": "exchange_by_parent",
    "trial": "exchange_by_trial"}
_RARE = frozenset({"key", "client_request_id", "batch", "parent", "trial"})


class Window(msgspec.Struct, frozen=True):
    """A stretch of time in Unix seconds, its end left out."""

    since: float = 0.0
    until: float = float(1 << 53)

    def of(self, column: ColumnElement[float]) -> ColumnElement[bool]:
        return and_(column >= self.since, column < self.until)


class day_of(FunctionElement[int]):
    """The number of the day, from 1 January 1970 on, that a Unix time falls into (UTC)."""

    type = BigInteger()
    inherit_cache = True


@compiles(day_of, "sqlite")
def _day_on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    # A cast cuts off; floor() is not in every build.
    return f"CAST({compiler.process(element.clauses, **options)} / {DAY_SECONDS} AS INTEGER)"


@compiles(day_of, "postgresql")
def _day_on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    # A cast would round.
    return f"CAST(floor({compiler.process(element.clauses, **options)} / {DAY_SECONDS}) AS BIGINT)"


def newest(limit: int, only: Mapping[str, str] | None = None, window: Window | None = None) -> Select[Any]:
    """The newest exchanges, newest first: all, or those with these values of ``FILTERS``."""
    query = select(*_EXCHANGES).order_by(exchange.c.started_at.desc()).limit(min(limit, MAX_LISTED))
    if window is not None:
        query = query.where(window.of(exchange.c.started_at))
    return query.where(*(_is(name, value) for name, value in (only or {}).items()))


def _is(name: str, value: str) -> ColumnElement[bool]:
    column = exchange.c[name]
    if name == "outcome" and value != "answered":
        return and_(column == value, column != _ANSWERED)
    return and_(column == value, column != _NOTHING if name in _RARE and value else true())


def starting_with(prefix: str, limit: int = 2) -> Select[Any]:
    """Exchanges whose id begins so; the one whose id it is comes first."""
    # A range and no LIKE: SQLite's ignores case, and so would not use the index.
    begins = and_(exchange.c.id >= prefix, exchange.c.id < prefix + _LAST)
    return select(*_EXCHANGES).where(begins).order_by(exchange.c.id).limit(limit)


def copies_of(exchange_id: str) -> Select[Any]:
    """The exchanges that repeat this one, the oldest first: (id, purpose)."""
    repeats = select(exchange.c.id, exchange.c.purpose).where(_is("parent", exchange_id))
    return repeats.order_by(exchange.c.started_at).limit(MAX_LISTED)


def signals_of(exchange_id: str) -> Select[Any]:
    """What was told of an exchange after its record, in the order in which it was."""
    about = signal.c.exchange_id == exchange_id
    return select(*_SIGNALS).where(about).order_by(signal.c.at).limit(MAX_LISTED)


def signals_named(kind: str, name: str, window: Window, limit: int = MAX_LISTED) -> Select[Any]:
    """One metric's (or guard's) signals, oldest first."""
    query = select(*_SIGNALS).where(signal.c.kind == kind, signal.c.name == name, window.of(signal.c.at))
    return query.order_by(signal.c.at).limit(limit)


def metric_of_versions(kind: str, name: str, window: Window) -> Select[Any]:
    """How often a metric was told of each version, and the sum of its values: their mean is one by the other."""
    told = select(signal.c.version, func.count(signal.c.value), func.sum(signal.c.value))
    return told.where(signal.c.kind == kind, signal.c.name == name, window.of(signal.c.at)).group_by(signal.c.version)


def outcomes_of_version(version: str, window: Window) -> Select[Any]:
    """How the exchanges that a version served ended: (outcome, count)."""
    return _counted(exchange.c.outcome).where(
        exchange.c.arm_served == version, window.of(exchange.c.started_at)).group_by(exchange.c.outcome)


def outcomes_of_model(model: str, window: Window) -> Select[Any]:
    """How the exchanges that asked for a model ended: (outcome, count)."""
    return _counted(exchange.c.outcome).where(
        exchange.c.model == model, window.of(exchange.c.started_at)).group_by(exchange.c.outcome)


def outcomes_of_trial(trial: str, window: Window) -> Select[Any]:
    """How a trial's exchanges ended, by the arm that they were given: (arm, outcome, count)."""
    columns = exchange.c.arm_assigned, exchange.c.outcome
    return _counted(*columns).where(_is("trial", trial), window.of(exchange.c.started_at)).group_by(*columns)


def failures(window: Window, outcome: str = "failed") -> Select[Any]:
    """Who failed, and with what: (blame, code, count). Outcome: failed, refused or abandoned."""
    columns = exchange.c.blame, exchange.c.code
    return _counted(*columns).where(_is("outcome", outcome), window.of(exchange.c.started_at)).group_by(*columns)


def usage(window: Window, tenant: str | None = None) -> Select[Any]:
    """What was used: (day, tenant, model, requests, prompt tokens, completion tokens, cost in millionths).

    For a month ask day by day: groups are sorted, and a million rows take SQLite seconds."""
    groups = day_of(exchange.c.started_at), exchange.c.tenant, exchange.c.model
    sums = (func.sum(exchange.c[name]) for name in ("prompt_tokens", "completion_tokens", "cost_micros"))
    query = _counted(*groups).add_columns(*sums).where(window.of(exchange.c.started_at)).group_by(*groups)
    return query if tenant is None else query.where(exchange.c.tenant == tenant)


def chain(writer: str, after: int = 0, limit: int = MAX_LISTED) -> Select[Any]:
    """A writer's exchanges in the order in which it wrote them, with their links."""
    follows = and_(exchange.c.writer == writer, exchange.c.sequence > after)
    return select(exchange).where(follows).order_by(exchange.c.sequence).limit(limit)


def acts(limit: int, **only: str) -> Select[Any]:
    """The newest acts, newest first: all, or those of a ``kind`` or ``about`` a thing."""
    query = select(*_ACTS).where(*(act.c[name] == value for name, value in only.items())).limit(min(limit, MAX_LISTED))
    return query.order_by(act.c.at.desc() if only else act.c.id.desc())


def _counted(*columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns, func.count())


class Question(msgspec.Struct, frozen=True):
    """An entry of the catalogue: what it is for, one way of asking it, and the index that answers it."""

    name: str
    purpose: str
    query: Select[Any]
    index: str
    sums: bool = False  # over groups that no index has in order: a few of them are sorted or hashed


def catalogue(sample: Mapping[str, Any], window: Window) -> list[Question]:
    """Every question, asked about ``sample``: values of ``FILTERS``, and of id, writer, metric, kind and about."""
    listings = [
        Question(f"newest by {name}", f"list exchanges of one {name}", newest(50, {name: sample[name]}), index)
        for name, index in FILTERS.items()]
    signals, metric = ("feedback", sample["metric"]), "signal_by_kind"
    return [
        Question("newest", "the console, and a first look", newest(50), "exchange_by_time"),
        Question("newest in a window", "what went on at that time", newest(50, window=window), "exchange_by_time"),
        *listings,
        Question("newest by model and outcome", "what failed of a model lately",
                 newest(50, {"model": sample["model"], "outcome": "failed"}), "exchange_by_"),
        Question("by id prefix", "explain, show, feedback", starting_with(sample["id"][:12]), "exchange_pkey"),
        Question("copies of an exchange", "explain", copies_of(sample["id"]), "exchange_by_parent"),
        Question("signals of an exchange", "explain", signals_of(sample["id"]), "signal_by_exchange"),
        Question("a metric's signals", "feedback and scores over time", signals_named(*signals, window), metric),
        Question("a metric by version", "versions compared", metric_of_versions(*signals, window), metric, sums=True),
        Question("outcomes of a version", "rollouts, alerts", outcomes_of_version(sample["arm_served"], window),
                 "exchange_by_version", sums=True),
        Question("outcomes of a model", "objectives and alerts", outcomes_of_model(sample["model"], window),
                 "exchange_by_model", sums=True),
        Question("outcomes of a trial", "a trial's arms compared", outcomes_of_trial(sample["trial"], window),
                 "exchange_by_trial", sums=True),
        Question("failures", "who is to blame, for what", failures(window), "exchange_by_outcome", sums=True),
        Question("usage", "cost and tokens a day", usage(window), "exchange_by_time", sums=True),
        Question("usage of a tenant", "a tenant's bill", usage(window, sample["tenant"]), "exchange_by_", sums=True),
        Question("chain", "audit verify", chain(sample["writer"]), "exchange_by_writer"),
        Question("newest acts", "what was done lately", acts(50), "act_pkey"),
        Question("acts of a kind", "what was applied lately", acts(50, kind=sample["kind"]), "act_by_kind"),
        Question("acts about a thing", "a thing's history", acts(50, about=sample["about"]), "act_by_about")]
