"""What guards found, failed at, would have done otherwise, and took."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# What stands there for exchanges of before: nothing was judged.
_COLUMNS = {"findings": "[]", "guard_failures": "[]", "guard_differences": "[]", "guard_seconds": "{}"}


def upgrade() -> None:
    for name, nothing in _COLUMNS.items():
        op.add_column("exchange", sa.Column(name, sa.JSON, nullable=False, server_default=nothing))
    op.add_column("exchange", sa.Column("findings_untold", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in (*_COLUMNS, "findings_untold"):
        op.drop_column("exchange", name)
