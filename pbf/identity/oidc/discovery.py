"""What a provider publishes of itself: its endpoints and signing keys, kept for an hour.

https://openid.net/specs/openid-connect-discovery-1_0.html
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from pbf.errors import ProviderUnavailable
from pbf.identity.oidc.providers import Provider, is_safe_url
from pbf.paths import is_loopback

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

log = logging.getLogger(__name__)

# Seconds.
TIMEOUT = 10.0
LIFETIME = 3600.0
# After a failure, nobody else waits for the same timeout.
PAUSE_AFTER_FAILURE = 5.0
# Anyone can send a token with an unknown key id.
PAUSE_BETWEEN_KEY_REQUESTS = 60.0
BASIC, POST, NONE = "client_secret_basic", "client_secret_post", "none"
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")


class Metadata(BaseModel):
    """The part of a discovery document that sign-in uses."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    authorization_response_iss_parameter_supported: bool = False
    token_endpoint_auth_methods_supported: tuple[str, ...] = (BASIC,)
    prompt_values_supported: tuple[str, ...] = ()
    scopes_supported: tuple[str, ...] = ()


class Discovery:
    """The metadata and keys of one provider; safe to use from several threads."""

    def __init__(
        self,
        provider: Provider,
        *,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask nothing yet; `timeout` is in seconds and `clock` counts them."""
        self._provider = provider
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._published: tuple[Metadata, list[Mapping[str, Any]]] | None = None
        self._expires_at = self._failed_until = self._keys_until = float("-inf")

    def metadata(self) -> Metadata:
        """Return the metadata; raise ProviderUnavailable if it was never read."""
        return self._current()[0]

    def keys(self, *, newer: bool = False) -> list[Mapping[str, Any]]:
        """Return the signing keys as JWKs.

        With `newer`, they are read again unless that was done within the last minute.
        """
        metadata, keys = self._current()
        if not newer:
            return keys
        with self._lock:
            if self._clock() >= self._keys_until:
                self._keys_until = self._clock() + PAUSE_BETWEEN_KEY_REQUESTS
                keys = self._read_keys(metadata)
                self._published = (metadata, keys)
            return self._published[1] if self._published else keys

    def session(self, metadata: Metadata | None = None, **options: Any) -> "OAuth2Session":
        """Return a client of the provider; the time and size of each answer are limited."""
        # Takes 40 ms, which only processes with sign-in need.
        from authlib.integrations.requests_client import OAuth2Session

        from pbf.identity.oidc.whole_answers import WholeAnswers

        provider = self._provider
        session = OAuth2Session(
            client_id=provider.client_id,
            client_secret=provider.client_secret or None,
            token_endpoint_auth_method=self._auth_method(metadata),
            default_timeout=self._timeout,
            **options,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, WholeAnswers(self._timeout))
        # A proxy from the environment cannot reach this machine.
        session.trust_env = not is_loopback(urlsplit(provider.issuer).hostname or "")
        return session

    def get(self, session: "OAuth2Session", url: str, *, anonymous: bool) -> dict[str, Any]:
        """Return a JSON object of the provider; raise ProviderUnavailable if there is none.

        Redirects are not followed: they would lead past the checks of the address.
        """
        try:
            response = session.get(url, withhold_token=anonymous, allow_redirects=False)
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            content = response.json()
            if not isinstance(content, dict):
                raise ValueError("no JSON object")
        except (OSError, ValueError) as exc:
            # The exceptions of requests are OSErrors. Their texts may contain the URL alone.
            log.warning("provider %s: %s failed: %s", self._provider.id, url, type(exc).__name__)
            raise unavailable(self._provider) from exc
        return content

    def _auth_method(self, metadata: Metadata | None) -> str:
        if not self._provider.client_secret:
            return NONE
        supported = metadata.token_endpoint_auth_methods_supported if metadata else ()
        return POST if POST in supported and BASIC not in supported else BASIC

    def _current(self) -> tuple[Metadata, list[Mapping[str, Any]]]:
        with self._lock:
            if self._clock() < self._expires_at and self._published:
                return self._published
            if self._clock() >= self._failed_until:
                self._refresh()
            if self._published is None:
                raise unavailable(self._provider)
            return self._published

    def _refresh(self) -> None:
        """Read metadata and keys; keep the earlier ones if the provider does not answer."""
        try:
            metadata = self._read_metadata()
            self._published = (metadata, self._read_keys(metadata))
        except ProviderUnavailable:
            self._failed_until = self._clock() + PAUSE_AFTER_FAILURE
        else:
            self._expires_at = self._clock() + LIFETIME

    def _read_metadata(self) -> Metadata:
        provider = self._provider
        url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        with self.session() as session:
            document = self.get(session, url, anonymous=True)
        try:
            metadata = Metadata.model_validate(
                {name: value for name, value in document.items() if value is not None}
            )
        except ValidationError as exc:
            log.warning("provider %s: the discovery document is incomplete", provider.id)
            raise unavailable(provider) from exc
        if metadata.issuer != provider.published_issuer:
            log.warning("provider %s: the discovery document names another issuer", provider.id)
            raise unavailable(provider)
        self._check_addresses(metadata)
        return metadata

    def _check_addresses(self, metadata: Metadata) -> None:
        urls = [getattr(metadata, name) for name in ENDPOINTS]
        urls += filter(None, (getattr(metadata, name) for name in OPTIONAL_ENDPOINTS))
        local = is_loopback(urlsplit(self._provider.issuer).hostname or "")
        for url in urls:
            # Endpoints may have a query, unlike issuers.
            if not is_safe_url(url.partition("?")[0]) or (url.startswith("http:") and not local):
                log.warning("provider %s: an endpoint is not an https URL", self._provider.id)
                raise unavailable(self._provider)

    def _read_keys(self, metadata: Metadata) -> list[Mapping[str, Any]]:
        with self.session() as session:
            document = self.get(session, metadata.jwks_uri, anonymous=True)
        keys = document.get("keys")
        if not isinstance(keys, list):
            raise unavailable(self._provider)
        return [key for key in keys if isinstance(key, dict)]


def unavailable(provider: Provider) -> ProviderUnavailable:
    """Return the error of a provider that gives no usable answer."""
    return ProviderUnavailable(
        f"{provider.label} gives no usable answer at the moment. Try again in a few minutes."
    )
