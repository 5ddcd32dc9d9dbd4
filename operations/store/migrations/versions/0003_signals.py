"""What was thought or measured of an exchange once its record was written."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TEXT = sa.String(255)


def upgrade() -> None:
    op.create_table(
        "signal",
        sa.Column("id", _TEXT, primary_key=True),
        sa.Column("exchange_id", _TEXT, nullable=False),
        sa.Column("at", sa.Float(53), nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("schema", sa.Integer, nullable=False),
        sa.Column("worker", _TEXT, nullable=False),
        sa.Column("body", sa.JSON, nullable=False))
    op.create_index("signal_by_exchange", "signal", ["exchange_id"])
    op.create_index("signal_by_kind", "signal", ["kind", "name", "at"])


def downgrade() -> None:
    op.drop_table("signal")
