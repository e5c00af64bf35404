"""The keys of a policy file and what each may contain."""

import re
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pbf.errors import InvalidPolicy
from pbf.identity.policy.yaml_text import Document, Path
from pbf.paths import is_loopback
from pbf.rules.access.policy import FIVETRANS_DEFAULT, ID
from pbf.rules.permanent_names import MAX_LENGTH
from pbf.rules.schedule import FREQUENCIES
from pbf.visible_text import is_one_line

Sensitivity = Literal["LOW", "NORMAL", "HIGH", "SYNC_FREQUENCY"]
SHORTEST_MAX_LENGTH = 20
MOST_CONNECTORS = 1_000_000
LONGEST_NAME = 60
SUPPORT = re.compile(r"(mailto:[^\s@?]+@[^\s@?]+|https://[^\s/]+\S*)", re.ASCII)
# Without an underscore: it is part of addresses at the provider.
PROVIDER_ID = r"^[a-z0-9][a-z0-9-]{0,39}$"

MINUTES = f"one of {', '.join(map(str, FREQUENCIES))} (minutes)"
# What each key must be. Keys of the same name mean the same everywhere.
HINTS = {
    "version": "1",
    "policies": "a map from the names of policies to their settings",
    "tenants": "a map from the ids of tenants to their settings",
    "providers": "a list of identity providers, each a map of settings",
    "access": "a list of rules, each a map with provider, claim, equals or contains, tenant "
    "and role",
    "id": "an id of at most 40 small letters, digits and hyphens",
    "issuer": "the provider's https:// address, without ? and # (http:// on this machine only)",
    "client_id": "the id that the provider gave this dashboard, in quotes if it is a number",
    "secret_env": "the name of the environment variable that holds the client secret",
    "trust_email": "true or false",
    "trusted_tids": "a list of ids of Entra tenants",
    "provider": "the id of a provider",
    "claim": "the name of a claim, such as groups, email or email_domain",
    "equals": "the text that the claim must be, in quotes if it is a number",
    "contains": "a text that the claim must list, in quotes if it is a number",
    "tenant": "the id of a tenant",
    "role": "viewer, editor or admin",
    "extends": "the name of another policy",
    "policy": "the name of a policy",
    "name": f"one line of at most {LONGEST_NAME} visible characters",
    "group": "the id of a Fivetran group, in quotes if it is a number",
    "services": "a map with categories, stages, include and exclude",
    "categories": "a list of categories, such as [Marketing, Sales]",
    "stages": "a list of release stages, such as [general_availability, beta]",
    "include": "a list of ids of services, such as [google_sheets, postgres]",
    "exclude": "a list of ids of services, such as [facebook_ads]",
    "naming": "a map with pattern and max_length",
    "pattern": "letters, digits and underscores around {name}, such as "
    '"{tenant}_{name}", in quotes',
    "max_length": f"a whole number from {SHORTEST_MAX_LENGTH} to {MAX_LENGTH}",
    "defaults": "a map with sync_frequency, daily_sync_time, paused and data_delay_sensitivity",
    "sync_frequency": MINUTES,
    "daily_sync_time": 'a full hour in UTC, such as "06:00"',
    "paused": "true or false",
    "data_delay_sensitivity": f"one of {', '.join(get_args(Sensitivity))}",
    "limits": "a map with connectors, creations, min_sync_frequency and invitations",
    "connectors": f"a whole number from 0 to {MOST_CONNECTORS:,}",
    "creations": "a limit such as 20 per hour, with second, minute, hour or day",
    "min_sync_frequency": MINUTES,
    "invitations": "true or false",
    "branding": "a map with product_name, accent, logo and support",
    "product_name": f"one line of at most {LONGEST_NAME} visible characters",
    "accent": 'a colour such as "#0b6e4f", in quotes',
    "logo": "the name of an SVG, PNG, JPEG or WebP file in the folder of this file",
    "support": "an address that starts with mailto: or https://",
}


def _frequency(minutes: int) -> int:
    if minutes not in FREQUENCIES:
        raise ValueError
    return minutes


def _line(text: str) -> str:
    if not text.strip() or not is_one_line(text):
        raise ValueError
    return text.strip()


def _support(text: str) -> str:
    if not SUPPORT.fullmatch(text) or not text.isprintable():
        raise ValueError
    return text


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    local = parts.scheme == "http" and is_loopback(parts.hostname or "")
    plain = text.isascii() and text.isprintable() and not set(text) & set("?#@\\ ")
    if not (plain and parts.hostname and (parts.scheme == "https" or local)):
        raise ValueError
    return text


Id = Annotated[str, Field(pattern=ID)]
Line = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_line)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Names = list[Text]
Frequency = Annotated[int, AfterValidator(_frequency)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Services(_Section):
    """Which services are allowed."""

    categories: Names = []
    stages: Names = []
    include: Names = []
    exclude: Names = []


class Naming(_Section):
    """How permanent names are made."""

    pattern: Annotated[
        str, Field(pattern=r"^([A-Za-z0-9_]|\{tenant\})*\{name\}([A-Za-z0-9_]|\{tenant\})*$")
    ] = "{name}"
    max_length: Annotated[int, Field(ge=SHORTEST_MAX_LENGTH, le=MAX_LENGTH)] = MAX_LENGTH


class Defaults(_Section):
    """What new connectors begin with."""

    sync_frequency: Frequency = FIVETRANS_DEFAULT
    daily_sync_time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):00$")] = ""
    paused: bool = False
    data_delay_sensitivity: Sensitivity = "NORMAL"


class Limits(_Section):
    """How much a tenant may have and do."""

    connectors: Annotated[int, Field(ge=0, le=MOST_CONNECTORS)] | None = None
    creations: (
        Annotated[str, Field(pattern=r"^[1-9]\d{0,6} per (second|minute|hour|day)$")] | None
    ) = None
    min_sync_frequency: Frequency | None = None
    invitations: bool = True


class Branding(_Section):
    """What the screens show of the vendor."""

    product_name: Line = ""
    accent: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = ""
    logo: Annotated[str, Field(pattern=r"^[\w-][\w .-]{0,99}$")] = ""
    support: Annotated[str, Field(max_length=200), AfterValidator(_support)] = ""


class PolicySettings(_Section):
    """The settings of a policy, also those that one tenant overrides."""

    services: Services = Services()
    naming: Naming = Naming()
    defaults: Defaults = Defaults()
    limits: Limits = Limits()
    branding: Branding = Branding()


class NamedPolicy(PolicySettings):
    """A policy that tenants refer to by its name."""

    extends: str = ""


class TenantSettings(PolicySettings):
    """One tenant: its group, its policy, and what it overrides."""

    name: Line = ""
    group: Annotated[str, Field(min_length=1, max_length=200)] = ""
    policy: str = ""


class ProviderEntry(_Section):
    """An identity provider with which people sign in."""

    id: Annotated[str, Field(pattern=PROVIDER_ID)]
    issuer: Annotated[str, Field(max_length=300), AfterValidator(_issuer)]
    client_id: Text
    secret_env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
    name: Line = ""
    trust_email: bool = False
    trusted_tids: Names = []


class AccessEntry(_Section):
    """A rule that makes people members of a tenant when they sign in."""

    provider: Text
    claim: Text
    equals: Text | None = None
    contains: Text | None = None
    tenant: Text
    role: Literal["viewer", "editor", "admin"]


class PolicyFileContent(_Section):
    """A whole policy file."""

    version: Literal[1]
    providers: list[ProviderEntry] = []
    policies: dict[Id, NamedPolicy] = {}
    tenants: Annotated[dict[Id, TenantSettings], Field(min_length=1)]
    access: list[AccessEntry] = []


# What the entries of each map and list consist of.
ENTRIES: dict[Any, type[_Section]] = {
    "providers": ProviderEntry,
    "policies": NamedPolicy,
    "tenants": TenantSettings,
    "access": AccessEntry,
}


def validate(document: Document) -> PolicyFileContent:
    """Return the content of a policy file, or raise InvalidPolicy with the line."""
    if not isinstance(document.content, dict):
        raise document.error("A policy file begins with version: 1 and names tenants.")
    try:
        return PolicyFileContent.model_validate(document.content)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
    raise _sentence(document, error["type"], error["loc"])


def _sentence(document: Document, kind: str, path: Path) -> InvalidPolicy:
    """Return the error for the first mistake that was found."""
    if path and path[-1] == "[key]":
        text = "An id starts with a small letter or digit; - and _ may follow. It has 40 at most."
        return document.error(text, *path[:-1])
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        keys = ", ".join(_keys(path[:-1]))
        return document.error(f"There is no key {key[:60]!r} here. Use {keys}.", *path)
    if kind == "missing":
        return document.error(f"{key} is missing. It must be {HINTS[key]}.", *path)
    named = key if key in HINTS else "This"
    must = HINTS.get(key, "a map of settings")
    return document.error(f"{named} must be {must}.", *path)


def _keys(path: Path) -> list[str]:
    """Return the keys that a map may have; the second part of a path is an id or a number."""
    model: Any = ENTRIES[path[0]] if path else PolicyFileContent
    for key in path[2:]:
        model = model.model_fields[key].annotation
    return list(model.model_fields)
