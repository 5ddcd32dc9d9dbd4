"""The tables as they are now. How they came about stands in ``migrations``; a test holds the two together."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy import text as sql
from sqlalchemy.types import JSON

metadata = MetaData()

_TEXT = String(255)


def _column(name: str, kind: Any, primary_key: bool = False) -> Column[Any]:
    return Column(name, kind, nullable=False, primary_key=primary_key)


def _links() -> tuple[Column[Any], Column[Any]]:
    """A record's place in its writer's chain: the digest of the one before, and its own. Empty where it is in none."""
    return _column("previous", LargeBinary(32)), _column("digest", LargeBinary(32))


def _index(name: str, *columns: str, where: str) -> Index:
    """Of some rows alone: the others cost it nothing."""
    return Index(name, *columns, sqlite_where=sql(where), postgresql_where=sql(where))


# One column per field of gateway.record.ExchangeRecord, in its order, and its links.
exchange = Table(
    "exchange", metadata,
    _column("id", _TEXT.with_variant(String(255, collation="C"), "postgresql"), primary_key=True),
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
    _column("cache", _TEXT),
    _column("similarity", Float(53)),
    _column("policy_digest", _TEXT),
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
    # What these answer is the catalogue of operations/ledger/queries.py. A column behind those that are asked about is
    # there to be counted or added up without a look at the row.
    Index("exchange_by_time", "started_at", "tenant", "model", "prompt_tokens", "completion_tokens", "cost_micros"),
    Index("exchange_by_model", "model", "started_at", "outcome"),
    _index("exchange_by_outcome", "outcome", "started_at", "blame", "code", where="outcome <> 'answered'"),
    Index("exchange_by_version", "arm_served", "started_at", "outcome"),
    Index("exchange_by_tenant", "tenant", "started_at"),
    _index("exchange_by_key", "key", "started_at", where="key <> ''"),
    Index("exchange_by_subject", "subject", "started_at"),
    _index("exchange_by_request", "client_request_id", "started_at", where="client_request_id <> ''"),
    _index("exchange_by_batch", "batch", "started_at", where="batch <> ''"),
    _index("exchange_by_parent", "parent", "started_at", where="parent <> ''"),
    _index("exchange_by_trial", "trial", "started_at", "arm_assigned", "outcome", where="trial <> ''"),
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
    Index("signal_by_exchange", "exchange_id", "at"),
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
    Index("act_by_about", "about", "at"),
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

# What is kept of exchanges and signals, each encrypted under the key of its subject: see operations.content.
content = Table(
    "content", metadata,
    _column("id", _TEXT, primary_key=True),
    *(_column(name, _TEXT) for name in ("exchange_id", "tenant", "subject", "retention", "key_id")),
    *(_column(name, Float(53)) for name in ("started_at", "until")),
    _column("size", BigInteger),
    _column("sealed", LargeBinary),
    Index("content_by_subject", "tenant", "subject"),
    Index("content_by_exchange", "exchange_id"),
    Index("content_by_key", "key_id"),
    Index("content_by_time", "started_at"),
    Index("content_by_until", "until"),
)

# One key for each subject of each tenant, wrapped by one that is derived from the master key: under another master key
# another one.
subject_key = Table(
    "subject_key", metadata,
    _column("id", String(32), primary_key=True),
    *(_column(name, _TEXT) for name in ("tenant", "subject")),
    _column("created_at", Float(53)),
    _column("wrapped_by", String(16)),
    _column("wrapped", LargeBinary),
    Index("subject_key_by_subject", "tenant", "subject", "wrapped_by", unique=True),
)

# What was erased, with the signed report; state/erasures.jsonl has the same.
erasure = Table(
    "erasure", metadata,
    _column("id", String(32), primary_key=True),
    _column("at", Float(53)),
    *(_column(name, _TEXT) for name in ("tenant", "subject", "exchange_id", "actor")),
    _column("reason", Text),
    _column("signed", Text),
    Index("erasure_by_subject", "tenant", "subject"),
    Index("erasure_by_time", "at"),
)

# What may be neither erased nor deleted for age: a tenant's, or one subject's of it. Released ones stay as history.
legal_hold = Table(
    "legal_hold", metadata,
    _column("id", String(32), primary_key=True),
    *(_column(name, _TEXT) for name in ("tenant", "subject", "actor")),
    _column("reason", Text),
    _column("placed_at", Float(53)),
    Column("released_at", Float(53)),
    _column("released_by", _TEXT),
    _column("release_reason", Text),
    Index("legal_hold_by_subject", "tenant", "subject"),
)

# Each writer's chain: the place and digest of its newest record, and up to where its records are sealed. A closed one
# takes no more.
chain = Table(
    "chain", metadata,
    _column("writer", _TEXT, primary_key=True),
    _column("sequence", BigInteger),
    _column("digest", LargeBinary(32)),
    _column("sealed", BigInteger),
    _column("sealed_at", Float(53)),
    _column("closed", Boolean),
)

# Places of a chain, from `first` to `last`, that no record has, and why not.
chain_gap = Table(
    "chain_gap", metadata,
    _column("writer", _TEXT, primary_key=True),
    Column("first", BigInteger, nullable=False, primary_key=True, autoincrement=False),
    _column("last", BigInteger),
    _column("why", _TEXT),
)

# What is left of records that retention deleted; `act` is the one that did.
chain_pruned = Table(
    "chain_pruned", metadata,
    _column("writer", _TEXT, primary_key=True),
    Column("sequence", BigInteger, nullable=False, primary_key=True, autoincrement=False),
    _column("digest", LargeBinary(32)),
    _column("act", Integer),
    Index("chain_pruned_by_act", "act"),
)

# The audit log: a segment is a stretch of one chain, sealed; a checkpoint signs all segments so far.
audit_segment = Table(
    "audit_segment", metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _column("at", Float(53)),
    _column("writer", _TEXT),
    *(_column(name, BigInteger) for name in ("first", "last", "count")),
    *(_column(name, LargeBinary(32)) for name in ("root", "head")),
    _column("gaps", JSON),
    _column("final", Boolean),
    Index("audit_segment_by_writer", "writer", "first"),
)

audit_checkpoint = Table(
    "audit_checkpoint", metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _column("at", Float(53)),
    _column("log", _TEXT),
    _column("size", Integer),
    *(_column(name, LargeBinary(32)) for name in ("root", "previous")),
    Column("restored", Integer),
    _column("key", String(64)),
    _column("signature", LargeBinary(64)),
)

# The newest checkpoint that each second place has taken. `place` is the host and the digest of a folder's path or of a
# webhook's URL, which may hold a secret.
audit_delivery = Table(
    "audit_delivery", metadata,
    _column("place", _TEXT, primary_key=True),
    _column("number", Integer),
)
