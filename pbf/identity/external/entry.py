"""What a sign-in link and an SSO token have in common: who enters, where, and with which rights."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pbf.errors import InvalidRedirect
from pbf.identity.claims import Claims
from pbf.paths import LONGEST_ID, LONGEST_PAGE, origin, own_page
from pbf.rules.access.permissions import Role
from pbf.visible_text import shown

LONGEST_URL = 2_000
LONGEST_QUOTE = 40
MOST_SERVICES = 1_000
PRINTABLE = re.compile(r"[\x21-\x7e]+")

TenantRole = Literal["viewer", "editor", "admin"]
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


class Entry(BaseModel):
    """Where a person enters, and with which rights."""

    model_config = ConfigDict(strict=True)

    tenant: Id
    role: TenantRole = "viewer"
    services: Annotated[list[Service], Field(min_length=1, max_length=MOST_SERVICES)] | None = None
    page: str = Field(default="", max_length=LONGEST_PAGE)
    return_url: str = Field(default="", max_length=LONGEST_URL)


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


def person(provider: str, issuer: str, subject: str, *, name: str, email: str) -> Claims:
    """Return the claims about a person; name and e-mail are only shown, and match nobody."""
    return Claims(provider, issuer, subject, name=shown(name), email=shown(email))


def vendor_sign_in(entry: Entry, claims: Claims, *, minutes: int | None = None) -> VendorSignIn:
    """Return the sign-in of a checked entry; the way is the provider that the claims name."""
    return VendorSignIn(
        claims,
        entry.tenant,
        Role(entry.role),
        claims.provider,
        services_of(entry),
        entry.page,
        entry.return_url,
        minutes,
    )


def services_of(entry: Entry) -> frozenset[str] | None:
    """Return the services that an entry is restricted to; None without a restriction."""
    return None if entry.services is None else frozenset(entry.services)


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


def _is_allowed(url: str, allowed_origins: Collection[str]) -> bool:
    if not PRINTABLE.fullmatch(url) or "\\" in url:
        return False
    try:
        return origin(url) in allowed_origins
    except ValueError:
        return False
