"""Policies with all that they extend, and what they become for a tenant."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from pbf.errors import InvalidPolicy
from pbf.identity.policy.colours import DARK, LIGHT, readable_on, text_on
from pbf.identity.policy.logo import read_logo
from pbf.identity.policy.schema import PolicyFileContent, PolicySettings, Services
from pbf.identity.policy.yaml_text import Document
from pbf.rules.access.policy import Accent, Branding, Limits, Mention, Policy, ServiceRule, name_key
from pbf.rules.parsed_schedule import DAILY
from pbf.rules.permanent_names import NameRule, text_of

# Letters and digits that a pattern must leave for the typed name.
ROOM_FOR_NAME = 12
LONGEST_CHAIN = 20
SECTIONS = tuple(PolicySettings.model_fields)

# The paths of what was merged, the most specific last.
Levels = tuple[tuple[str, ...], ...]
Part = TypeVar("Part")


@dataclass(frozen=True)
class ResolvedPolicy:
    """A policy with all that it extends, before it is given to a tenant.

    `pattern_at` is the place of its naming pattern, `content` all that decides the digest.
    """

    services: ServiceRule
    pattern: str
    pattern_at: str
    max_length: int
    defaults: Mapping[str, Any]
    limits: Limits
    branding: Branding
    mentions: tuple[Mention, ...]
    content: str

    def for_tenant(self, tenant_id: str, name: str) -> Policy:
        """Return the policy of a tenant.

        Raises InvalidPolicy if the id leaves no room for names in the naming pattern.
        """
        content = json.dumps([self.content, tenant_id, name]).encode()
        return Policy(
            tenant_name=name or tenant_id,
            services=self.services,
            naming=self._name_rule(tenant_id),
            defaults=self.defaults,
            limits=self.limits,
            branding=self.branding,
            mentions=self.mentions,
            digest=hashlib.blake2b(content, digest_size=8).hexdigest(),
        )

    def _name_rule(self, tenant_id: str) -> NameRule:
        pattern = self.pattern.replace("{tenant}", tenant_id)
        before, after = (text_of(part) for part in pattern.split("{name}"))
        if len(before + after) > self.max_length - ROOM_FOR_NAME:
            text = f"The pattern leaves fewer than {ROOM_FOR_NAME} of {self.max_length} "
            raise InvalidPolicy(f"{self.pattern_at}: {text}characters for the name.")
        return NameRule(before, after, self.max_length)


class Resolver:
    """Resolves what policies extend and tenants override, and checks what depends on both.

    Equal parts of policies are one object, so that a thousand tenants need little memory.
    """

    def __init__(self, document: Document, content: PolicyFileContent, folder: Path) -> None:
        """Resolve the policies of a document, with the logos in a folder."""
        self._document = document
        self._content = content
        self._read_logo = cache(partial(read_logo, folder))
        self._chains: dict[str, tuple[dict[str, Any], Levels]] = {}
        self._resolved: dict[str, ResolvedPolicy] = {}
        self._parts: dict[Any, Any] = {}

    def named(self) -> dict[str, ResolvedPolicy | str]:
        """Return each policy of the file, or why no tenant can have it as it is.

        A policy that others extend need not be complete. Raises InvalidPolicy if policies extend
        each other, or one that does not exist.
        """
        policies: dict[str, ResolvedPolicy | str] = {}
        for name in self._content.policies:
            self._inherited(name)
            try:
                policies[name] = self._policy(name)
            except InvalidPolicy as error:
                policies[name] = str(error)
        return policies

    def for_tenant(self, tenant_id: str) -> Policy:
        """Return the policy of a tenant of the file, or raise InvalidPolicy."""
        tenant = self._content.tenants[tenant_id]
        here = ("tenants", tenant_id)
        if tenant.model_fields_set.isdisjoint(SECTIONS):
            policy = self._policy(tenant.policy, *here, "policy")
        else:
            settings, levels = self._inherited(tenant.policy, *here, "policy")
            policy = self._resolve(_merged(settings, tenant), (*levels, here))
        return policy.for_tenant(tenant_id, tenant.name)

    def _policy(self, name: str, *named_at: str) -> ResolvedPolicy:
        """Return a policy of the file, or one that allows everything for an empty name."""
        if name not in self._resolved:
            self._resolved[name] = self._resolve(*self._inherited(name, *named_at))
        return self._resolved[name]

    def _resolve(self, settings: dict[str, Any], levels: Levels) -> ResolvedPolicy:
        merged = PolicySettings.model_validate(settings)
        self._check(merged, levels)
        branding = self._branding(merged, levels)
        defaults = merged.defaults.model_dump(exclude_unset=True)
        logo = branding.logo.digest if branding.logo else ""
        return ResolvedPolicy(
            services=self._shared(_service_rule(merged)),
            pattern=merged.naming.pattern,
            pattern_at=self._where(levels, "naming", "pattern") or self._document.file,
            max_length=merged.naming.max_length,
            defaults=self._parts.setdefault(("defaults", *sorted(defaults.items())), defaults),
            limits=self._shared(Limits(**merged.limits.model_dump())),
            branding=self._shared(branding),
            mentions=self._shared(tuple(self._mentions(merged, levels))),
            content=json.dumps([settings, logo], sort_keys=True),
        )

    def _shared(self, part: Part) -> Part:
        """Return an equal part that another policy has already, or this one."""
        shared: Part = self._parts.setdefault((type(part), part), part)
        return shared

    def _inherited(
        self, name: str, *named_at: str, below: tuple[str, ...] = ()
    ) -> tuple[dict[str, Any], Levels]:
        """Return the settings of a policy with all that it extends, and where these were given."""
        if not name:
            return {}, ()
        if name in self._chains:
            return self._chains[name]
        policy = self._content.policies.get(name)
        if policy is None:
            names = ", ".join(self._content.policies) or "none yet"
            text = f"There is no policy {name!r}. Policies: {names}."
            raise self._document.error(text, *named_at)
        if name in below:
            circle = " > ".join((*below[below.index(name) :], name))
            raise self._document.error(f"These policies extend each other: {circle}.", *named_at)
        here = ("policies", name)
        too_long = f"More than {LONGEST_CHAIN} policies extend one another. Use fewer."
        if len(below) == LONGEST_CHAIN:  # also keeps the recursion short
            raise self._document.error(too_long, *here)
        settings, levels = self._inherited(policy.extends, *here, "extends", below=(*below, name))
        if len(levels) == LONGEST_CHAIN:
            raise self._document.error(too_long, *here)
        self._chains[name] = _merged(settings, policy), (*levels, here)
        return self._chains[name]

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
