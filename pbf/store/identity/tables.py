"""The tables of people: tenants, persons, memberships, sessions, tokens, links and requests.

All times are in seconds since 1970. Credentials are stored as SHA-256, in hexadecimal, and do not
appear in a row's representation.
"""

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pbf.store.column_types import LongText, ShortText
from pbf.store.tables import Base

ISSUER = ShortText(500)
SUBJECT = ShortText(500)
SHORT = ShortText(20)
EMAIL = ShortText(320)
WANTED = ShortText(500)


class Tenant(Base, kw_only=True):
    """A tenant that an operator added; those of the policy file are not stored."""

    __tablename__ = "tenants"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    group_id: Mapped[str] = mapped_column(unique=True)
    policy: Mapped[str]
    source: Mapped[str] = mapped_column(SHORT, default="admin")
    created_at: Mapped[float]
    disabled_at: Mapped[float | None] = mapped_column(default=None)


class Person(Base, kw_only=True):
    """Somebody who has signed in; the issuer and the subject identify them, the e-mail does not."""

    __tablename__ = "persons"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="one_person_for_a_subject"),)

    id: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    issuer: Mapped[str] = mapped_column(ISSUER)
    subject: Mapped[str] = mapped_column(SUBJECT)
    email: Mapped[str] = mapped_column(EMAIL, default="")
    email_verified: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(default="")
    seen_at: Mapped[float]
    disabled_at: Mapped[float | None] = mapped_column(default=None)


class Membership(Base, kw_only=True):
    """The role of a person in a tenant.

    `source` is "rule" (an access rule gave it at the last sign-in), "admin", "sso" or "invitation".
    """

    __tablename__ = "memberships"
    __table_args__ = (Index("memberships_of_person", "person_id"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    role: Mapped[str] = mapped_column(SHORT)
    source: Mapped[str] = mapped_column(SHORT)
    created_by: Mapped[str]
    created_at: Mapped[float]


class MemberInvitation(Base, kw_only=True):
    """An e-mail address that becomes a member at its first verified sign-in.

    `email` is in lower case, see `invitations.normalized`.
    """

    __tablename__ = "member_invitations"
    __table_args__ = (Index("member_invitations_of_email", "email"),)

    tenant_id: Mapped[str] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(EMAIL, primary_key=True)
    role: Mapped[str] = mapped_column(SHORT)
    created_by: Mapped[str]
    created_at: Mapped[float]
    expires_at: Mapped[float]
    used_at: Mapped[float | None] = mapped_column(default=None)


class SessionRow(Base, kw_only=True):
    """A session: who is signed in, in which tenant, with which role.

    `id` is the SHA-256 of the cookie. `services` is a JSON list that narrows the policy, or None.
    `by_operator` says that an operator entered the tenant.
    """

    __tablename__ = "sessions"
    __table_args__ = (
        Index("sessions_of_person", "person_id", "tenant_id"),
        Index("sessions_of_tenant", "tenant_id"),
        Index("sessions_of_provider", "provider_sid"),
        Index("sessions_by_end", "expires_at"),
    )

    id: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ShortText(64))
    tenant_id: Mapped[str]
    role: Mapped[str] = mapped_column(SHORT)
    method: Mapped[str] = mapped_column(SHORT)
    by_operator: Mapped[bool] = mapped_column(default=False)
    provider_sid: Mapped[str] = mapped_column(SUBJECT, default="")
    id_token: Mapped[str] = mapped_column(LongText, default="", repr=False)
    services: Mapped[str | None] = mapped_column(LongText, default=None)
    return_url: Mapped[str] = mapped_column(LongText, default="")
    created_at: Mapped[float]
    seen_at: Mapped[float]
    expires_at: Mapped[float]
    revoked_at: Mapped[float | None] = mapped_column(default=None)
    reason: Mapped[str] = mapped_column(default="")


class ApiToken(Base, kw_only=True):
    """A bearer token of a program; without a tenant, it is an operators' token."""

    __tablename__ = "api_tokens"
    __table_args__ = (Index("api_tokens_of_tenant", "tenant_id"),)

    id: Mapped[str] = mapped_column(ShortText(64), primary_key=True)
    digest: Mapped[str] = mapped_column(ShortText(64), repr=False)
    tenant_id: Mapped[str | None]
    role: Mapped[str] = mapped_column(SHORT)
    name: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[float]
    expires_at: Mapped[float]
    used_at: Mapped[float | None] = mapped_column(default=None)
    revoked_at: Mapped[float | None] = mapped_column(default=None)


class SignInLink(Base, kw_only=True):
    """A single-use link into a session; `payload` is JSON that only its maker reads."""

    __tablename__ = "sign_in_links"
    __table_args__ = (Index("sign_in_links_by_end", "expires_at"),)

    digest: Mapped[str] = mapped_column(ShortText(64), primary_key=True, repr=False)
    tenant_id: Mapped[str]
    payload: Mapped[str] = mapped_column(LongText, repr=False)
    expires_at: Mapped[float]
    used_at: Mapped[float | None] = mapped_column(default=None)


class ServiceRequest(Base, kw_only=True):
    """A service that somebody asked for: hidden by policy, or not in the catalogue.

    `service` is its id, or empty if the catalogue has none; `wanted` is the text as typed. `topic`
    is what requests for the same thing share.
    """

    __tablename__ = "service_requests"
    __table_args__ = (
        UniqueConstraint("tenant_id", "person_id", "topic", name="one_request_for_a_topic"),
        Index("service_requests_of_topic", "topic"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True, init=False)
    tenant_id: Mapped[str]
    service: Mapped[str]
    wanted: Mapped[str] = mapped_column(WANTED)
    topic: Mapped[str] = mapped_column(ShortText(64))
    person_id: Mapped[str] = mapped_column(ShortText(64))
    asker: Mapped[str]
    created_at: Mapped[float]
    answer: Mapped[str] = mapped_column(LongText, default="")
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[float | None] = mapped_column(default=None)
    seen_at: Mapped[float | None] = mapped_column(default=None)
