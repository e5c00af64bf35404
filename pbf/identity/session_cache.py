"""The sessions that a process has read lately, so that most requests read no database."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

from pbf.identity.models import Identity

# How long a session is cached, in seconds, and how many are.
LIFETIME = 5.0
SIZE = 10_000


@dataclass
class CachedSession:
    """A session as it was read at `read_at`; `touched_at` is when its use was last written.

    `person` is the issuer and subject of its person.
    """

    identity: Identity
    person: tuple[str, str]
    read_at: float
    expires_at: float
    seen_at: float
    touched_at: float


class SessionCache:
    """Sessions by id, each for a few seconds; `drops` counts the times that any were dropped."""

    def __init__(self) -> None:
        """Start empty."""
        self.drops = 0
        self._sessions: dict[str, CachedSession] = {}
        self._lock = threading.Lock()

    def get(self, session_id: str, now: float) -> CachedSession | None:
        """Return a session that was read lately, or None."""
        session = self._sessions.get(session_id)
        if session is None or not 0 <= now - session.read_at < LIFETIME:
            return None
        return session

    def put(self, session_id: str, session: CachedSession, drops: int) -> None:
        """Cache a session; `drops` is their number before it was read.

        What was read before a session was dropped may be out of date, and is not cached.
        """
        with self._lock:
            if drops != self.drops:
                return
            self._sessions.pop(session_id, None)
            while len(self._sessions) >= SIZE:
                del self._sessions[next(iter(self._sessions))]
            self._sessions[session_id] = session

    def drop(self, session_ids: Iterable[str]) -> None:
        """Forget sessions that have ended."""
        with self._lock:
            self.drops += 1
            for session_id in session_ids:
                self._sessions.pop(session_id, None)
