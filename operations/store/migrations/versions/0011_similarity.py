"""How near the question was whose answer an exchange was given."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("exchange", sa.Column("similarity", sa.Float(53), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("exchange", "similarity")
