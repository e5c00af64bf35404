"""The checks of sign-in: providers, keys, secrets, cookies, tenants and operators."""

from collections.abc import Iterator

from pbf.commands.results import Result, shortened
from pbf.config import Settings
from pbf.errors import Forbidden, NotFound, PbfError, ProviderUnavailable
from pbf.identity.external.keys import KeySet
from pbf.identity.oidc.discovery import Discovery
from pbf.identity.oidc.providers import Provider
from pbf.runtime import Runtime

# A request to Fivetran for each.
GROUPS_CHECKED = 100
NAMES_SHOWN = 10
# A key id that no key has: looking for it reads the keys.
NO_KEY = "-"


def sign_in_results(runtime: Runtime) -> Iterator[Result]:
    """Yield a result for each part of sign-in; a single one if it is off."""
    settings = runtime.settings
    methods = settings.sign_in.methods
    if not methods:
        where = "the sandbox needs none" if settings.sandbox else "only this machine is served"
        yield Result("sign-in", True, f"off; {where}")
        return
    hours, minutes = settings.sign_in.session_hours, settings.sign_in.session_idle_minutes
    text = f"{', '.join(methods)}; sessions end after {hours:g} hours, or {minutes:g} minutes"
    yield Result("sign-in", True, f"{text} without a click")
    yield _cookies(settings)
    if "oidc" in methods:
        yield from _providers(runtime)
    if "jwt" in methods:
        yield _sso_keys(settings)
    if "proxy" in methods:
        yield _proxy(settings)
    yield _policy(runtime)
    yield _groups(runtime)
    yield _operators(settings)


def _cookies(settings: Settings) -> Result:
    if (settings.public_url or "").startswith("https:"):
        return Result("cookies", True, "__Host-pbf: https and this host alone")
    text = "pbf, without https; only a browser on this machine can sign in"
    return Result("cookies", True, text, warning=True)


def _providers(runtime: Runtime) -> Iterator[Result]:
    oidc = runtime.identity.oidc
    if not oidc.providers:
        text = "none; set PBF_OIDC_ISSUER and PBF_OIDC_CLIENT_ID, or name providers in PBF_POLICY"
        yield Result("provider", False, text)
    for provider in oidc.providers.values():
        yield _provider(provider, oidc.redirect_uri(provider.id))


def _provider(provider: Provider, redirect_uri: str) -> Result:
    discovery = Discovery(provider)
    try:
        discovery.metadata()
        discovery.keys()
    except ProviderUnavailable:
        text = f"{provider.id}: {provider.issuer} publishes no usable discovery document with "
        text += "exactly this issuer, or no keys. The line above says more."
        return Result("provider", False, text)
    text = f"{provider.id}: {provider.issuer}, keys readable; register {redirect_uri} there"
    if provider.client_secret:
        return Result("provider", True, text)
    return Result("provider", True, f"{text}; it has no client secret", warning=True)


def _sso_keys(settings: Settings) -> Result:
    source = settings.sign_in.jwt_keys
    if not source:
        return Result("SSO keys", True, "none; sign-in links are accepted, SSO tokens are not")
    try:
        KeySet(source).key_for(NO_KEY)
    except ProviderUnavailable:
        text = f"{source} is no readable JWKS. The line above says more. Check PBF_JWT_KEYS."
        return Result("SSO keys", False, text)
    except PbfError as error:
        return Result("SSO keys", False, f"{error} Check PBF_JWT_KEYS.")
    return Result("SSO keys", True, f"readable, for tokens of {settings.sign_in.jwt_issuer}")


def _proxy(settings: Settings) -> Result:
    own = settings.sign_in
    proof = "a signature" if own.proxy_audience else "X-Proxy-Secret"
    return Result("proxy", True, f"{own.proxy_preset}, which proves itself by {proof}")


def _policy(runtime: Runtime) -> Result:
    tenants = runtime.identity.tenants
    if tenants.problem:
        return Result("policy", False, tenants.problem)
    count = len(tenants.all())
    source = runtime.settings.policy or "the settings; PBF_POLICY is not set"
    return Result("policy", True, f"{count:,} tenant{'s'[: count != 1]}, from {source}")


def _groups(runtime: Runtime) -> Result:
    entries = runtime.identity.tenants.all()
    invisible = []
    try:
        for entry in entries[:GROUPS_CHECKED]:
            try:
                runtime.client.get_group(entry.group_id)
            except (NotFound, Forbidden):
                invisible.append(f"{entry.group_id} of {entry.id}")
    except PbfError as error:
        return Result("groups", False, str(error))
    if invisible:
        text = f"the API key does not see {shortened(invisible, NAMES_SHOWN)}"
        return Result("groups", False, text)
    unchecked = len(entries) - GROUPS_CHECKED
    text = f"; {unchecked:,} more were not checked" if unchecked > 0 else ""
    return Result("groups", True, f"the API key sees the group of each tenant{text}")


def _operators(settings: Settings) -> Result:
    operators, methods = settings.sign_in.operators, settings.sign_in.methods
    if not operators:
        text = "PBF_OPERATORS is not set, so nobody sees all tenants on the screens"
        return Result("operators", True, text, warning=True)
    if methods == ("jwt",):
        text = "PBF_OPERATORS counts for oidc and proxy only; nobody can sign in as an operator"
        return Result("operators", True, text, warning=True)
    return Result("operators", True, f"{len(operators)} in PBF_OPERATORS")
