"""Signals of a kind by time: the newest feedback without reading all of it."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("signal_by_time", "signal", ["kind", "at"])


def downgrade() -> None:
    op.drop_index("signal_by_time", "signal")
