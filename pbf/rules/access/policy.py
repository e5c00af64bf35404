"""What a policy allows one tenant: services, names, defaults of new connectors, limits, branding.

These are plain values. The file that they come from is read in `identity`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pbf.errors import InputError
from pbf.fivetran.models import Connector, Service
from pbf.rules.parsed_schedule import DAILY, every, of_schedule, timing
from pbf.rules.permanent_names import ANY_NAME, NameRule
from pbf.rules.wording import CATEGORIES, STAGES

AVAILABLE = "general_availability"
# The ids of tenants and policies.
ID = r"^[a-z0-9][a-z0-9_-]{0,39}$"
# Minutes between the syncs of a new connector, unless a policy says otherwise.
FIVETRANS_DEFAULT = 360


@dataclass(frozen=True)
class Decision:
    """Whether a service is allowed, and the rule that decides it in words."""

    allowed: bool
    rule: str


@dataclass(frozen=True)
class Mention:
    """A service, category or stage that a list of a policy names, and where in its file."""

    kind: str
    name: str
    where: str


@dataclass(frozen=True)
class ServiceRule:
    """Which services are allowed; None allows every category or stage.

    A service is allowed if `include` names it, or if its category and its stage are both allowed;
    `exclude` overrides both. Categories and stages are those of `name_key`. `only` are the
    services of a session that is for some alone; it allows none that the rest does not.
    """

    categories: frozenset[str] | None = None
    stages: frozenset[str] | None = None
    include: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    def decide(self, service: Service) -> Decision:
        """Return whether a service is allowed, and why."""
        if self.only is not None and service.id not in self.only:
            return Decision(False, "the session is for other services")
        if service.id in self.exclude:
            return Decision(False, "exclude names it")
        if service.id in self.include:
            return Decision(True, "include names it")
        lists = (
            ("categories", self.categories, category_names(service.type)),
            ("stages", self.stages, stage_names(service.service_status)),
        )
        for field_name, listed, names in lists:
            if listed is not None and listed.isdisjoint(map(name_key, names)):
                return Decision(False, f"{field_name} does not list {names[0]}")
        listing = " and ".join(name for name, listed, _ in lists if listed is not None)
        return Decision(True, f"allowed by {listing}" if listing else "all services are allowed")


@dataclass(frozen=True)
class Limits:
    """Limits of a tenant; None is no limit."""

    connectors: int | None = None
    creations: str | None = None
    min_sync_frequency: int | None = None
    invitations: bool = True


@dataclass(frozen=True)
class Logo:
    """An image with its content type, and a digest that changes with it."""

    content: bytes = field(repr=False)
    content_type: str
    digest: str


@dataclass(frozen=True)
class Accent:
    """A colour of buttons, of the text on them, and of links in the light and dark theme."""

    button: str
    text: str
    link: str
    dark_link: str


@dataclass(frozen=True)
class Branding:
    """What the screens show of the vendor; empty values change nothing."""

    product_name: str = ""
    accent: Accent | None = None
    logo: Logo | None = None
    support: str = ""


@dataclass(frozen=True)
class Policy:
    """What one tenant may see and do; `digest` changes with it and is empty without a policy."""

    tenant_name: str = ""
    services: ServiceRule = ServiceRule()
    naming: NameRule = ANY_NAME
    defaults: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = Limits()
    branding: Branding = Branding()
    mentions: tuple[Mention, ...] = ()
    digest: str = ""

    @property
    def new_connector(self) -> dict[str, Any]:
        """The fields to create a connector with, which syncs no more often than is allowed."""
        fastest, chosen = self.limits.min_sync_frequency, self.defaults.get("sync_frequency")
        if chosen or not fastest or fastest <= FIVETRANS_DEFAULT:
            return dict(self.defaults)
        return {**self.defaults, "sync_frequency": fastest}

    def narrowed(self, services: frozenset[str] | None) -> "Policy":
        """Return this policy for some services alone; None changes nothing.

        Nothing becomes allowed by it. The digest is the same for the same services.
        """
        if services is None:
            return self
        only = self.services.only
        kept = services if only is None else services & only
        if kept == only:
            return self
        content = json.dumps([self.digest, sorted(kept)]).encode()
        digest = hashlib.blake2b(content, digest_size=8).hexdigest()
        return replace(self, services=replace(self.services, only=kept), digest=digest)


def no_policy() -> Policy:
    """Return a policy that allows everything."""
    return NO_POLICY


NO_POLICY = Policy()


def refuse_too_often(
    connector: Connector, fields: Mapping[str, Any], *, fastest: int | None
) -> None:
    """Raise InputError if a change makes a connector sync more often than is allowed.

    `fields` are those that are sent to Fivetran for the change.
    """
    if fastest is None or not fields:
        return
    schedule = fields.get("schedule")
    now = of_schedule(schedule) if schedule else timing(_changed(connector, fields))
    if now.kind == "cron":
        raise InputError(
            "The policy limits how often connectors sync, so a cron expression cannot be used. "
            "Choose an interval or a time of day."
        )
    minutes = now.minutes if now.kind == "interval" else DAILY
    if minutes is not None and minutes < fastest:
        raise InputError(
            f"The policy allows a sync {every(fastest).lower()} at most. Choose a longer interval."
        )


def category_names(kind: str) -> tuple[str, ...]:
    """Return a category as the screens and as Fivetran call it."""
    return CATEGORIES.get(kind, kind or "Other"), kind


def stage_names(status: str) -> tuple[str, ...]:
    """Return a stage as Fivetran and as the screens call it."""
    return status or AVAILABLE, STAGES.get(status) or status or AVAILABLE


def name_key(name: str) -> str:
    """Return the form in which the names of categories and stages are compared."""
    return name.casefold().replace(" ", "").replace("_", "")


def _changed(connector: Connector, fields: Mapping[str, Any]) -> Connector:
    """Return a connector with the older fields of its schedule changed."""
    return connector.model_copy(update={**fields, "schedule": None})
