"""What a policy names that the catalogue does not have, or that is of no use there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pbf.fivetran.models import Service
from pbf.rules.access.policy import Mention, Policy, category_names, name_key, stage_names

WORDS = {"categories": "category", "stages": "release stage"}


@dataclass(frozen=True)
class Finding:
    """One thing to look at: where, a sentence, and whether the policy names what is not there."""

    where: str
    text: str
    is_error: bool = True

    def __str__(self) -> str:
        """Return the line as it is printed and logged."""
        return f"{self.where}: {self.text}" if self.where else self.text


def unknown_names(policy: Policy, services: Sequence[Service]) -> Iterator[Finding]:
    """Yield the services, categories and stages that a policy names and the catalogue lacks."""
    ids = {service.id for service in services}
    named = {
        "categories": _names(category_names(service.type) for service in services),
        "stages": _names(stage_names(service.service_status) for service in services),
    }
    for mention in policy.mentions:
        if mention.kind in named:
            names = named[mention.kind]
            if name_key(mention.name) not in names:
                what = f"There is no {WORDS[mention.kind]} {mention.name!r}."
                yield Finding(mention.where, f"{what} {_choice(list(names.values()))}")
        elif mention.name not in ids:
            text = f"There is no service {mention.name!r}. It may have been renamed or removed."
            yield Finding(mention.where, text + _nearest(mention.name, ids))


def warnings(policy: Policy, services: Sequence[Service]) -> Iterator[Finding]:
    """Yield the services that a policy includes by name although nobody should begin with them."""
    by_id = {service.id: service for service in services}
    for mention in policy.mentions:
        service = by_id.get(mention.name)
        if mention.kind == "include" and service:
            yield from _warnings(mention, service)


def _warnings(mention: Mention, service: Service) -> Iterator[Finding]:
    if not service.is_creatable:
        text = f"{service.title} is shown, but Fivetran's API cannot create it."
        yield Finding(mention.where, text, is_error=False)
    if service.service_status == "sunset":
        text = f"{service.title} is in its sunset stage: Fivetran will remove it."
        yield Finding(mention.where, text, is_error=False)


def _names(pairs: Iterator[tuple[str, ...]]) -> dict[str, str]:
    """Return the first of each group of names by every key that stands for it."""
    return {name_key(name): names[0] for names in pairs for name in names}


def _choice(names: list[str]) -> str:
    return f"Use one of {', '.join(sorted(set(names)))}."


def _nearest(name: str, ids: set[str]) -> str:
    nearest = get_close_matches(name, sorted(ids), n=1, cutoff=0.75)
    return f" Did you mean {nearest[0]}?" if nearest else ""
