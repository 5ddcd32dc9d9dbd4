"""The ledger (exchange, act), the revisions of the routing, and the place of each journal segment."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TEXT = sa.String(255)
_REAL = sa.Float(53)


def upgrade() -> None:
    _create_exchange()
    op.create_table(
        "act",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", _REAL, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("details", sa.JSON, nullable=False))
    op.create_table(
        "revision",
        sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", _REAL, nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("based_on", sa.Integer),
        sa.Column("document", sa.Text, nullable=False))
    op.create_table(
        "watched_file",
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seen_at", _REAL, nullable=False))
    op.create_table(
        "journal_cursor",
        sa.Column("segment", _TEXT, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False))


def _create_exchange() -> None:
    kinds: dict[Any, str] = {
        _TEXT: "id purpose worker client_request_id tenant key subject unit_kind operation model trial arm_assigned "
               "arm_served version_digest cache outcome blame code finish_reason usage_source content",
        _REAL: "started_at unit_fraction propensity queue_seconds overhead_seconds first_token_seconds total_seconds "
               "token_gap_seconds",
        sa.Integer(): "schema revision status",
        sa.BigInteger(): "prompt_tokens completion_tokens cached_tokens cost_micros bytes_in bytes_out",
        sa.JSON(): "attempts guards token_gap_counts",
        sa.Boolean(): "streamed"}
    columns: list[Any] = [sa.Column(name, kind, nullable=False, primary_key=name == "id")
               for kind, names in kinds.items() for name in names.split()]
    op.create_table("exchange", *columns)
    op.create_index("exchange_by_time", "exchange", ["started_at"])
    op.create_index("exchange_by_model", "exchange", ["model", "started_at"])
    op.create_index("exchange_by_outcome", "exchange", ["outcome", "started_at"])


def downgrade() -> None:
    for name in ("exchange", "act", "revision", "watched_file", "journal_cursor"):
        op.drop_table(name)
