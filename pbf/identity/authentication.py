"""Who a request, a page or a program acts for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pbf.errors import InvalidToken, NotSignedIn
from pbf.identity.models import Identity

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
        sessions: SessionLookup,
        tokens: TokenLookup,
        *,
        default: Identity | None,
        is_other: Callable[[Identity, Mapping[str, str]], bool] = lambda _identity, _headers: False,
    ) -> None:
        """Look in these sessions and tokens.

        `is_other` returns whether headers name another person than an identity's.
        """
        self._sessions = sessions
        self._tokens = tokens
        self._default = default
        self._is_other = is_other

    @property
    def is_required(self) -> bool:
        """Whether nobody may do anything without signing in."""
        return self._default is None

    def runs_dashboard(self, identity: Identity) -> bool:
        """Return whether somebody may read of settings: operators; without sign-in, everybody."""
        return identity.is_operator or not self.is_required

    def of_page(self, session_id: str | None) -> Identity:
        """Return the identity of a page's session; raise NotSignedIn.

        A page whose session has ended stays with nobody: it receives no clicks any more.
        """
        if not session_id:
            return self._or_default(None)
        if identity := self._sessions.by_id(session_id):
            return identity
        raise NotSignedIn(NOT_SIGNED_IN)

    def of_request(self, cookies: Sequence[str], headers: Mapping[str, str]) -> Identity:
        """Return the identity of a request to the routes; raise NotSignedIn or InvalidToken.

        `cookies` may hold a session. A request with a bearer token never falls back to one.
        """
        authorization = headers.get("Authorization", "")
        if authorization[: len(BEARER)].lower() == BEARER:
            identity = self._tokens.find(authorization[len(BEARER) :].strip())
            if identity is None:
                raise InvalidToken("This API token is wrong, expired or revoked. Use another one.")
            return identity
        return self._or_default(self.of_cookies(cookies, headers))

    def of_cookies(self, cookies: Sequence[str], headers: Mapping[str, str]) -> Identity | None:
        """Return the identity of the first cookie whose session is open.

        A session does not count if the trusted proxy names another person in the headers.
        """
        for cookie in cookies:
            identity = self._sessions.find(cookie)
            if identity and not self._is_other(identity, headers):
                return identity
        return None

    def _or_default(self, identity: Identity | None) -> Identity:
        if identity := identity or self._default:
            return identity
        raise NotSignedIn(NOT_SIGNED_IN)
