"""Jobs, and changes that are planned for a time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables."""
    _jobs()
    _planned_changes()


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("succeeded_at", sa.Double),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
    )


def _planned_changes() -> None:
    op.create_table(
        "planned_changes",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("schema_name", sa.String(200), nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_by_name", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("done_at", sa.Double),
        sa.Column("cancelled_at", sa.Double),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
    )
    op.create_index("planned_changes_of_connector", "planned_changes", ["group_id", "connector_id"])
