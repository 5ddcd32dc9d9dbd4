"""What of a record is digested: the same bytes from the record as it arrives and from its row in either database.

The canonical form is JSON (RFC 8259) in UTF-8 without spaces, names in order, of the record's fields as its columns
have them, and ``record`` (its table), and ``previous`` (the digest of the one before in its chain, in hexadecimal).
**What is empty is left out**: an empty text, list or mapping, zero, false, and null; so a column that a later release
adds, and that is empty in old rows, changes no digest. Where null differs from empty (``value``, ``before``, ``after``)
only null is left out. A number that JSON has no form for is the text ``inf`` or ``-inf``; -0.0 is 0.0, as SQLite keeps
it.

The digest is RFC 6962's leaf hash of these bytes.
"""

from collections.abc import Container, Mapping, Sequence
from math import isfinite
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ColumnElement, Table, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, NullType

LINKS = ("previous", "digest")
_HAVE_NULL = {"exchange": (), "signal": ("value",), "act": ("before", "after")}
_encode = msgspec.json.Encoder(order="sorted").encode
_decode = msgspec.json.Decoder().decode


def canonical(kind: str, fields: Mapping[str, Any], previous: bytes) -> bytes:
    """The bytes of a record of table ``kind`` from its fields, by their columns' names and without its links."""
    told = {name: value for name, value in fields.items() if value}
    for name in _HAVE_NULL[kind]:
        if fields[name] is not None:
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
        self.columns: list[ColumnElement[Any]] = [raw(column) for column in columns]  # what ``bytes_of`` is given
        self._documents = [str(column.name) for column in columns if isinstance(column.type, JSON)]
        self._flags = [str(column.name) for column in columns if isinstance(column.type, Boolean)]

    def bytes_of(self, values: Sequence[Any], previous: bytes) -> bytes:
        fields = dict(zip(self.names, values, strict=True))
        if bytes in set(map(type, values)):
            # SQLite lets a column hold what it was not made for: they would look like the text that JSON makes of them.
            fields = {name: ["bytes", value.hex()] if isinstance(value, bytes) else value
                      for name, value in fields.items()}
        for name in self._documents:
            text = fields[name]
            fields[name] = [] if text == "[]" else {} if text == "{}" else document(text)
        for name in self._flags:
            if fields[name] in (0, 1):  # SQLite has none of its own
                fields[name] = bool(fields[name])
        try:
            return canonical(self.kind, fields, previous)
        except (ValueError, TypeError, OverflowError):
            return b"no record that was ever stored"


class _Stored(FunctionElement[Any]):
    """A JSON column as it is stored: psycopg would decode it, and SQLite has it as text already."""

    type = NullType()
    inherit_cache = True


@compiles(_Stored)
def _as_text(element: _Stored, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


@compiles(_Stored, "sqlite")
def _as_it_is(element: _Stored, compiler: Any, **options: Any) -> str:
    told: str = compiler.process(element.clauses, **options)
    return told


def raw(column: Column[Any]) -> ColumnElement[Any]:
    """To select what is stored, below what SQLAlchemy and the driver make of it: JSON comes as text."""
    return _Stored(column) if isinstance(column.type, JSON) else type_coerce(column, NullType())


def document(text: Any) -> Any:
    """The value of a JSON column that was read ``raw``; something that none has where it is no JSON."""
    if text is None or isinstance(text, (int, float)):  # SQLite keeps a number as one
        return text
    try:
        return _decode(text)
    except (msgspec.DecodeError, TypeError, UnicodeEncodeError):
        return ["no JSON", str(text)]
