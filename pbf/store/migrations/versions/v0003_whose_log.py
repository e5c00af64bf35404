"""The audit log tells the group, so that each tenant reads its own, and what exactly was asked.

Entries from before are of no group and only in the whole export: the log may not be changed, and
nothing in it says whose they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both columns, and what finds a group's or a connector's newest entries."""
    for name in ("group_id", "details"):
        op.add_column("audit", sa.Column(name, sa.String(200), nullable=False, server_default=""))
    op.create_index("audit_of_group", "audit", ["group_id", "id"])
    op.create_index("audit_of_connector", "audit", ["group_id", "connector_id", "id"])
