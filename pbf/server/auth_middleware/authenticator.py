"""What the middleware asks of the sessions."""

from collections.abc import Callable, Collection, Mapping
from typing import Protocol


class Authenticator(Protocol):
    """The sessions of the people who are signed in.

    The middleware reads `enabled` on the event loop, for every request. It calls the methods in
    other threads, where they may load modules and query the database.
    """

    @property
    def enabled(self) -> bool:
        """Whether there are sessions."""

    @property
    def is_required(self) -> bool:
        """Whether people have to sign in."""

    def session_of(self, cookies: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the id of the session of the first cookie that is valid; None if none is.

        The request's headers, without regard to case, may name another person.
        """

    def ended(self, ids: Collection[str]) -> set[str]:
        """Return which of the sessions are no longer valid: revoked, expired or unknown."""

    def on_ended(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the id of each session that this process revokes, at once."""

    def touch(self, session_id: str) -> None:
        """Record that the person of a session does something."""


class NoSignIn:
    """The authenticator of a server where nobody signs in."""

    enabled = False
    is_required = False

    def session_of(
        self,
        cookies: Mapping[str, str],  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
    ) -> str | None:
        """Return None: there are no sessions."""
        return None

    def ended(self, ids: Collection[str]) -> set[str]:
        """Return all sessions, since none exists."""
        return set(ids)

    def on_ended(self, callback: Callable[[str], None]) -> None:
        """Do nothing: no session will end."""

    def touch(self, session_id: str) -> None:
        """Do nothing: there is no session."""
