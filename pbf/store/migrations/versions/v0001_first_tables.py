"""The first tables: names, used tokens, creations, deletions, and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The database itself refuses to change the audit log, whatever the code does.
SQLITE_TRIGGER = """
CREATE TRIGGER audit_only_grows_{event} BEFORE {event} ON audit {condition}
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""
SQLITE_EVENTS = {
    "UPDATE": "",
    "DELETE": "",
    # SQLite replaces a row without firing the trigger for deletions.
    "INSERT": "WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)",
}
POSTGRESQL_TRIGGER = (
    "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$",
    "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
)


def upgrade() -> None:
    """Create the tables and the triggers."""
    _names_and_tokens()
    _creations()
    _deletions()
    _audit()
    _protect_audit()


def _names_and_tokens() -> None:
    op.create_table(
        "typed_names",
        sa.Column("connector_id", sa.String(200), primary_key=True),
        sa.Column("schema_name", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
    )
    op.create_table(
        "used_tokens",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("used_at", sa.Double, nullable=False),
    )


def _creations() -> None:
    op.create_table(
        "creations",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("typed", sa.String(200), nullable=False),
        sa.Column("schema_name", sa.String(200), nullable=False),
        sa.Column("reserved", sa.String(200)),
        sa.Column("naming_fields", sa.String(200), nullable=False, server_default=""),
        sa.Column("sent_at", sa.Double),
        sa.Column("connector_id", sa.String(200)),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.UniqueConstraint("group_id", "reserved", name="one_creation_for_a_name"),
    )


def _deletions() -> None:
    op.create_table(
        "deletions",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("connector_id", sa.String(200), primary_key=True),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("schema_name", sa.String(200), nullable=False),
        sa.Column("was_paused", sa.Boolean, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("paused_at", sa.Double),
        sa.Column("setup_state", sa.String(40), nullable=False, server_default=""),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("group_id", sa.String(200), nullable=False, server_default=""),
        sa.Column("details", sa.String(200), nullable=False, server_default=""),
    )
    op.create_index("audit_of_group", "audit", ["group_id", "id"])
    op.create_index("audit_of_connector", "audit", ["group_id", "connector_id", "id"])


def _protect_audit() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL_TRIGGER:
            op.execute(statement)
    else:
        for event, condition in SQLITE_EVENTS.items():
            op.execute(SQLITE_TRIGGER.format(event=event, condition=condition))
