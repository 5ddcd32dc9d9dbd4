"""What of a record is digested: the same bytes from the record as it arrives and from its row in either database.

The canonical form is JSON (RFC 8259) in UTF-8 without spaces, names in order, of the record's fields as its columns
have them, and ``record`` (its table), and ``previous`` (the digest of the one before in its chain, in hexadecimal).
**What is empty is left out**: an empty text, list or mapping, zero, false, and null; so a column that a later release
adds, and that is empty in old rows, changes no digest. Where null differs from empty (``value``, ``before``, ``after``)
only null is left out. A number that JSON has no form for is the text ``inf`` or ``-inf``; -0.0 is 0.0, as SQLite keeps
it.

The digest is RFC 6962's leaf hash of these bytes.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ColumnElement, Table, Text, cast, type_coerce
from sqlalchemy.types import JSON, NullType

LINKS = ("previous", "digest")
_HAVE_NULL = ("value", "before", "after")
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def canonical(kind: str, fields: Mapping[str, Any], previous: bytes) -> bytes:
    """The bytes of a record of table ``kind`` from its fields, by their columns' names and without its links."""
    told = {name: value for name, value in fields.items() if value}
    for name in _HAVE_NULL:
        if fields.get(name) is not None:
            told[name] = _positive(fields[name])
    return _encoded(kind, told, previous)


def _encoded(kind: str, told: dict[str, Any], previous: bytes) -> bytes:
    told["record"] = kind
    if previous:
        told["previous"] = previous.hex()
    text = _encode(told)
    if b":null" in text:  # for a number that is none, or from inside a document
        text = _encode({name: str(value) if isinstance(value, float) and not isfinite(value) else value
                        for name, value in told.items()})
    return text


def _positive(value: Any) -> Any:
    return value + 0.0 if isinstance(value, float) else value


class StoredForm:
    """The canonical form of a table's rows, read below what SQLAlchemy makes of them: what is stored counts."""

    def __init__(self, table: Table, present: Container[str] | None = None) -> None:
        """``present`` are the columns that an older database has; None: all. The others would be empty."""
        self.kind = str(table.name)
        columns = [column for column in table.columns
                   if column.name not in LINKS and (present is None or column.name in present)]
        self.names = [str(column.name) for column in columns]
        self.columns: list[ColumnElement[Any]] = [_raw(column) for column in columns]  # what ``bytes_of`` is given
        self._shapes = [(str(column.name), _shape_of(column), column.name in _HAVE_NULL) for column in columns]

    def bytes_of(self, values: Sequence[Any], previous: bytes) -> bytes:
        told = {}
        for (name, shape, has_null), value in zip(self._shapes, values, strict=True):
            if value or (has_null and value is not None):
                shaped = shape(value)
                if shaped or has_null:
                    told[name] = shaped
        return _encoded(self.kind, told, previous)


def _raw(column: Column[Any]) -> ColumnElement[Any]:
    # As text, for psycopg would decode it.
    return cast(column, Text) if isinstance(column.type, JSON) else type_coerce(column, NullType())


def _shape_of(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, JSON):
        return _document
    return _boolean if isinstance(column.type, Boolean) else _plain


def _document(text: Any) -> Any:
    try:
        return _decode(text)
    except (msgspec.DecodeError, TypeError, UnicodeEncodeError):
        return ["no JSON", str(text)]


def _boolean(value: Any) -> Any:
    return bool(value) if value in (0, 1) else _plain(value)  # SQLite has none of its own


def _plain(value: Any) -> Any:
    # SQLite lets a column hold what it was not made for: bytes would else look like the text that JSON makes of them.
    return ["bytes", value.hex()] if isinstance(value, bytes) else _positive(value)
