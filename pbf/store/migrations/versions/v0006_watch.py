"""Promises, incidents, status links, channels and notifications."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Create the tables."""
    _promises()
    _incidents()
    _incident_events()
    _status_links()
    _channels()
    _notifications()


def _promises() -> None:
    op.create_table(
        "promises",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("hours", sa.Double),
        sa.Column("time", sa.String(5), nullable=False),
        sa.Column("days", sa.String(40), nullable=False),
        sa.Column("time_zone", sa.String(40), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.UniqueConstraint("group_id", "scope", "target", name="one_promise_each"),
    )


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("schema_name", sa.String(200), nullable=False),
        sa.Column("connector_name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("opened_at", sa.Double, nullable=False),
        sa.Column("closed_at", sa.Double),
        sa.Column("open_key", sa.String(500), unique=True),
        sa.Column("explained_by", sa.String(64), nullable=False),
        sa.Column("told", sa.String(40), nullable=False),
    )
    op.create_index(
        "incidents_of_connector", "incidents", ["group_id", "connector_id", "opened_at"]
    )
    op.create_index("incidents_of_group", "incidents", ["group_id", "opened_at"])
    op.create_index("incidents_to_tell", "incidents", ["told", "opened_at"])


def _incident_events() -> None:
    op.create_table(
        "incident_events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("incident_id", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
    )
    op.create_index("events_of_incident", "incident_events", ["incident_id", "id"])


def _status_links() -> None:
    op.create_table(
        "status_links",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("status_links_of_group", "status_links", ["group_id"])


def _channels() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("secret", sa.String(200), nullable=False),
        sa.Column("events", sa.String(200), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(40), nullable=False),
        sa.Column("quiet_from", sa.String(5), nullable=False),
        sa.Column("quiet_until", sa.String(5), nullable=False),
        sa.Column("time_zone", sa.String(40), nullable=False),
        sa.Column("escalates_after", sa.Double),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("disabled_at", sa.Double),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("problem_since", sa.Double),
    )
    op.create_index("channels_of_group", "channels", ["group_id"])


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel_id", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("title", sa.String(500), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.Double),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("lease_until", sa.Double, nullable=False),
        sa.UniqueConstraint("channel_id", "subject_id", "kind", name="one_notification_each"),
    )
    op.create_index("notifications_due", "notifications", ["sent_at", "due_at"])
    op.create_index("notifications_of_channel", "notifications", ["channel_id", "created_at"])
