"""Who a request, a page or a program acts for."""

from collections.abc import Mapping
from typing import Protocol

from pbf.errors import InvalidToken, NotSignedIn
from pbf.identity.models import Identity

# In a frame, in a window over https, and over plain http on this machine.
COOKIES = ("__Host-pbf-frame", "__Host-pbf", "pbf")
BEARER = "bearer "
NOT_SIGNED_IN = "You are not signed in, or your session has ended. Sign in and try again."


class SessionLookup(Protocol):
    """Finds the identities of sessions."""

    def find(self, cookie: str) -> Identity | None:
        """Return the identity of a cookie's session; None if it is unknown or has ended."""

    def by_id(self, session_id: str) -> Identity | None:
        """Return the identity of a session; None if it is unknown or has ended."""


class TokenLookup(Protocol):
    """Finds the identities of API tokens."""

    def find(self, token: str) -> Identity | None:
        """Return the identity of a token; None if it is wrong, expired or revoked."""


class Authentication:
    """Finds the identity of a caller; `default` is everybody's while sign-in is off."""

    def __init__(
        self,
        sessions: SessionLookup | None = None,
        tokens: TokenLookup | None = None,
        *,
        default: Identity | None,
    ) -> None:
        """Look in these sessions and tokens."""
        self._sessions = sessions
        self._tokens = tokens
        self._default = default

    @property
    def is_required(self) -> bool:
        """Whether nobody may do anything without signing in."""
        return self._default is None

    def of_page(self, session_id: str | None) -> Identity:
        """Return the identity of a page's session; raise NotSignedIn."""
        identity = self._sessions.by_id(session_id) if self._sessions and session_id else None
        return self._or_default(identity)

    def of_request(self, cookies: Mapping[str, str], authorization: str) -> Identity:
        """Return the identity of a request to the routes; raise NotSignedIn or InvalidToken.

        A request with a bearer token never falls back to a cookie.
        """
        if authorization[: len(BEARER)].lower() == BEARER:
            token = authorization[len(BEARER) :].strip()
            identity = self._tokens.find(token) if self._tokens else None
            if identity is None:
                raise InvalidToken("This API token is wrong, expired or revoked. Use another one.")
            return identity
        identity = None
        for name in COOKIES:
            if self._sessions and identity is None and name in cookies:
                identity = self._sessions.find(cookies[name])
        return self._or_default(identity)

    def _or_default(self, identity: Identity | None) -> Identity:
        if identity := identity or self._default:
            return identity
        raise NotSignedIn(NOT_SIGNED_IN)
