"""The tables as they are now. How they came about stands in ``migrations``; a test holds the two together."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.types import JSON

metadata = MetaData()

_TEXT = String(255)


def _column(name: str, kind: Any, primary_key: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=False, primary_key=primary_key)


def _links() -> tuple[Column[Any], Column[Any]]:
    """A record's place in its writer's chain: the digest of the one before, and its own. Empty where it is in none."""
    return _column("previous", LargeBinary(32)), _column("digest", LargeBinary(32))


# One column per field of gateway.record.ExchangeRecord, in its order, and its links.
exchange = Table(
    "exchange", metadata,
    _column("id", _TEXT, primary_key=True),
    _column("started_at", Float(53)),
    _column("schema", Integer),
    *(_column(name, _TEXT) for name in (
        "purpose", "parent", "batch", "worker", "client_request_id", "tenant", "key", "subject", "unit_kind")),
    _column("unit_fraction", Float(53)),
    *(_column(name, _TEXT) for name in ("operation", "model")),
    _column("revision", Integer),
    *(_column(name, _TEXT) for name in ("trial", "arm_assigned", "arm_served")),
    _column("propensity", Float(53)),
    _column("version_digest", _TEXT),
    _column("streamed", Boolean),
    _column("attempts", JSON),
    *(_column(name, _TEXT) for name in ("cache", "policy_digest")),
    *(_column(name, JSON) for name in ("guards", "findings")),
    _column("findings_untold", Integer),
    *(_column(name, JSON) for name in ("guard_failures", "guard_differences", "guard_seconds")),
    *(_column(name, _TEXT) for name in ("outcome", "blame", "code")),
    _column("status", Integer),
    _column("finish_reason", _TEXT),
    *(_column(name, Float(53)) for name in (
        "queue_seconds", "overhead_seconds", "first_token_seconds", "total_seconds")),
    _column("token_gap_counts", JSON),
    _column("token_gap_seconds", Float(53)),
    *(_column(name, BigInteger) for name in ("prompt_tokens", "completion_tokens", "cached_tokens")),
    _column("usage_source", _TEXT),
    *(_column(name, BigInteger) for name in ("cost_micros", "saved_micros", "bytes_in", "bytes_out")),
    *(_column(name, _TEXT) for name in ("content", "retention", "writer")),
    _column("sequence", BigInteger),
    *_links(),
    Index("exchange_by_time", "started_at"),
    Index("exchange_by_model", "model", "started_at"),
    Index("exchange_by_outcome", "outcome", "started_at"),
    Index("exchange_by_writer", "writer", "sequence"),
)

# What was thought or measured of an exchange or a version: the fields of gateway.record.Signal, and its links.
signal = Table(
    "signal", metadata,
    _column("id", _TEXT, primary_key=True),
    _column("exchange_id", _TEXT),
    _column("at", Float(53)),
    *(_column(name, _TEXT) for name in ("kind", "name")),
    _column("schema", Integer),
    *(_column(name, _TEXT) for name in ("worker", "tenant", "version")),
    Column("value", Float(53)),
    _column("body", JSON),
    *(_column(name, _TEXT) for name in ("content", "writer")),
    _column("sequence", BigInteger),
    *_links(),
    Index("signal_by_exchange", "exchange_id"),
    Index("signal_by_kind", "kind", "name", "at"),
    Index("signal_by_time", "kind", "at"),
    Index("signal_by_writer", "writer", "sequence"),
)

# What a person or a controller did. `before`, `after` and `details` are small documents, never content.
act = Table(
    "act", metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    _column("at", Float(53)),
    _column("kind", _TEXT),
    *(_column(name, _TEXT) for name in ("actor", "role", "about")),
    _column("reason", Text),
    Column("before", JSON(none_as_null=True)),
    Column("after", JSON(none_as_null=True)),
    _column("details", JSON),
    _column("writer", _TEXT),
    _column("sequence", BigInteger),
    *_links(),
    Index("act_by_kind", "kind", "at"),
    Index("act_by_writer", "writer", "sequence"),
)

revision = Table(
    "revision", metadata,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    _column("digest", String(64)),
    _column("created_at", Float(53)),
    _column("source", _TEXT),
    _column("reason", Text),
    _column("actor", _TEXT),
    Column("based_on", Integer),
    _column("document", Text),
)

# The routing file as it was last taken note of: whether it changed while nobody watched is read off this.
watched_file = Table(
    "watched_file", metadata,
    Column("path", Text, primary_key=True),
    _column("digest", String(64)),
    _column("seen_at", Float(53)),
)

# How far each journal segment is in the ledger; moved in the transaction that stores the rows.
journal_cursor = Table(
    "journal_cursor", metadata,
    Column("segment", _TEXT, primary_key=True),
    _column("position", BigInteger),
)
