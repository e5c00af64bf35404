"""Deletions keep when the connector was paused, creations the naming fields they began with.

The audit log refuses to replace an entry, too.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# For as long a deletion can be undone unless another time is set; when older ones were asked for
# is not known otherwise.
DEFAULT_GRACE = 24 * 3600
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
    op.get_bind().execute(old, {"grace": DEFAULT_GRACE})
    if op.get_bind().dialect.name == "sqlite":
        op.execute(SQLITE_GUARD)
