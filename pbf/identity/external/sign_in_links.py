"""Sign-in links: how the vendor's own application signs a person in, without cryptography.

The application asks for a link with an API token, and sends the browser there. A link works once,
for 60 seconds. `Entry` and `VendorSignIn` are what a link and an SSO token have in common.
"""

import re
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pbf.errors import (
    InputError,
    InvalidRedirect,
    NotPermitted,
    UnknownTenant,
    UntrustedToken,
)
from pbf.identity.claims import Claims
from pbf.identity.models import Identity
from pbf.paths import LONGEST_ID, LONGEST_PAGE, origin, own_page
from pbf.rules.permissions import Permission, Role, allows, refusal
from pbf.visible_text import shown

SECONDS = 60.0
CODE_BYTES = 32
CODE = re.compile(r"[0-9A-Za-z_-]{43}")
LONGEST_URL = 2_000
LONGEST_QUOTE = 40
MOST_SERVICES = 1_000
PRINTABLE = re.compile(r"[\x21-\x7e]+")

Model = TypeVar("Model", bound=BaseModel)
Service = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,100}$")]
Text = Annotated[str, Field(max_length=LONGEST_ID)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00-\x1f\x7f]+$")]

# What is wrong with a value, after "The field user.id" or "The claim role".
SENTENCES = {
    "tenant": "must be the id of a tenant.",
    "role": 'must be "viewer", "editor" or "admin".',
    "services": "must be a list of the ids of services. Leave it out to allow all of the tenant's.",
    "page": "must be a path of one of our pages, such as /connectors?status=broken.",
    "return_url": f"must be a URL of at most {LONGEST_URL} characters.",
    "user": 'must be an object with the id of the person: {"id": "...", "name": "..."}.',
    "id": f"must be the id of the person in your application, with 1 to {LONGEST_ID} characters.",
    "sub": f"must be the id of the person in your application, with 1 to {LONGEST_ID} characters.",
    "name": f"must be text of at most {LONGEST_ID} characters.",
    "email": f"must be text of at most {LONGEST_ID} characters.",
    "jti": f"must be text that no other token has, with 1 to {LONGEST_ID} characters.",
    "session_minutes": "must be a number of minutes, 1 or more.",
    "iat": "must be the time at which the token was made, in seconds since 1970.",
    "exp": "must be the time at which the token expires, in seconds since 1970.",
    "nbf": "must be a time in seconds since 1970.",
}
USED_OR_EXPIRED = (
    "This sign-in link was already used or has expired. Open the page again from the application "
    "that sent you here."
)
NO_TENANT = "There is no tenant with this id. Send the id of one of your tenants."


class Entry(BaseModel):
    """Where a person enters, and with which rights."""

    model_config = ConfigDict(strict=True)

    tenant: Id
    role: Literal["viewer", "editor", "admin"] = "viewer"
    services: Annotated[list[Service], Field(min_length=1, max_length=MOST_SERVICES)] | None = None
    page: str = Field(default="", max_length=LONGEST_PAGE)
    return_url: str = Field(default="", max_length=LONGEST_URL)


class User(BaseModel):
    """A person of the vendor's application."""

    model_config = ConfigDict(strict=True, extra="forbid")

    id: Id
    name: Text = ""
    email: Text = ""


class NewSignInLink(Entry):
    """A sign-in link to create."""

    model_config = ConfigDict(strict=True, extra="forbid")

    user: User


class StoredLink(Entry):
    """A sign-in link as it is stored: an empty list of services allows none."""

    services: list[Service] | None = None
    user: User


@dataclass(frozen=True)
class SignInLink:
    """A link that was just made; times are seconds since 1970."""

    expires_at: float
    code: str = field(repr=False)


@dataclass(frozen=True)
class VendorSignIn:
    """A person whom the vendor's application signs in.

    `services` only narrows what the tenant's policy allows, None does not. `minutes` limits the
    session, None leaves its length to the settings. `method` is "link" or "jwt".
    """

    claims: Claims
    tenant_id: str
    role: Role
    method: str
    services: frozenset[str] | None = None
    page: str = ""
    return_url: str = ""
    minutes: int | None = None


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
        clock: Callable[[], float] = time.time,
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
        if not allows(creator.role, Permission.CREATE_SIGN_IN_LINKS):
            raise NotPermitted(refusal(creator.role, Permission.CREATE_SIGN_IN_LINKS))
        request = read(NewSignInLink, body, "field", InputError)
        self._check_tenant(request.tenant, creator)
        check_entry(request, "field", InputError, allowed_origins)
        services = narrowed(_services(request), creator.services)
        stored = StoredLink.model_validate(
            {
                **request.model_dump(),
                "role": min(Role(request.role), creator.role, key=lambda role: role.rank).value,
                "services": None if services is None else sorted(services),
            }
        )
        link = SignInLink(self._clock() + SECONDS, secrets.token_urlsafe(CODE_BYTES))
        self._store.add(
            _digest(link.code),
            stored.model_dump_json(),
            tenant_id=request.tenant,
            expires_at=link.expires_at,
        )
        return link

    def redeem(self, code: str) -> VendorSignIn:
        """Use a link up and return whom it signs in; raise UntrustedToken."""
        payload = self._store.take(_digest(code), self._clock()) if CODE.fullmatch(code) else None
        if payload is None:
            raise UntrustedToken(USED_OR_EXPIRED)
        link = StoredLink.model_validate_json(payload)
        if not self._tenant_exists(link.tenant):
            raise UntrustedToken(USED_OR_EXPIRED)
        # Tenants choose the ids of their people, so the same id of two tenants is not one person.
        issuer = f"link:{link.tenant}"
        claims = person("link", issuer, link.user.id, name=link.user.name, email=link.user.email)
        return vendor_sign_in(link, claims, method="link")

    def _check_tenant(self, tenant_id: str, creator: Identity) -> None:
        is_own = creator.is_operator or tenant_id == creator.tenant_id
        if not is_own or not self._tenant_exists(tenant_id):
            raise UnknownTenant(NO_TENANT)


def person(provider: str, issuer: str, subject: str, *, name: str, email: str) -> Claims:
    """Return the claims about a person; name and e-mail are only shown, and match nobody."""
    return Claims(provider, issuer, subject, name=shown(name), email=shown(email))


def vendor_sign_in(
    entry: Entry, claims: Claims, *, method: str, minutes: int | None = None
) -> VendorSignIn:
    """Return the sign-in of a checked entry."""
    return VendorSignIn(
        claims,
        entry.tenant,
        Role(entry.role),
        method,
        _services(entry),
        entry.page,
        entry.return_url,
        minutes,
    )


def narrowed(
    services: frozenset[str] | None, limit: frozenset[str] | None
) -> frozenset[str] | None:
    """Return the services that two restrictions both allow; None is no restriction."""
    if services is None or limit is None:
        return limit if services is None else services
    return services & limit


def check_entry(
    entry: Entry, kind: str, error: type[Exception], allowed_origins: Collection[str]
) -> None:
    """Raise an error if the page is not ours, or InvalidRedirect for the return URL."""
    if entry.page and own_page(entry.page) != entry.page:
        raise error(f"The {kind} page {SENTENCES['page']}")
    if entry.return_url and not _is_allowed(entry.return_url, allowed_origins):
        raise InvalidRedirect(
            f"The {kind} return_url leads to an origin that is not allowed. Add the origin to "
            "PBF_ALLOWED_ORIGINS."
        )


def read(model: type[Model], body: object, kind: str, error: type[Exception]) -> Model:
    """Return a body as a model, or raise an error with a sentence that names the field."""
    if not isinstance(body, Mapping):
        raise error('Send a JSON object: {"tenant": "...", "user": {"id": "..."}}.')
    try:
        return model.model_validate(body)
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    # The validation error quotes the body, so it is not chained into logs.
    raise error(_sentence(problem["type"], problem["loc"], kind))


def _sentence(problem: str, place: tuple[Any, ...], kind: str) -> str:
    path = [str(part) for part in place if isinstance(part, str)]
    name = next((part for part in reversed(path) if part in SENTENCES), "")
    if problem == "extra_forbidden":
        return f"There is no {kind} {'.'.join(path)[:LONGEST_QUOTE]!r}. Remove it."
    if not name:
        return f"The name of a {kind} is not valid text. Send the {kind}s as documented."
    dotted = f"user.{name}" if path[0] == "user" and name != "user" else name
    return f"The {kind} {dotted} {SENTENCES[name]}"


def _services(entry: Entry) -> frozenset[str] | None:
    return None if entry.services is None else frozenset(entry.services)


def _is_allowed(url: str, allowed_origins: Collection[str]) -> bool:
    if not PRINTABLE.fullmatch(url) or "\\" in url:
        return False
    try:
        return origin(url) in allowed_origins
    except ValueError:
        return False


def _digest(code: str) -> str:
    return sha256(code.encode()).hexdigest()
