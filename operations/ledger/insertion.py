"""Puts rows into a table by the thousand, each once: an id that is there already is left as it is.

SQLAlchemy's own executemany, 100 µs a row, treats each of sixty values by itself. Here the rows come as the driver
takes them: SQLite's executemany (23 µs), and PostgreSQL's COPY into a table of the connection's own, from which one
statement takes them over (45 µs, half of it the server's, on a core of its own).
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import JSON, Connection, Float, Table
from sqlalchemy.exc import DataError, IntegrityError

Row = tuple[Any, ...]

# A number beyond 64 bits, text with a NUL: the row is at fault, and trying again would hold up the rest.
_NEVER_FITS = (IntegrityError, DataError, OverflowError, ValueError, TypeError)


class _NotNew(Exception):
    """Some rows' ids were there."""


class Form:
    """How a table's rows are made of its records: a column per field in the fields' order, and more columns behind."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._documents = [place for place, column in enumerate(table.columns) if isinstance(column.type, JSON)]
        self._numbers = itemgetter(
            *(place for place, column in enumerate(table.columns) if isinstance(column.type, Float)))

    def row(self, record: Any, *more: Any) -> Row | None:
        """None where a number is none (NaN, infinite): PostgreSQL would take it, SQLite not, and no JSON tells it."""
        values = [*msgspec.structs.astuple(record), *more]
        if not isfinite(sum(filter(None, self._numbers(values)))):
            return None
        for place in self._documents:
            values[place] = msgspec.json.encode(values[place]).decode()
        return tuple(values)


def put(connection: Connection, lots: Mapping[Table, Sequence[Row]], each_new: bool = False) -> bool:
    """Puts all rows into their tables; returns False, with none there, where one of them is such as no table holds, or,
    where they have to be ``each_new``, has an id that is there already."""
    driver = connection.dialect.loaded_dbapi
    put_into = _execute_many if connection.dialect.name == "sqlite" else _copy
    try:
        with connection.begin_nested():
            for table, rows in lots.items():
                if rows and put_into(connection, table, rows) != len(rows) and each_new:
                    raise _NotNew
    except (_NotNew, *_NEVER_FITS, driver.IntegrityError, driver.DataError):
        return False
    return True


def insert(connection: Connection, table: Table, rows: Sequence[Row]) -> list[int]:
    """Returns the places in ``rows`` of those that no database could hold; all others are in the table."""
    return list(_insert(connection, table, rows, range(len(rows)))) if rows else []


def _insert(connection: Connection, table: Table, rows: Sequence[Row], places: range) -> Sequence[int]:
    if put(connection, {table: [rows[place] for place in places]}):
        return ()
    if len(places) == 1:
        return places
    half = len(places) // 2
    return [*_insert(connection, table, rows, places[:half]), *_insert(connection, table, rows, places[half:])]


def _execute_many(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    marks = ", ".join("?" * len(table.columns))
    return connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({_names(table)}) VALUES ({marks}) ON CONFLICT (id) DO NOTHING",
        rows).rowcount


def _copy(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    driver: Any = connection.connection.driver_connection
    names, arriving = _names(table), f"arriving_{table.name}"
    with driver.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS {arriving} (LIKE {table.name}) ON COMMIT DELETE ROWS")
        with cursor.copy(f"COPY {arriving} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        # What came earlier in this transaction is offered again, and is there already.
        cursor.execute(f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {arriving} ON CONFLICT (id) DO NOTHING")
        count: int = cursor.rowcount
    return count


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)
