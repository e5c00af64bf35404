"""Creations, deletions that wait, used slips as hashes, and the audit log."""

import hashlib
import time

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# The log only grows; what keeps it so is in the database, where no code of ours can forget it.
SQLITE_GUARD = """
CREATE TRIGGER audit_only_grows_{event} BEFORE {event} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END
"""
POSTGRESQL_GUARD = (
    "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit log only grows'; END $$",
    "CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
)


def upgrade() -> None:
    """Make the new tables; what links have been used stays known."""
    _creations()
    _deletions()
    _audit()
    _slips()
    # A form's key dies with the session that holds it, so no attempt is of use to anybody now.
    op.drop_table("attempts")


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
        sa.Column("sent_at", sa.Double),
        sa.Column("connector_id", sa.String(200)),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
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
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("what", sa.String(100), nullable=False),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in POSTGRESQL_GUARD:
            op.execute(statement)
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(SQLITE_GUARD.format(event=event))


def _slips() -> None:
    slips = op.create_table(
        "used_slips",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("used_at", sa.Double, nullable=False),
    )
    nonces = op.get_bind().execute(sa.text("SELECT nonce FROM used_states")).scalars().all()
    now = time.time()
    hashed = [hashlib.sha256(nonce.encode()).hexdigest() for nonce in nonces]
    op.bulk_insert(slips, [{"digest": digest, "used_at": now} for digest in hashed])
    op.drop_table("used_states")
