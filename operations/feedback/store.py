"""The feedback's SQL. What stands is the newest of each exchange, metric and tenant."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, FromClause, Select, and_, func, or_, select

from gateway.record import SAME_DIGITS
from operations.store.tables import exchange, signal

MAX_LISTED = 1000
_SHOWN = [signal.c[name] for name in ("id", "exchange_id", "at", "tenant", "name", "value", "body", "content")]
_SERVED = [exchange.c.model, exchange.c.arm_served.label("version")]  # null once the exchange has been deleted


class Wanted(msgspec.Struct, frozen=True):
    """Which feedback: empty fields leave it open. ``since`` is Unix seconds; ``history`` has what was replaced, too."""

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
        if self.since:
            found.append(signal.c.at >= self.since)
        return found if self.history else [*found, ~_sent_before(signal), ~_newer(signal)]


def _newer(row: FromClause) -> ColumnElement[bool]:
    """Whether something newer was said of the same by the same, and not only sent again."""
    newer = signal.alias("newer")
    found = select(newer.c.id).where(*_about_the_same(newer, row), _later(newer, row), ~_sent_before(newer))
    return found.correlate(row).exists()


def _sent_before(row: FromClause) -> ColumnElement[bool]:
    """Whether its sender says that it has sent it before, and has."""
    before = signal.alias("before")
    is_same = func.substr(before.c.id, 1, SAME_DIGITS) == func.substr(row.c.id, 1, SAME_DIGITS)
    found = select(before.c.id).where(*_about_the_same(before, row), _later(row, before), is_same)
    return found.correlate(row).exists()


def _about_the_same(one: FromClause, other: FromClause) -> list[ColumnElement[bool]]:
    return [one.c[name] == other.c[name] for name in ("exchange_id", "kind", "name", "tenant")]


def _later(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    return or_(one.c.at > other.c.at, and_(one.c.at == other.c.at, one.c.id > other.c.id))


def newest(connection: Connection, limit: int, wanted: Wanted) -> list[dict[str, Any]]:
    """Feedback with the model and version that it is about, newest first."""
    query = _with_served(wanted).order_by(signal.c.at.desc(), signal.c.id.desc()).limit(min(limit, MAX_LISTED))
    return [_row(found) for found in connection.execute(query)]


def known(connection: Connection, feedback_id: str) -> dict[str, Any] | None:
    query = _with_served(Wanted(history=True)).where(signal.c.id == feedback_id)
    found = connection.execute(query).first()
    return None if found is None else _row(found)


def _with_served(wanted: Wanted) -> Select[Any]:
    joined = signal.outerjoin(exchange, exchange.c.id == signal.c.exchange_id)
    return select(*_SHOWN, *_SERVED).select_from(joined).where(*wanted.conditions())


def _row(found: Any) -> dict[str, Any]:
    row = dict(found._mapping)
    return {**row, "metric": row.pop("name"), "model": row["model"] or "", "version": row["version"] or ""}


def summary(connection: Connection, wanted: Wanted) -> list[dict[str, Any]]:
    """By metric, model and version: how many stand, how many of them are texts, and the mean of the others."""
    by = [signal.c.name.label("metric"), *(func.coalesce(column, "").label(name)
                                           for name, column in (("model", exchange.c.model),
                                                                ("version", exchange.c.arm_served)))]
    joined = signal.outerjoin(exchange, exchange.c.id == signal.c.exchange_id)
    query = select(*by, func.count().label("count"), func.count(signal.c.value).label("numbers"),
                   func.avg(signal.c.value).label("mean")).select_from(joined).where(*wanted.conditions())
    return [dict(found._mapping) for found in connection.execute(query.group_by(*by).order_by(*by).limit(MAX_LISTED))]
