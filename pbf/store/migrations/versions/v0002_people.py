"""Tenants, persons, memberships, sessions, tokens, sign-in links and requests for services."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables, and let the audit log name its actors."""
    _tenants()
    _members()
    _sessions()
    _credentials()
    _service_requests()
    column = sa.Column("actor_name", sa.String(200), nullable=False, server_default="")
    op.add_column("audit", column)


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.String(200), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("group_id", sa.String(200), nullable=False, unique=True),
        sa.Column("policy", sa.String(200), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("disabled_at", sa.Double),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(500), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("email_verified", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("disabled_at", sa.Double),
        sa.UniqueConstraint("issuer", "subject", name="one_person_for_a_subject"),
    )


def _members() -> None:
    op.create_table(
        "memberships",
        sa.Column("tenant_id", sa.String(200), primary_key=True),
        sa.Column("person_id", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("source", sa.String(20), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("memberships_of_person", "memberships", ["person_id"])
    op.create_table(
        "member_invitations",
        sa.Column("tenant_id", sa.String(200), primary_key=True),
        sa.Column("email", sa.String(320), primary_key=True),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
    )
    op.create_index("member_invitations_of_email", "member_invitations", ["email"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("tenant_id", sa.String(200), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("by_operator", sa.Boolean, nullable=False),
        sa.Column("provider_sid", sa.String(500), nullable=False),
        sa.Column("id_token", sa.Text, nullable=False),
        sa.Column("services", sa.Text),
        sa.Column("return_url", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
        sa.Column("reason", sa.String(200), nullable=False),
    )
    op.create_index("sessions_of_person", "sessions", ["person_id", "tenant_id"])
    op.create_index("sessions_of_tenant", "sessions", ["tenant_id"])
    op.create_index("sessions_of_provider", "sessions", ["provider_sid"])
    op.create_index("sessions_by_end", "sessions", ["expires_at"])


def _credentials() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("tenant_id", sa.String(200)),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("api_tokens_of_tenant", "api_tokens", ["tenant_id"])
    op.create_table(
        "sign_in_links",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("tenant_id", sa.String(200), nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
    )
    op.create_index("sign_in_links_by_end", "sign_in_links", ["expires_at"])


def _service_requests() -> None:
    op.create_table(
        "service_requests",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("tenant_id", sa.String(200), nullable=False),
        sa.Column("service", sa.String(200), nullable=False),
        sa.Column("wanted", sa.String(500), nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("asker", sa.String(200), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("answered_by", sa.String(200), nullable=False),
        sa.Column("answered_at", sa.Double),
        sa.Column("seen_at", sa.Double),
        sa.UniqueConstraint("tenant_id", "person_id", "topic", name="one_request_for_a_topic"),
    )
    op.create_index("service_requests_of_topic", "service_requests", ["topic"])
