"""Entries of the audit log that waited in the spool, each stored once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a key of each entry, and when it was stored if it had to wait."""
    op.add_column("audit", sa.Column("entry_key", sa.String(32)))
    stored_at = sa.Column("stored_at", sa.String(32), nullable=False, server_default="")
    op.add_column("audit", stored_at)
    op.create_index("audit_by_key", "audit", ["entry_key"], unique=True)
