"""What the authentication middleware in front of the pages asks of the sessions."""

from collections.abc import Callable, Collection, Mapping

from pbf.identity.services import IdentityServices


class PageAuthenticator:
    """The sessions of a process, which are opened when a request first needs them."""

    enabled = True

    def __init__(self, services: Callable[[], IdentityServices], *, is_required: bool) -> None:
        """Use the services that `services` returns; it may raise a PbfError."""
        self._services = services
        self.is_required = is_required

    def session_of(self, cookies: Mapping[str, str], headers: Mapping[str, str]) -> str | None:
        """Return the id of the session of the first cookie that is valid; None if none is."""
        authentication = self._services().authentication
        identity = authentication.of_cookies(list(cookies.values()), headers)
        return identity.session_id if identity else None

    def ended(self, ids: Collection[str]) -> set[str]:
        """Return which of the sessions are no longer valid."""
        return self._services().sessions.ended(ids)

    def on_ended(self, callback: Callable[[str], None]) -> None:
        """Call `callback` with the id of each session that this process revokes, at once."""
        self._services().sessions.on_ended(callback)

    def touch(self, session_id: str) -> None:
        """Record that the person of a session does something."""
        self._services().sessions.touch(session_id)
