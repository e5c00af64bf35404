"""What the routes of signing in need from the rest of the product."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from pbf.api.session_cookies import session_cookie_name
from pbf.identity.claims import Claims, Ended, NoAccess
from pbf.identity.external.proxies import TrustedProxy
from pbf.identity.oidc.flow import Oidc
from pbf.rules.access.policy import Branding
from pbf.runtime import Runtime


@dataclass(frozen=True)
class SignIn:
    """What these routes need: providers, sessions, branding, and the address people know us by.

    `complete` returns the cookie of a new session. `end` and `is_signed_in` take a session's
    cookie; `end_provider_session` takes issuer, subject and the provider's session id, of which one
    may be empty. `use_once` takes an id and the time until which to keep it, and returns whether
    the id is new.
    """

    oidc: Oidc
    complete: Callable[[Claims], str | NoAccess]
    is_signed_in: Callable[[str], bool]
    end: Callable[[str], Ended | None]
    end_provider_session: Callable[[str, str, str], None]
    use_once: Callable[[str, float], bool]
    branding: Callable[[], Branding]
    public_url: str
    proxy: TrustedProxy | None = None
    is_required: bool = True

    @property
    def is_secure(self) -> bool:
        """Whether people reach us by https."""
        return self.public_url.startswith("https:")

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie."""
        return session_cookie_name(self.public_url)


def current_sign_in() -> SignIn:
    """Return how this app signs people in."""
    return cast(SignIn, current_app.extensions["pbf_sign_in"]())


def sign_in_of(runtime: Runtime, public_url: str) -> SignIn:
    """Return how a runtime signs people in."""
    identity, service = runtime.identity, runtime.identity.sign_in
    return SignIn(
        oidc=identity.oidc,
        complete=service.complete,
        is_signed_in=service.is_signed_in,
        end=service.end,
        end_provider_session=service.end_provider_session,
        use_once=lambda text, _until: runtime.store.use_token(text),
        branding=identity.branding,
        public_url=public_url,
        proxy=identity.proxy,
        is_required=identity.authentication.is_required,
    )
