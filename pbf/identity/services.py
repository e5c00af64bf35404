"""Everything that knows people, built from the settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pbf.config import Settings
from pbf.identity.administration.administration import Administration, administration_of
from pbf.identity.api_tokens import ApiTokens
from pbf.identity.authentication import Authentication
from pbf.identity.claims import is_other_person
from pbf.identity.memberships import Members
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.identity.sign_in import SignInService
from pbf.identity.tenants import DEMO_POLICY, SettingsTenant, Tenants
from pbf.rules.access.permissions import Role
from pbf.rules.access.policy import Branding
from pbf.store.store import Store

if TYPE_CHECKING:
    from pbf.identity.demo.people import Demo
    from pbf.identity.external.proxies import TrustedProxy
    from pbf.identity.external.sign_in_links import SignInLinks
    from pbf.identity.external.sso import SsoTokens
    from pbf.identity.oidc.flow import Oidc
    from pbf.identity.policy.sign_in import ProviderSettings

# The providers of the settings, as access rules name them.
OIDC, PROXY = "oidc", "proxy"
DEMO_TENANT = "acme"


@dataclass(frozen=True)
class IdentityServices:
    """Tenants, members, sessions and tokens, and the ways to sign in.

    What only some ways need is built when it is first used, since its libraries load slowly.
    """

    settings: Settings
    store: Store
    tenants: Tenants
    sessions: Sessions
    members: Members
    tokens: ApiTokens
    sign_in: SignInService
    authentication: Authentication
    administration: Administration
    signing_keys: Sequence[str]
    # The proxy that signs people in, if there is one.
    proxy: "TrustedProxy | None" = None

    @property
    def is_demo(self) -> bool:
        """Whether visitors may look at the sandbox as different people."""
        return self.settings.is_demo

    @cached_property
    def demo(self) -> "Demo | None":
        """The people as whom visitors may look at the sandbox; None outside the demo."""
        if not self.is_demo:
            return None
        from pbf.identity.demo.people import Demo

        return Demo(self.tenants, self.members, self.sessions)

    @property
    def oidc(self) -> "Oidc":
        """Sign-in with the providers of the settings and of the policy file as it is now."""
        return self._oidc(self.tenants.providers)

    @cached_property
    def _oidc(self) -> "_OidcOf":
        return _OidcOf(self.settings, self.signing_keys)

    @cached_property
    def links(self) -> "SignInLinks":
        """Sign-in links, which the vendor's application creates with an API token."""
        from pbf.identity.external.sign_in_links import SignInLinks

        return SignInLinks(self.store.sign_in_links, tenant_exists=self.has_tenant)

    @cached_property
    def sso(self) -> "SsoTokens | None":
        """SSO tokens of the vendor's application, if they are accepted."""
        from pbf.identity.external.keys import KeySet
        from pbf.identity.external.sso import SsoTokens

        settings = self.settings.sign_in
        if "jwt" not in settings.methods or not settings.jwt_issuer:
            return None
        return SsoTokens(
            issuer=settings.jwt_issuer,
            audience=self.settings.public_url or "",
            keys=KeySet(settings.jwt_keys),
            use_once=self.store.use_token,
            tenant_exists=self.has_tenant,
            allowed_origins=self.settings.allowed_origins,
            session_hours=settings.session_hours,
        )

    def branding(self, tenant_id: str = "") -> Branding:
        """Return the branding of a tenant; of the only one if none is named."""
        tenants = self.tenants.all()
        entry = self.tenants.get(tenant_id) or (tenants[0] if len(tenants) == 1 else None)
        return entry.policy.branding if entry else Branding(self.settings.product_name)

    def has_tenant(self, tenant_id: str) -> bool:
        """Return whether there is a tenant of an id."""
        return self.tenants.get(tenant_id) is not None


class _OidcOf:
    """Sign-in with OpenID Connect, made anew when the policy file's providers change."""

    def __init__(self, settings: Settings, signing_keys: Sequence[str]) -> None:
        self._settings = settings
        self._signing_keys = signing_keys
        self._of = lru_cache(maxsize=1)(self._build)

    def __call__(self, providers: "tuple[ProviderSettings, ...]") -> "Oidc":
        return self._of(providers)

    def _build(self, providers: "tuple[ProviderSettings, ...]") -> "Oidc":
        from pbf.identity.oidc.flow import Oidc
        from pbf.identity.oidc.providers import Provider
        from pbf.identity.oidc.signed_state import StateSigner

        own = self._settings.sign_in
        all_providers = []
        if own.oidc_issuer:
            secret, name = own.oidc_client_secret, own.oidc_name
            all_providers = [Provider(OIDC, own.oidc_issuer, own.oidc_client_id, secret, name)]
        for provider in providers:
            all_providers.append(
                Provider(
                    provider.id,
                    provider.issuer,
                    provider.client_id,
                    provider.client_secret,
                    provider.name,
                    provider.trust_email,
                    provider.trusted_tids,
                )
            )
        return Oidc(
            all_providers if "oidc" in own.methods else [],
            public_url=self._settings.public_url or "",
            signer=StateSigner(*self._signing_keys),
        )


def build(
    settings: Settings,
    store: Store,
    *,
    group_id: str,
    signing_keys: Sequence[str],
    environ: Mapping[str, str],
    check_group: Callable[[str], object],
    demo_groups: Mapping[str, str] | None = None,
) -> IdentityServices:
    """Build the services; `group_id` is that of the settings' own tenant.

    `environ` holds the secrets of the policy file's providers, `demo_groups` the groups of the
    demo's tenants. `check_group` raises NotFound for a group that Fivetran does not show. Raises
    InvalidPolicy or StoreFailed.
    """
    sign_in = settings.sign_in
    tenants = _tenants(settings, store, group_id, environ, demo_groups)
    hours, minutes = sign_in.session_hours, sign_in.session_idle_minutes
    sessions = Sessions(store, hours=hours, idle_minutes=minutes)
    members = Members(store, sessions)
    tokens = ApiTokens(store.api_tokens)
    proxy = _proxy(settings)
    service = SignInService(
        store,
        tenants,
        sessions,
        members,
        operators=sign_in.operators,
        operators_from=_operators_from(settings, tenants),
    )
    return IdentityServices(
        settings,
        store,
        tenants,
        sessions,
        members,
        tokens,
        service,
        Authentication(
            sessions,
            tokens,
            default=_default(settings, tenants),
            is_other=_proxy_check(proxy, sessions),
        ),
        administration_of(
            store,
            tenants,
            members,
            sessions,
            tokens,
            is_on=settings.has_people,
            check_group=check_group,
        ),
        signing_keys,
        proxy,
    )


def _tenants(
    settings: Settings,
    store: Store,
    group_id: str,
    environ: Mapping[str, str],
    demo_groups: Mapping[str, str] | None,
) -> Tenants:
    if settings.is_demo:
        path: Path | None = DEMO_POLICY
    else:
        path = Path(settings.policy) if settings.policy else None
    return Tenants(
        path,
        SettingsTenant(group_id, settings.product_name, is_only=settings.sandbox),
        sign_in=settings.has_people,
        groups=demo_groups,
        added=store.tenants.active,
        environ=environ,
    )


def _proxy(settings: Settings) -> "TrustedProxy | None":
    if "proxy" not in settings.sign_in.methods:
        return None
    from pbf.identity.external.proxies import trusted_proxy

    own = settings.sign_in
    return trusted_proxy(own.proxy_preset, secret=own.proxy_secret, audience=own.proxy_audience)


def _proxy_check(
    proxy: "TrustedProxy | None", sessions: Sessions
) -> Callable[[Identity, Mapping[str, str]], bool]:
    """Return what tells whether the proxy's headers name another person than an identity's."""

    def names_another(identity: Identity, headers: Mapping[str, str]) -> bool:
        claims = proxy.claims(headers) if proxy else None
        if claims is None:
            return False
        person = sessions.person_of(identity.session_id)
        return person is None or is_other_person(claims, issuer=person[0], subject=person[1])

    return names_another


def _default(settings: Settings, tenants: Tenants) -> Identity | None:
    """Return the identity of everybody while sign-in is off."""
    if settings.sign_in.methods:
        return None
    tenant = DEMO_TENANT if settings.is_demo else tenants.all()[0].id
    return Identity("", tenant, Role.ADMIN)


def _operators_from(settings: Settings, tenants: Tenants) -> str:
    """Return the provider whose verified e-mail addresses name operators."""
    if settings.sign_in.oidc_issuer:
        return OIDC
    first = next((provider.id for provider in tenants.providers), "")
    return first if "oidc" in settings.sign_in.methods and first else PROXY
