"""The policy file: what each of its tenants may see and do."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from pbf.errors import InvalidPolicy
from pbf.identity.policy.colours import DARK, LIGHT, readable_on, text_on
from pbf.identity.policy.logo import read_logo
from pbf.identity.policy.schema import (
    PolicyFileContent,
    PolicySettings,
    Services,
    TenantSettings,
    validate,
)
from pbf.identity.policy.yaml_text import Document, parse
from pbf.rules.naming import NameRule, text_of
from pbf.rules.policy import Accent, Branding, Limits, Mention, Policy, ServiceRule, name_key
from pbf.rules.timing import DAILY

LARGEST_FILE = 1024 * 1024
# Letters and digits that a pattern must leave for the typed name.
ROOM_FOR_NAME = 12
SECTIONS = tuple(PolicySettings.model_fields)

# The paths of what was merged, the most specific last.
Levels = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class PolicyFile:
    """The tenants of a file by their ids: their groups, and what they may see and do."""

    name: str
    groups: Mapping[str, str]
    policies: Mapping[str, Policy]
    # The place of each tenant and of its group.
    places: Mapping[str, str]

    def for_group(self, group_id: str | None) -> Policy:
        """Return the policy of a group, or with None that of the file's only tenant.

        A tenant without a group is meant if it is the only one. Raises InvalidPolicy.
        """
        if len(self.policies) == 1:
            ((tenant_id, policy),) = self.policies.items()
            if group_id is None or self.groups[tenant_id] in ("", group_id):
                return policy
            raise InvalidPolicy(
                f"{self.places[tenant_id]}: The group of {tenant_id} is not FIVETRAN_GROUP_ID. "
                "Make them equal, or leave group out."
            )
        for tenant_id, group in self.groups.items():
            if group_id is not None and group == group_id:
                return self.policies[tenant_id]
        number = f"There are {len(self.policies)} tenants"
        if group_id is None:
            raise InvalidPolicy(f"{self.name}: {number}. With the embedded sandbox, keep one.")
        raise InvalidPolicy(
            f"{self.name}: {number}, and none has FIVETRAN_GROUP_ID as its group. Without sign-in "
            "the dashboard serves one group; give that tenant this group."
        )


def read_policy_file(path: Path) -> PolicyFile:
    """Return the content of a policy file, or raise InvalidPolicy."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        if len(content) > LARGEST_FILE:
            raise InvalidPolicy(f"{path.name} is larger than 1 MiB.")
        text = content.decode("utf-8-sig")
    except (OSError, ValueError):
        raise InvalidPolicy(f"{path.name} cannot be read. Check PBF_POLICY.") from None
    return _Reader(parse(text, path.name), path.parent).read()


class _Reader:
    """Resolves what policies extend and tenants override, and checks what depends on both."""

    def __init__(self, document: Document, folder: Path) -> None:
        self._document = document
        # Tenants that inherit a logo share it.
        self._read_logo = cache(partial(read_logo, folder))
        self._content: PolicyFileContent = validate(document)

    def read(self) -> PolicyFile:
        tenants = self._content.tenants
        for name in self._content.policies:  # also those that no tenant has
            self._inherited(name)
        self._refuse_shared_groups(tenants)
        return PolicyFile(
            name=self._document.file,
            groups={tenant_id: tenant.group for tenant_id, tenant in tenants.items()},
            policies={tenant_id: self._policy(tenant_id) for tenant_id in tenants},
            places={key: self._document.where("tenants", key, "group") for key in tenants},
        )

    def _refuse_shared_groups(self, tenants: Mapping[str, TenantSettings]) -> None:
        owners: dict[str, str] = {}
        for tenant_id, tenant in tenants.items():
            if tenant.group and tenant.group in owners:
                text = f"{owners[tenant.group]} has the same group. Each tenant needs its own."
                raise self._document.error(text, "tenants", tenant_id, "group")
            owners[tenant.group] = tenant_id

    def _policy(self, tenant_id: str) -> Policy:
        tenant = self._content.tenants[tenant_id]
        here = ("tenants", tenant_id)
        settings, levels = self._inherited(tenant.policy, *here, "policy")
        settings, levels = _merged(settings, tenant), (*levels, here)
        merged = PolicySettings.model_validate(settings)
        self._check(merged, levels)
        branding = self._branding(merged, levels)
        named = {"name": tenant.name, **settings, "id": tenant_id}
        logo = branding.logo.digest if branding.logo else ""
        content = json.dumps([named, logo], sort_keys=True).encode()
        return Policy(
            tenant_name=tenant.name or tenant_id,
            services=_service_rule(merged),
            naming=self._name_rule(merged, tenant_id, levels),
            defaults=merged.defaults.model_dump(exclude_unset=True),
            limits=Limits(**merged.limits.model_dump()),
            branding=branding,
            mentions=tuple(self._mentions(merged, levels)),
            digest=hashlib.blake2b(content, digest_size=8).hexdigest(),
        )

    def _inherited(
        self, name: str, *named_at: str, below: tuple[str, ...] = ()
    ) -> tuple[dict[str, Any], Levels]:
        """Return the settings of a policy with all that it extends, and where these were given."""
        if not name:
            return {}, ()
        policy = self._content.policies.get(name)
        if policy is None:
            names = ", ".join(self._content.policies) or "none yet"
            text = f"There is no policy {name!r}. Policies: {names}."
            raise self._document.error(text, *named_at)
        if name in below:
            circle = " > ".join((*below[below.index(name) :], name))
            raise self._document.error(f"These policies extend each other: {circle}.", *named_at)
        here = ("policies", name)
        settings, levels = self._inherited(policy.extends, *here, "extends", below=(*below, name))
        return _merged(settings, policy), (*levels, here)

    def _where(self, levels: Levels, *path: Any) -> str:
        """Return the place of a setting that is in force; empty if none of the levels gives it."""
        for level in reversed(levels):
            if (*level, *path) in self._document.lines:
                return self._document.where(*level, *path)
        return ""

    def _error(self, text: str, levels: Levels, *path: str) -> InvalidPolicy:
        return InvalidPolicy(f"{self._where(levels, *path) or self._document.file}: {text}")

    def _check(self, settings: PolicySettings, levels: Levels) -> None:
        """Refuse defaults that contradict each other or the limits."""
        defaults, fastest = settings.defaults, settings.limits.min_sync_frequency
        if defaults.daily_sync_time and defaults.sync_frequency != DAILY:
            text = f"daily_sync_time needs sync_frequency: {DAILY}."
            raise self._error(text, levels, "defaults", "daily_sync_time")
        chosen = "sync_frequency" in defaults.model_fields_set
        if chosen and fastest and defaults.sync_frequency < fastest:
            text = f"sync_frequency must not be below min_sync_frequency, which is {fastest}."
            raise self._error(text, levels, "defaults", "sync_frequency")

    def _name_rule(self, settings: PolicySettings, tenant_id: str, levels: Levels) -> NameRule:
        naming = settings.naming
        pattern = naming.pattern.replace("{tenant}", tenant_id)
        before, after = (text_of(part) for part in pattern.split("{name}"))
        if len(before + after) > naming.max_length - ROOM_FOR_NAME:
            text = f"The pattern leaves fewer than {ROOM_FOR_NAME} of {naming.max_length} "
            raise self._error(f"{text}characters for the name.", levels, "naming", "pattern")
        return NameRule(before, after, naming.max_length)

    def _branding(self, settings: PolicySettings, levels: Levels) -> Branding:
        branding = settings.branding
        try:
            logo = self._read_logo(branding.logo) if branding.logo else None
        except ValueError as exc:
            raise self._error(str(exc), levels, "branding", "logo") from None
        accent = _accent(branding.accent.lower()) if branding.accent else None
        return Branding(branding.product_name, accent, logo, branding.support)

    def _mentions(self, settings: PolicySettings, levels: Levels) -> Iterator[Mention]:
        """Yield the services, categories and stages that a policy names, with their places."""
        for kind in Services.model_fields:
            for index, name in enumerate(getattr(settings.services, kind)):
                yield Mention(kind, name, self._where(levels, "services", kind, index))


def _merged(settings: dict[str, Any], own: PolicySettings) -> dict[str, Any]:
    """Return settings overridden by others; maps are merged, lists replaced."""
    given = own.model_dump(exclude_unset=True, include=set(SECTIONS))
    return {**settings, **{key: {**settings.get(key, {}), **given[key]} for key in given}}


def _accent(colour: str) -> Accent:
    links = (readable_on(background, colour) for background in (LIGHT, DARK))
    return Accent(colour, text_on(colour), *links)


def _service_rule(settings: PolicySettings) -> ServiceRule:
    services = settings.services
    given = services.model_fields_set
    return ServiceRule(
        categories=frozenset(map(name_key, services.categories)) if "categories" in given else None,
        stages=frozenset(map(name_key, services.stages)) if "stages" in given else None,
        include=frozenset(services.include),
        exclude=frozenset(services.exclude),
    )
