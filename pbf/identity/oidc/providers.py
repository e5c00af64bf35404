"""The OpenID Connect providers with which people sign in, as settings and policy file name them."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pbf.errors import ConfigurationError
from pbf.paths import is_loopback

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
# Entra's endpoints for accounts of several of its tenants; each signs with an issuer of its own.
SHARED_TENANTS = ("common", "organizations")
TENANT_PLACEHOLDER = "{tenantid}"


@dataclass(frozen=True)
class Provider:
    """One provider; its `id` is part of the callback's address.

    `trust_email` accepts e-mail addresses that the provider does not mark as verified.
    `trusted_tids` are the Entra tenants that may sign in through an issuer that several share.
    Raises ConfigurationError if a value is invalid.
    """

    id: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    name: str = ""
    trust_email: bool = False
    trusted_tids: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    groups_claim: str = "groups"

    def __post_init__(self) -> None:
        """Check what would make every sign-in fail, or make it unsafe."""
        if not ID.fullmatch(self.id):
            raise ConfigurationError(
                "The id of a sign-in provider may have lower-case letters, digits and hyphens, "
                "40 at most."
            )
        if not self.client_id:
            raise ConfigurationError(f"The sign-in provider {self.id} has no client id.")
        if "openid" not in self.scopes:
            raise ConfigurationError(f"The scopes of the provider {self.id} must include openid.")
        if not is_safe_url(self.issuer):
            raise ConfigurationError(
                f"The issuer of the sign-in provider {self.id} must be an https URL without a "
                "query; http is allowed on this machine only."
            )
        if self.is_shared and not self.trusted_tids:
            raise ConfigurationError(
                f"The issuer of the sign-in provider {self.id} is shared by all Entra tenants. "
                "Use the issuer of one tenant, or list the tenant ids to trust in trusted_tids."
            )

    @property
    def label(self) -> str:
        """The name on the provider's button."""
        return self.name or urlsplit(self.issuer).hostname or self.id

    @property
    def is_shared(self) -> bool:
        """Whether the issuer is an Entra endpoint that several tenants share."""
        return is_shared_issuer(self.issuer)

    @property
    def published_issuer(self) -> str:
        """The issuer that the provider's discovery document has to name."""
        if not self.is_shared:
            return self.issuer
        tenant = _entra_tenant(self.issuer)
        return self.issuer.replace(f"/{tenant}", f"/{TENANT_PLACEHOLDER}", 1)

    def issuers(self) -> frozenset[str]:
        """Return the issuers whose tokens are accepted."""
        if not self.is_shared:
            return frozenset({self.issuer})
        published = self.published_issuer
        return frozenset(published.replace(TENANT_PLACEHOLDER, tid) for tid in self.trusted_tids)


def is_shared_issuer(issuer: str) -> bool:
    """Return whether people of any organization sign in with an issuer."""
    is_entra = urlsplit(issuer).hostname == "login.microsoftonline.com"
    return is_entra and _entra_tenant(issuer) in SHARED_TENANTS


def _entra_tenant(issuer: str) -> str:
    return urlsplit(issuer).path.strip("/").partition("/")[0]


def is_safe_url(url: str) -> bool:
    """Return whether a URL is https, or http to this machine, without credentials or a query."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
