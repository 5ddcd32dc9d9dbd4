"""The feedback's SQL. What stands is the newest of each exchange, metric and tenant."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, func, select, tuple_

from gateway.record import SAME_DIGITS
from operations.feedback.feedback import standing_in
from operations.store.tables import exchange, signal

MAX_LISTED = 1000
_PAGE_ROWS = 200
_SHOWN = [signal.c[name] for name in ("id", "exchange_id", "at", "tenant", "name", "value", "body", "content")]
_SERVED = [func.coalesce(exchange.c.model, "").label("model"),  # empty once the exchange has been deleted
           func.coalesce(exchange.c.arm_served, "").label("version")]


class Wanted(msgspec.Struct, frozen=True):
    """Which feedback: empty fields leave it open. ``since`` is Unix seconds; ``history`` has what was replaced,
    and what was sent again."""

    exchange: str = ""
    metric: str = ""
    tenant: str = ""
    since: float = 0.0
    history: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = [signal.c.kind == "feedback"]
        for column, value in ((signal.c.exchange_id, self.exchange), (signal.c.name, self.metric),
                              (signal.c.tenant, self.tenant)):
            if value:
                found.append(column == value)
        return [*found, signal.c.at >= self.since] if self.since else found


def newest(connection: Connection, limit: int, wanted: Wanted) -> list[dict[str, Any]]:
    """Feedback with the model and version that it is about, newest first."""
    return list(islice(_newest(connection, wanted), min(limit, MAX_LISTED)))


def _newest(connection: Connection, wanted: Wanted) -> Iterator[dict[str, Any]]:
    place = tuple_(signal.c.at, signal.c.id)
    query = _with_served().where(*wanted.conditions()).order_by(signal.c.at.desc(), signal.c.id.desc())
    page = _rows(connection, query.limit(_PAGE_ROWS))
    while page:
        standing = None if wanted.history else _standing(connection, {row["exchange_id"] for row in page})
        yield from (row for row in page if standing is None or row["id"] in standing)
        last = page[-1]["at"], page[-1]["id"]
        page = _rows(connection, query.where(place < last).limit(_PAGE_ROWS)) if len(page) == _PAGE_ROWS else []


def _standing(connection: Connection, exchanges: Iterable[str]) -> set[str]:
    """The ids of what stands of all that was said of these exchanges."""
    columns = [signal.c[name] for name in ("id", "kind", "exchange_id", "name", "tenant", "value", "body", "content")]
    query = select(*columns).where(signal.c.exchange_id.in_(exchanges)).order_by(signal.c.at, signal.c.id)
    return standing_in(dict(row._mapping) for row in connection.execute(query))


def known(connection: Connection, feedback_id: str) -> dict[str, Any] | None:
    found = _rows(connection, _with_served().where(signal.c.kind == "feedback", signal.c.id == feedback_id))
    return found[0] if found else None


def _with_served() -> Select[Any]:
    return select(*_SHOWN, *_SERVED).select_from(signal.outerjoin(exchange, exchange.c.id == signal.c.exchange_id))


def _rows(connection: Connection, query: Select[Any]) -> list[dict[str, Any]]:
    rows = [dict(found._mapping) for found in connection.execute(query)]
    return [{**row, "metric": row.pop("name")} for row in rows]


def summary(connection: Connection, wanted: Wanted) -> list[dict[str, Any]]:
    """By metric, model and version: how many stand, how many of them are numbers, and their mean."""
    subject = [signal.c[name] for name in ("exchange_id", "name", "tenant")]
    sent = func.row_number().over(partition_by=[*subject, func.substr(signal.c.id, 1, SAME_DIGITS)],
                                  order_by=[signal.c.at, signal.c.id])
    once = select(*subject, signal.c.at, signal.c.id, signal.c.value, sent.label("sent")).where(
        *wanted.conditions()).subquery()
    age = func.row_number().over(partition_by=[once.c[column.name] for column in subject],
                                 order_by=[once.c.at.desc(), once.c.id.desc()])
    aged = select(once, age.label("age")).where(once.c.sent == 1).subquery()
    by = [aged.c.name.label("metric"), *_SERVED]
    query = select(*by, func.count().label("count"), func.count(aged.c.value).label("numbers"),
                   func.avg(aged.c.value).label("mean")).where(aged.c.age == 1)
    joined = query.select_from(aged.outerjoin(exchange, exchange.c.id == aged.c.exchange_id))
    return [dict(found._mapping) for found in connection.execute(joined.group_by(*by).order_by(*by).limit(MAX_LISTED))]
