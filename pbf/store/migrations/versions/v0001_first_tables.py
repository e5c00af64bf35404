"""The tables as they were before there were migrations; a database of that time has them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make what is missing."""
    op.create_table(
        "typed_names",
        sa.Column("connector_id", sa.String(200), primary_key=True),
        sa.Column("schema_name", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(100), primary_key=True),
        sa.Column("connector_id", sa.String(200), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "used_states",
        sa.Column("nonce", sa.String(100), primary_key=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        if_not_exists=True,
    )
