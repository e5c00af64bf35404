"""Response schemas of the admin routes."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from pbf.api.schemas import ResponseModel

RoleName = Literal["viewer", "editor", "admin", "operator"]
EARLIER, NOW, LATER = "2026-11-20T12:00:00Z", "2026-11-21T06:04:00Z", "2027-02-18T12:00:00Z"


class TenantOfMe(ResponseModel):
    """A tenant that the caller may act for, with the role there."""

    id: str = Field(examples=["acme"])
    name: str = Field(examples=["Acme Ltd"])
    role: RoleName = Field(examples=["admin"])


class Me(ResponseModel):
    """Who asks, and what they may do."""

    actor: str = Field(
        description="As the audit log names the caller.", examples=["person:5f0c7c1e5d2b4a55"]
    )
    name: str = Field(examples=["Ada"])
    email: str = Field(examples=["ada@people.example"])
    role: RoleName = Field(examples=["admin"])
    method: str = Field(
        description="The way of signing in, such as oidc, link, jwt or token; empty while sign-in "
        "is off.",
        examples=["oidc"],
    )
    tenant: str | None = Field(
        description="The id of the tenant that requests are for; null for an operator outside all "
        "tenants.",
        examples=["acme"],
    )
    tenants: tuple[TenantOfMe, ...]
    permissions: tuple[str, ...] = Field(examples=[["view", "change connectors"]])


class Member(ResponseModel):
    """A member of a tenant."""

    id: str = Field(examples=["5f0c7c1e5d2b4a559a0d6f1f5d6a2b9e"])
    name: str = Field(examples=["Ada"])
    email: str = Field(examples=["ada@people.example"])
    role: RoleName = Field(examples=["editor"])
    source: str = Field(
        description="Who gave the role: rule (the policy file, which alone can change it), admin, "
        "invitation, or sso (the vendor's application).",
        examples=["admin"],
    )
    last_visit: datetime = Field(examples=[NOW])
    is_disabled: bool = Field(description="Whether the person can sign in no more.")


class MemberInvitation(ResponseModel):
    """An e-mail address that becomes a member at its first sign-in."""

    id: str = Field(examples=["9f86d081884c7d659a2f"])
    email: str = Field(examples=["grace@people.example"])
    role: RoleName = Field(examples=["editor"])
    created_at: datetime = Field(examples=[EARLIER])
    expires_at: datetime = Field(examples=["2026-12-04T12:00:00Z"])
    used_at: datetime | None = Field(examples=[None])


class OpenSession(ResponseModel):
    """An open session."""

    id: str = Field(description="No credential.", examples=["9f86d081884c7d659a2feaa0c55ad015"])
    person_id: str = Field(examples=["5f0c7c1e5d2b4a559a0d6f1f5d6a2b9e"])
    name: str = Field(examples=["Ada"])
    email: str = Field(examples=["ada@people.example"])
    role: RoleName = Field(examples=["editor"])
    method: str = Field(description="The way of signing in.", examples=["oidc"])
    created_at: datetime = Field(examples=[EARLIER])
    last_used: datetime = Field(examples=[NOW])
    expires_at: datetime = Field(examples=[NOW])


class Token(ResponseModel):
    """An API token, without its text."""

    id: str = Field(examples=["3f9c2ab41d"])
    name: str = Field(examples=["Nightly report"])
    role: RoleName = Field(examples=["viewer"])
    created_by: str = Field(examples=["Ada"])
    created_at: datetime = Field(examples=[EARLIER])
    expires_at: datetime = Field(examples=[LATER])
    used_at: datetime | None = Field(
        description="The last use, noted once an hour.", examples=[None]
    )
    revoked_at: datetime | None = Field(examples=[None])


class CreatedToken(ResponseModel):
    """An API token that was just made."""

    id: str = Field(examples=["3f9c2ab41d"])
    name: str = Field(examples=["Nightly report"])
    role: RoleName = Field(examples=["viewer"])
    expires_at: datetime = Field(examples=[LATER])
    token: str = Field(
        validation_alias="text",
        description="A secret that no other response contains.",
        examples=["pbf_..."],
    )


class Tenant(ResponseModel):
    """A tenant as operators manage it."""

    id: str = Field(examples=["acme"])
    name: str = Field(examples=["Acme Ltd"])
    group_id: str = Field(examples=["sandy_harbour"])
    source: Literal["file", "admin", "settings"] = Field(
        description="Only tenants of the source admin can be changed here.", examples=["admin"]
    )
    policy: str = Field(
        description="The name of its policy, if an operator gave it one.", examples=[""]
    )
    is_disabled: bool


class Removed(ResponseModel):
    """What was removed, ended, revoked or disabled."""

    id: str = Field(examples=["3f9c2ab41d"])
    removed: Literal[True] = True
