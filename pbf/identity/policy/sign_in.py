"""The identity providers and access rules of a policy file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pbf.identity.access_rules import AccessRule
from pbf.identity.oidc.providers import is_shared_issuer
from pbf.identity.policy.schema import AccessEntry, PolicyFileContent, ProviderEntry
from pbf.identity.policy.yaml_text import Document
from pbf.rules.access.permissions import Role

# The ids of what signs people in by settings alone: PBF_OIDC_... and PBF_PROXY_...
SETTINGS_PROVIDERS = ("oidc", "proxy")


@dataclass(frozen=True)
class ProviderSettings:
    """An identity provider of a policy file; its secret comes from the environment.

    `trust_email` lets its e-mail addresses count as verified. `trusted_tids` are the Entra tenants
    whose people may sign in; empty for no such limit.
    """

    id: str
    issuer: str
    client_id: str
    secret_env: str
    client_secret: str = field(repr=False)
    name: str
    trust_email: bool = False
    trusted_tids: tuple[str, ...] = ()


def read_providers(
    document: Document, content: PolicyFileContent, environ: Mapping[str, str] | None
) -> tuple[ProviderSettings, ...]:
    """Return the providers of a file, or raise InvalidPolicy.

    With None as environment, their secrets stay empty.
    """
    ids: set[str] = set(SETTINGS_PROVIDERS)
    for index, entry in enumerate(content.providers):
        here = ("providers", index)
        if entry.id in SETTINGS_PROVIDERS:
            text = f"The id {entry.id} stands for the provider of the settings. Use another."
            raise document.error(text, *here, "id")
        if entry.id in ids:
            text = f"There are two providers with the id {entry.id}. Each needs its own."
            raise document.error(text, *here, "id")
        if is_shared_issuer(entry.issuer) and not entry.trusted_tids:
            text = "People of any organization could sign in. Name the issuer of one, or list "
            raise document.error(f"{text}trusted_tids.", *here, "issuer")
        if environ is not None and not environ.get(entry.secret_env):
            text = f"The environment variable {entry.secret_env} is not set. Put the client "
            raise document.error(f"{text}secret of {entry.id} into it.", *here, "secret_env")
        ids.add(entry.id)
    return tuple(_settings(entry, environ or {}) for entry in content.providers)


def read_access(document: Document, content: PolicyFileContent) -> Iterator[AccessRule]:
    """Yield the access rules of a file, or raise InvalidPolicy."""
    trusted = {entry.id: entry.trust_email for entry in content.providers}
    known = {**dict.fromkeys(SETTINGS_PROVIDERS, False), **trusted}
    for index, entry in enumerate(content.access):
        here = ("access", index)
        if entry.provider not in known:
            text = f"There is no provider {entry.provider!r}. Providers: {', '.join(known)}."
            raise document.error(text, *here, "provider")
        if entry.tenant not in content.tenants:
            text = f"There is no tenant {entry.tenant!r} in this file."
            raise document.error(text, *here, "tenant")
        if (entry.equals is None) == (entry.contains is None):
            raise document.error("A rule needs either equals or contains.", *here)
        yield _rule(entry, trust_email=known[entry.provider])


def _settings(entry: ProviderEntry, environ: Mapping[str, str]) -> ProviderSettings:
    return ProviderSettings(
        id=entry.id,
        issuer=entry.issuer,
        client_id=entry.client_id,
        secret_env=entry.secret_env,
        client_secret=environ.get(entry.secret_env, ""),
        name=entry.name,
        trust_email=entry.trust_email,
        trusted_tids=tuple(entry.trusted_tids),
    )


def _rule(entry: AccessEntry, *, trust_email: bool) -> AccessRule:
    return AccessRule(
        provider=entry.provider,
        claim=entry.claim,
        tenant=entry.tenant,
        role=Role(entry.role),
        equals=entry.equals,
        contains=entry.contains,
        trust_email=trust_email,
    )
