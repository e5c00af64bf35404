"""The earliest start of a sync of which only the end is known."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("syncs", sa.Column("started_after", sa.Double))
