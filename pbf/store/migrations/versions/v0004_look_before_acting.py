"""Deletions keep when the connector was paused, creations the naming fields they began with.

The audit log refuses to replace an entry, too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# When older deletions were asked for is not known: it depends on the grace that was set then. With
# the largest one, whatever has succeeded since is shown again; nothing in use is deleted.
LARGEST_GRACE = 720 * 3600
SQLITE_GUARD = """
CREATE TRIGGER audit_only_grows_INSERT BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""


def upgrade() -> None:
    """Add the columns, and the trigger that SQLite needs."""
    fields = sa.Column("naming_fields", sa.String(200), nullable=False, server_default="")
    op.add_column("creations", fields)
    op.add_column("deletions", sa.Column("paused_at", sa.Double))
    state = sa.Column("setup_state", sa.String(40), nullable=False, server_default="")
    op.add_column("deletions", state)
    old = sa.text("UPDATE deletions SET paused_at = due_at - :grace WHERE owner = ''")
    op.get_bind().execute(old, {"grace": LARGEST_GRACE})
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SQLITE_GUARD)
