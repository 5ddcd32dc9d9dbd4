"""Chains of records, the segments that seal them, and the checkpoints that sign those."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TEXT = sa.String(255)


def _column(name: str, kind: Any, primary_key: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False, primary_key=primary_key, autoincrement=False)


def upgrade() -> None:
    op.create_table(
        "chain", _column("writer", _TEXT, primary_key=True), _column("sequence", sa.BigInteger()),
        _column("digest", sa.LargeBinary(32)), _column("sealed", sa.BigInteger()),
        _column("sealed_at", sa.Float(53)), _column("closed", sa.Boolean()))
    op.create_table(
        "chain_gap", _column("writer", _TEXT, primary_key=True), _column("first", sa.BigInteger(), primary_key=True),
        _column("last", sa.BigInteger()), _column("why", _TEXT))
    op.create_table(
        "chain_pruned", _column("writer", _TEXT, primary_key=True),
        _column("sequence", sa.BigInteger(), primary_key=True), _column("digest", sa.LargeBinary(32)),
        _column("act", sa.Integer()))
    op.create_index("chain_pruned_by_act", "chain_pruned", ["act"])
    op.create_table(
        "audit_segment", _column("number", sa.Integer(), primary_key=True), _column("at", sa.Float(53)),
        _column("writer", _TEXT), *(_column(name, sa.BigInteger()) for name in ("first", "last", "count")),
        *(_column(name, sa.LargeBinary(32)) for name in ("root", "head")), _column("gaps", sa.JSON()),
        _column("final", sa.Boolean()))
    op.create_index("audit_segment_by_writer", "audit_segment", ["writer", "first"])
    op.create_table(
        "audit_checkpoint", _column("number", sa.Integer(), primary_key=True), _column("at", sa.Float(53)),
        _column("log", _TEXT), _column("size", sa.Integer()),
        *(_column(name, sa.LargeBinary(32)) for name in ("root", "previous")), sa.Column("restored", sa.Integer),
        _column("key", sa.String(64)), _column("signature", sa.LargeBinary(64)))
    op.create_table(
        "audit_delivery", _column("place", _TEXT, primary_key=True), _column("number", sa.Integer()))


def downgrade() -> None:
    for index, table in (("audit_segment_by_writer", "audit_segment"), ("chain_pruned_by_act", "chain_pruned")):
        op.drop_index(index, table)
    for table in ("audit_delivery", "audit_checkpoint", "audit_segment", "chain_pruned", "chain_gap", "chain"):
        op.drop_table(table)
