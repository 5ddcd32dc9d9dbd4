"""Content, kept under a key of its subject's own; what was erased of it, and what may not be."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_TEXT = sa.String(255)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, _TEXT, nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Float(53), nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "content", sa.Column("id", _TEXT, primary_key=True),
        *_texts("exchange_id", "tenant", "subject", "retention", "key_id"), *_times("started_at", "until"),
        sa.Column("size", sa.BigInteger, nullable=False), sa.Column("sealed", sa.LargeBinary, nullable=False))
    op.create_index("content_by_subject", "content", ["tenant", "subject"])
    for name, column in (("exchange", "exchange_id"), ("key", "key_id"), ("time", "started_at"), ("until", "until")):
        op.create_index(f"content_by_{name}", "content", [column])
    op.create_table(
        "subject_key", sa.Column("id", sa.String(32), primary_key=True), *_texts("tenant", "subject"),
        *_times("created_at"), sa.Column("wrapped_by", sa.String(16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False))
    op.create_index("subject_key_by_subject", "subject_key", ["tenant", "subject", "wrapped_by"], unique=True)
    op.create_table(
        "erasure", sa.Column("id", sa.String(32), primary_key=True), *_times("at"),
        *_texts("tenant", "subject", "exchange_id", "actor"), sa.Column("reason", sa.Text, nullable=False),
        sa.Column("signed", sa.Text, nullable=False))
    op.create_index("erasure_by_subject", "erasure", ["tenant", "subject"])
    op.create_index("erasure_by_time", "erasure", ["at"])
    op.create_table(
        "legal_hold", sa.Column("id", sa.String(32), primary_key=True), *_texts("tenant", "subject", "actor"),
        sa.Column("reason", sa.Text, nullable=False), *_times("placed_at"), sa.Column("released_at", sa.Float(53)),
        *_texts("released_by"), sa.Column("release_reason", sa.Text, nullable=False))
    op.create_index("legal_hold_by_subject", "legal_hold", ["tenant", "subject"])


def downgrade() -> None:
    for table in ("legal_hold", "erasure", "subject_key", "content"):
        op.drop_table(table)
