"""The sync history, what was observed of it, and received webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    _syncs()
    _sync_days()
    _sync_hours()
    _observations()
    _last_seen()
    _received_events()
    _event_counts()


def _syncs() -> None:
    op.create_table(
        "syncs",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("connector_id", sa.String(200), primary_key=True),
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("part_of", sa.String(64), nullable=False),
        sa.Column("sync_id", sa.String(200), nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("ended_at", sa.Double),
        sa.Column("outcome", sa.String(40), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("volumes", sa.Text, nullable=False),
        sa.Column("unknown", sa.Text, nullable=False),
        sa.Column("sources", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("start_rank", sa.Integer, nullable=False),
        sa.Column("end_rank", sa.Integer, nullable=False),
        sa.Column("reason_rank", sa.Integer, nullable=False),
        sa.Column("own", sa.Text, nullable=False),
    )
    of_connector = ["group_id", "connector_id", "at", "part_of", "outcome"]
    op.create_index("syncs_of_connector", "syncs", [*of_connector, "started_at", "ended_at"])
    op.create_index("syncs_by_time", "syncs", ["at"])


def _sync_days() -> None:
    op.create_table(
        "sync_days",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("connector_id", sa.String(200), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("succeeded", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("other", sa.Integer, nullable=False),
        sa.Column("busy_seconds", sa.Double, nullable=False),
    )
    op.create_index("sync_days_by_day", "sync_days", ["day"])


def _sync_hours() -> None:
    op.create_table(
        "sync_hours",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("hour", sa.Integer, primary_key=True),
        sa.Column("succeeded", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("other", sa.Integer, nullable=False),
    )


def _observations() -> None:
    op.create_table(
        "observations",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("since", sa.Double, nullable=False),
        sa.Column("until", sa.Double, nullable=False),
    )
    op.create_index("observations_of_group", "observations", ["group_id", "connector_id", "until"])


def _last_seen() -> None:
    op.create_table(
        "last_seen",
        sa.Column("group_id", sa.String(200), primary_key=True),
        sa.Column("connector_id", sa.String(200), primary_key=True),
        sa.Column("schema_name", sa.String(200), nullable=False),
        sa.Column("succeeded_at", sa.Double),
        sa.Column("failed_at", sa.Double),
        sa.Column("sync_state", sa.String(40), nullable=False),
        sa.Column("setup_state", sa.String(40), nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("spacing", sa.Double, nullable=False),
        sa.Column("spacing_since", sa.Double, nullable=False),
        sa.Column("earlier_spacing", sa.Double, nullable=False),
        sa.Column("paused_since", sa.Double),
        sa.Column("broken_since", sa.Double),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("history_until", sa.Double),
        sa.Column("has_moved", sa.Boolean, nullable=False),
    )


def _received_events() -> None:
    op.create_table(
        "received_events",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("event", sa.String(40), nullable=False),
        sa.Column("group_id", sa.String(200), nullable=False),
        sa.Column("connector_id", sa.String(200), nullable=False),
        sa.Column("sync_id", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double),
        sa.Column("received_at", sa.Double, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("claimed_until", sa.Double, nullable=False),
        sa.Column("done_at", sa.Double),
    )
    op.create_index("received_events_to_do", "received_events", ["done_at", "received_at"])
    op.create_index("received_events_of_group", "received_events", ["group_id", "created_at"])


def _event_counts() -> None:
    op.create_table(
        "event_counts",
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Double, nullable=False),
    )
