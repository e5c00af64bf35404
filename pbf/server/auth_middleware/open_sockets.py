"""The open WebSockets of this process, and the watch over their sessions."""

import asyncio
import logging
from contextlib import suppress

from pbf.metrics.outages import log_level
from pbf.server.auth_middleware.authenticator import Authenticator

# In seconds, so that also another process's revocation reaches a page within five.
POLL_SECONDS = 4.0

log = logging.getLogger(__name__)


class OpenSockets:
    """Tells each open socket when its session has ended.

    Sessions that this process revokes end at once. One query every few seconds finds all others,
    also those that expired.
    """

    def __init__(self, authenticator: Authenticator, *, poll_seconds: float = POLL_SECONDS) -> None:
        """Watch sockets; create it and call its methods on the event loop."""
        self._authenticator = authenticator
        self._poll_seconds = poll_seconds
        self._loop = asyncio.get_running_loop()
        self._sockets: dict[str, set[asyncio.Event]] = {}
        self._polling: asyncio.Task[None] | None = None

    def add(self, session_id: str) -> asyncio.Event:
        """Return an event for a new socket that is set when the session ends."""
        ended = asyncio.Event()
        self._sockets.setdefault(session_id, set()).add(ended)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll(), name="sessions")
        return ended

    def remove(self, session_id: str, ended: asyncio.Event) -> None:
        """Forget a socket that is closed."""
        sockets = self._sockets.get(session_id, set())
        sockets.discard(ended)
        if not sockets:
            self._sockets.pop(session_id, None)
        if not self._sockets and self._polling is not None:
            self._polling.cancel()
            self._polling = None

    def end_from_thread(self, session_id: str) -> None:
        """Tell the sockets of a session that it has ended; for any thread."""
        # The loop is closed while the server shuts down.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._end, session_id)

    def _end(self, session_id: str) -> None:
        for ended in self._sockets.pop(session_id, set()):
            ended.set()

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                ended = await asyncio.to_thread(self._authenticator.ended, set(self._sockets))
            except Exception as error:
                # Pages and routes look up the session as well, so nobody gains access here.
                log.log(
                    log_level(error),
                    "the open sessions could not be checked; checking them again soon",
                    exc_info=error,
                )
                continue
            for session_id in ended:
                self._end(session_id)
