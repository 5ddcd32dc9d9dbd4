"""How long a row is kept, as a condition over its columns."""

from collections.abc import Iterator, Mapping
from typing import Literal

from sqlalchemy import ColumnElement, Table, and_, or_

from gateway.config.settings import DAY, Periods, Retention

Kind = Literal["exchanges", "content"]
SHORT_DAYS = 180  # what the EU's AI Act wants logs to be kept for at least (articles 19 and 26)


def expired(table: Table, kind: Kind, retention: Retention, now: float) -> ColumnElement[bool]:
    """Rows older than their period: the tenant's own, else their class's, else the general one."""
    general: float = getattr(retention, kind)
    tenants, classes = _own(retention.tenants, kind), _own(retention.classes, kind)
    rest = table.c.tenant.not_in(tenants)
    clauses = [and_(table.c.tenant == name, table.c.started_at < now - seconds) for name, seconds in tenants.items()]
    clauses += [and_(rest, table.c.retention == name, table.c.started_at < now - seconds)
                for name, seconds in classes.items()]
    clauses.append(and_(rest, table.c.retention.not_in(classes), table.c.started_at < now - general))
    shortest = min([general, *tenants.values(), *classes.values()])
    return and_(table.c.started_at < now - shortest, or_(*clauses))  # the first part is what an index answers


def _own(named: Mapping[str, Periods], kind: Kind) -> dict[str, float]:
    return {name: period for name, periods in named.items() if (period := getattr(periods, kind)) is not None}


def warnings_of(retention: Retention) -> Iterator[str]:
    """What an operator should know that is no error."""
    told = {"retention.exchanges": retention.exchanges} | {
        f"retention.{group}.{name}.exchanges": period
        for group, named in (("classes", retention.classes), ("tenants", retention.tenants))
        for name, period in _own(named, "exchanges").items()}
    for path, period in told.items():
        if period < SHORT_DAYS * DAY:
            yield (f"{path}: {period / DAY:g} days; the EU's AI Act wants the logs of high-risk systems kept for six "
                   f"months at least")
