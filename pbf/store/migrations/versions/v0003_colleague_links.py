"""Links with which colleagues finish the set-up of a connector."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "colleague_links",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("schema_name", sa.String(200), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("asker", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("opened_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("colleague_links_of_connector", "colleague_links", ["group_id", "connector_id"])
    op.create_index("colleague_links_by_end", "colleague_links", ["expires_at"])
