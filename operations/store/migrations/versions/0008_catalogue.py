"""The indexes that the catalogue of questions (operations/ledger/queries.py) is answered by, and no others."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"

_BEFORE = {
    "exchange_by_time": ("exchange", "started_at"),
    "exchange_by_model": ("exchange", "model started_at"),
    "exchange_by_outcome": ("exchange", "outcome started_at"),
    "signal_by_exchange": ("signal", "exchange_id")}
_NOW = {
    "exchange_by_time": ("exchange", "started_at tenant model prompt_tokens completion_tokens cost_micros", ""),
    "exchange_by_model": ("exchange", "model started_at outcome", ""),
    "exchange_by_outcome": ("exchange", "outcome started_at blame code", "outcome <> 'answered'"),
    "exchange_by_version": ("exchange", "arm_served started_at outcome", ""),
    "exchange_by_tenant": ("exchange", "tenant started_at", ""),
    "exchange_by_key": ("exchange", "key started_at", "key <> ''"),
    "exchange_by_subject": ("exchange", "subject started_at", ""),
    "exchange_by_request": ("exchange", "client_request_id started_at", "client_request_id <> ''"),
    "exchange_by_batch": ("exchange", "batch started_at", "batch <> ''"),
    "exchange_by_parent": ("exchange", "parent started_at", "parent <> ''"),
    "exchange_by_trial": ("exchange", "trial started_at arm_assigned outcome", "trial <> ''"),
    "signal_by_exchange": ("signal", "exchange_id at", ""),
    "act_by_about": ("act", "about at", "")}


def upgrade() -> None:
    for name, (table, columns, where) in _NOW.items():
        op.drop_index(name, table, if_exists=True)
        condition = sa.text(where) if where else None
        op.create_index(name, table, columns.split(), sqlite_where=condition, postgresql_where=condition)
    _collate_ids("C")


def downgrade() -> None:
    _collate_ids("default")
    for name, (table, _, _) in _NOW.items():
        op.drop_index(name, table)
    for name, (table, columns) in _BEFORE.items():
        op.create_index(name, table, columns.split())


def _collate_ids(collation: str) -> None:
    # The beginning of an id is looked for as a range: in the order of its characters, whatever the server's language.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("exchange", "id", type_=sa.String(255, collation=collation))
