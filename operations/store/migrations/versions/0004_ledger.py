"""The ledger's chains, and what records had no room for: what was repeated, what was saved, how long it is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TEXT = sa.String(255)
_TEXTS = {
    "exchange": "parent batch policy_digest retention writer",
    "signal": "tenant version content writer",
    "act": "role about writer"}


def upgrade() -> None:
    for table, names in _TEXTS.items():
        for name in names.split():
            op.add_column(table, sa.Column(name, _TEXT, nullable=False, server_default=""))
        op.add_column(table, sa.Column("sequence", sa.BigInteger, nullable=False, server_default="0"))
        for name in ("previous", "digest"):
            op.add_column(table, sa.Column(name, sa.LargeBinary(32), nullable=False, server_default=""))
        op.create_index(f"{table}_by_writer", table, ["writer", "sequence"])
    op.add_column("exchange", sa.Column("saved_micros", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("signal", sa.Column("value", sa.Float(53)))
    op.create_index("act_by_kind", "act", ["kind", "at"])


def downgrade() -> None:
    op.drop_index("act_by_kind", "act")
    op.drop_column("signal", "value")
    op.drop_column("exchange", "saved_micros")
    for table, names in _TEXTS.items():
        op.drop_index(f"{table}_by_writer", table)
        for name in (*names.split(), "sequence", "previous", "digest"):
            op.drop_column(table, name)
