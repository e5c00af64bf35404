"""A Flask app with the sign-in routes, and sessions in memory in place of the store's."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask

from pbf.api.sign_in.routes import routes
from pbf.api.sign_in.sign_in import SignIn
from pbf.identity.claims import Claims, Ended, NoAccess
from pbf.identity.oidc.flow import Oidc
from pbf.identity.oidc.providers import Provider
from pbf.identity.oidc.signed_state import StateSigner
from pbf.rules.access.policy import Branding
from tests.support.fake_issuer import served


@dataclass
class FakeSessions:
    """Sessions by their cookie; who is in `strangers` has no access."""

    open: dict[str, Claims] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    used: set[str] = field(default_factory=set)
    branding: Branding = field(default_factory=Branding)

    def complete(self, claims: Claims) -> str | NoAccess:
        """Start a session."""
        if claims.email in self.strangers:
            return NoAccess(claims.email)
        cookie = secrets.token_urlsafe(32)
        self.open[cookie] = claims
        return cookie

    def end(self, cookie: str) -> Ended | None:
        """End a session."""
        claims = self.open.pop(cookie, None)
        return Ended(claims.provider, claims.issuer, claims.id_token) if claims else None

    def end_provider_session(self, issuer: str, subject: str, sid: str) -> None:
        """End the sessions of a person at a provider, or one of them."""
        for cookie, claims in list(self.open.items()):
            is_theirs = claims.sid == sid if sid else claims.subject == subject
            if claims.issuer == issuer and is_theirs:
                del self.open[cookie]

    def use_once(self, key: str, _until: float) -> bool:
        """Return whether an id is new."""
        is_new = key not in self.used
        self.used.add(key)
        return is_new


def sign_in_app(providers: Sequence[Provider], sessions: FakeSessions, *, public_url: str) -> Flask:
    """Return the app."""
    app = Flask(__name__)
    app.register_blueprint(routes)
    configure(app, providers, sessions, public_url=public_url)
    return app


def configure(
    app: Flask, providers: Sequence[Provider], sessions: FakeSessions, *, public_url: str
) -> None:
    """Let an app sign people in with these providers."""
    sign_in = SignIn(
        oidc=Oidc(providers, public_url=public_url, signer=StateSigner("a-key"), timeout=5),
        complete=sessions.complete,
        is_signed_in=sessions.open.__contains__,
        end=sessions.end,
        end_provider_session=sessions.end_provider_session,
        use_once=sessions.use_once,
        branding=lambda: sessions.branding,
        public_url=public_url,
    )
    app.extensions["pbf_sign_in"] = lambda: sign_in


@contextmanager
def served_app(sessions: FakeSessions) -> Iterator[tuple[Flask, str]]:
    """Serve an app without a provider until the block ends, and yield it with its URL."""
    app = sign_in_app([], sessions, public_url="http://127.0.0.1")
    with served(app) as url:
        yield app, url
