"""The SQL of an export: a subject's rows, page by page."""

from typing import Any

from sqlalchemy import Connection, select

from gateway.record import ExchangeRecord, Signal
from operations.store.tables import exchange, signal

PAGE = 200
_EXCHANGE = [exchange.c[name] for name in ExchangeRecord.__struct_fields__]
_SIGNAL = [signal.c[name] for name in Signal.__struct_fields__]


def exchanges(connection: Connection, tenant: str, subject: str, after: str) -> list[dict[str, Any]]:
    """The next exchanges of a subject, in the order of their ids."""
    query = select(*_EXCHANGE).where(
        exchange.c.tenant == tenant, exchange.c.subject == subject, exchange.c.subject != "", exchange.c.id > after)
    rows = connection.execute(query.order_by(exchange.c.id).limit(PAGE))
    return [dict(zip(ExchangeRecord.__struct_fields__, row, strict=True)) for row in rows]


def signals(connection: Connection, exchange_ids: list[str]) -> list[dict[str, Any]]:
    """What was told of exchanges after their records."""
    query = select(*_SIGNAL).where(signal.c.exchange_id.in_(exchange_ids)).order_by(signal.c.exchange_id, signal.c.at)
    return [dict(zip(Signal.__struct_fields__, row, strict=True)) for row in connection.execute(query)]


