"""Signals of a kind by time, so that the newest feedback is found without reading all of it; exchanges that repeat
another one by that one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("signal_by_time", "signal", ["kind", "at"])
    few = sa.text("parent <> ''")
    op.create_index("exchange_by_parent", "exchange", ["parent"], sqlite_where=few, postgresql_where=few)


def downgrade() -> None:
    op.drop_index("exchange_by_parent", "exchange")
    op.drop_index("signal_by_time", "signal")
