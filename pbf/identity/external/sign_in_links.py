"""Sign-in links: how the vendor's own application signs a person in, without cryptography.

The application asks for a link with an API token, and sends the browser there. A link works once,
for 60 seconds.
"""

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from pbf.clock import current_time
from pbf.errors import (
    InputError,
    NotPermitted,
    UnknownTenant,
    UntrustedToken,
)
from pbf.identity.external.entry import (
    Entry,
    Id,
    Service,
    TenantRole,
    Text,
    VendorSignIn,
    check_entry,
    narrowed,
    person,
    read,
    services_of,
    vendor_sign_in,
)
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, Role, allows, refusal

SECONDS = 60.0
CODE_BYTES = 32
CODE = re.compile(r"[0-9A-Za-z_-]{43}")

USED_OR_EXPIRED = (
    "This sign-in link was already used or has expired. Open the page again from the application "
    "that sent you here."
)
NO_TENANT = "There is no tenant with this id. Send the id of one of your tenants."


EXAMPLE: JsonDict = {
    "tenant": "acme",
    "user": {"id": "u_42", "name": "Ada", "email": "ada@people.example"},
    "role": "editor",
    "page": "/services",
}


class User(BaseModel):
    """A person of the vendor's application."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Id
    name: Text = ""
    email: Text = ""


class NewSignInLink(Entry):
    """A sign-in link to create."""

    model_config = ConfigDict(
        strict=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE]}
    )

    user: User


class StoredLink(Entry):
    """A sign-in link as it is stored: an empty list of services allows none."""

    services: list[Service] | None = None
    user: User
    issuer: str
    method: str
    minutes: int | None = None


@dataclass(frozen=True)
class SignInLink:
    """A link that was just made; times are seconds since 1970."""

    expires_at: float
    code: str = field(repr=False)


class LinkStore(Protocol):
    """Where links are stored; times are seconds since 1970."""

    def add(self, digest: str, payload: str, *, tenant_id: str, expires_at: float) -> None:
        """Store a new link."""

    def take(self, digest: str, now: float) -> str | None:
        """Use a link and return its payload; None if it is unknown, used or expired."""


class SignInLinks:
    """Creates and redeems sign-in links."""

    def __init__(
        self,
        store: LinkStore,
        *,
        tenant_exists: Callable[[str], bool],
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Keep the links in a store."""
        self._store = store
        self._tenant_exists = tenant_exists
        self._clock = clock

    def create(
        self, body: object, *, creator: Identity, allowed_origins: Collection[str]
    ) -> SignInLink:
        """Make the link that a request asks for.

        Raises InputError, InvalidRedirect, NotPermitted or UnknownTenant.
        """
        if creator.method != "token":
            raise NotPermitted("Only a program can create sign-in links. Send an API token.")
        if not allows(creator.role, Permission.CREATE_SIGN_IN_LINKS):
            raise NotPermitted(refusal(creator.role, Permission.CREATE_SIGN_IN_LINKS))
        request = read(NewSignInLink, body, "field", InputError)
        self._check_tenant(request.tenant, creator)
        check_entry(request, "field", InputError, allowed_origins)
        services = narrowed(services_of(request), creator.services)
        # Tenants choose the ids of their people, so the same id of two tenants is not one person.
        issuer = f"link:{request.tenant}"
        return self._store_link(
            StoredLink.model_validate(
                {
                    **request.model_dump(),
                    "services": None if services is None else sorted(services),
                    "issuer": issuer,
                    "method": "link",
                }
            )
        )

    def hold(self, sign_in: VendorSignIn) -> SignInLink:
        """Make a link that continues a sign-in in the browser's next request."""
        claims, services = sign_in.claims, sign_in.services
        return self._store_link(
            StoredLink(
                tenant=sign_in.tenant_id,
                role=_tenant_role(sign_in.role),
                services=None if services is None else sorted(services),
                page=sign_in.page,
                return_url=sign_in.return_url,
                user=User(id=claims.subject, name=claims.name, email=claims.email),
                issuer=claims.issuer,
                method=sign_in.method,
                minutes=sign_in.minutes,
            )
        )

    def redeem(self, code: str) -> VendorSignIn:
        """Use a link up and return whom it signs in; raise UntrustedToken."""
        payload = self._store.take(_digest(code), self._clock()) if CODE.fullmatch(code) else None
        if payload is None:
            raise UntrustedToken(USED_OR_EXPIRED)
        link = StoredLink.model_validate_json(payload)
        if not self._tenant_exists(link.tenant):
            raise UntrustedToken(USED_OR_EXPIRED)
        user = link.user
        claims = person(link.method, link.issuer, user.id, name=user.name, email=user.email)
        return vendor_sign_in(link, claims, minutes=link.minutes)

    def _store_link(self, stored: StoredLink) -> SignInLink:
        link = SignInLink(self._clock() + SECONDS, secrets.token_urlsafe(CODE_BYTES))
        self._store.add(
            _digest(link.code),
            stored.model_dump_json(),
            tenant_id=stored.tenant,
            expires_at=link.expires_at,
        )
        return link

    def _check_tenant(self, tenant_id: str, creator: Identity) -> None:
        is_own = creator.is_operator or tenant_id == creator.tenant_id
        if not is_own or not self._tenant_exists(tenant_id):
            raise UnknownTenant(NO_TENANT)


def _tenant_role(role: Role) -> TenantRole:
    """Return the name of a role; the vendor's application makes nobody an operator."""
    names: dict[Role, TenantRole] = {Role.VIEWER: "viewer", Role.EDITOR: "editor"}
    return names.get(role, "admin")


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
