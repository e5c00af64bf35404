"""Sessions: which cookie belongs to whom, until when, and how that ends at once.

A cookie is random and stored only as its SHA-256. A session ends at a fixed time, when it is not
used for some minutes, or when it is revoked. Each process caches a session for up to five seconds,
so that is how long a revocation takes to reach the other processes. If the database fails, cached
sessions go on for the same time; then StoreFailed is raised, and nobody is let in.
"""

import hashlib
import json
import logging
import re
import secrets
from collections.abc import Callable, Collection, Iterable

from pbf.clock import current_time
from pbf.errors import StoreFailed
from pbf.identity.models import Identity
from pbf.identity.session_cache import CachedSession, SessionCache
from pbf.rules.access.permissions import Role
from pbf.store.identity.sessions import SignedIn
from pbf.store.identity.tables import SessionRow
from pbf.store.store import Store

# The last use is written so often, in seconds, or in a fifth of a shorter idle timeout.
TOUCH_INTERVAL = 60.0
BYTES = 32
COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
SESSION_ID = re.compile(r"[0-9a-f]{64}")
SWITCHED = "switched to another tenant"

log = logging.getLogger(__name__)


class Sessions:
    """The sessions of all tenants, as one process sees them."""

    def __init__(
        self,
        store: Store,
        *,
        hours: float,
        idle_minutes: float,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Keep sessions in a store; they last `hours`, or end after `idle_minutes` without use."""
        self._rows = store.sessions
        self._lifetime = 3600.0 * hours
        self._idle = 60.0 * idle_minutes
        self._interval = min(TOUCH_INTERVAL, self._idle / 5)
        self._clock = clock
        self._cache = SessionCache()
        self._callbacks: list[Callable[[str], None]] = []

    def start(
        self,
        person_id: str,
        tenant_id: str,
        role: Role,
        *,
        method: str,
        provider_sid: str = "",
        id_token: str = "",
        services: Collection[str] | None = None,
        return_url: str = "",
        minutes: float | None = None,
        by_operator: bool = False,
    ) -> str:
        """Start a session and return the value of its cookie.

        `minutes` shortens it. `by_operator` is for an operator who enters a tenant in a lower role.
        """
        now = self._clock()
        lifetime = self._lifetime if minutes is None else min(60.0 * minutes, self._lifetime)
        cookie = secrets.token_urlsafe(BYTES)
        row = SessionRow(
            id=_hash(cookie),
            person_id=person_id,
            tenant_id=tenant_id,
            role=role,
            method=method,
            by_operator=by_operator,
            provider_sid=provider_sid,
            id_token=id_token,
            services=None if services is None else json.dumps(sorted(services)),
            return_url=return_url,
            created_at=now,
            seen_at=now,
            expires_at=now + lifetime,
        )
        self._rows.add(row)
        return cookie

    def switch_tenant(self, session_id: str, tenant_id: str, role: Role) -> str | None:
        """Replace a session by one of another tenant, and return the value of its cookie.

        The new one ends when the old one would have. None if the old one has ended.
        """
        if self.by_id(session_id) is None or (old := self._rows.get(session_id)) is None:
            return None
        cookie, now, row = secrets.token_urlsafe(BYTES), self._clock(), old.row
        new = SessionRow(
            id=_hash(cookie),
            person_id=row.person_id,
            tenant_id=tenant_id,
            role=role,
            method=row.method,
            by_operator=row.by_operator or row.role == Role.OPERATOR,
            provider_sid=row.provider_sid,
            id_token=row.id_token,
            services=row.services,
            return_url=row.return_url,
            created_at=now,
            seen_at=now,
            expires_at=row.expires_at,
        )
        if not self._rows.replace(new, session_id, SWITCHED):
            return None
        self.forget([session_id])
        return cookie

    def find(self, cookie: str) -> Identity | None:
        """Return the identity of a cookie's session; None if it is unknown or has ended.

        Raises StoreFailed.
        """
        return None if COOKIE.fullmatch(cookie) is None else self.by_id(_hash(cookie))

    def by_id(self, session_id: str) -> Identity | None:
        """Return the identity of a session; None if it is unknown or has ended.

        Raises StoreFailed.
        """
        if SESSION_ID.fullmatch(session_id) is None:
            return None
        session = self._session(session_id)
        return None if session is None else session.identity

    def person_of(self, session_id: str) -> tuple[str, str] | None:
        """Return issuer and subject of a session's person; None if it is unknown or has ended.

        Raises StoreFailed.
        """
        session = self._session(session_id) if SESSION_ID.fullmatch(session_id) else None
        return None if session is None else session.person

    def touch(self, session_id: str) -> None:
        """Note that a session is in use; written at most once a minute, see TOUCH_INTERVAL.

        A database that fails loses the note and is only logged: the next use writes another one.
        """
        try:
            session = self._session(session_id) if SESSION_ID.fullmatch(session_id) else None
            now = self._clock()
            if session is None or now - session.touched_at < self._interval:
                return
            session.touched_at = now
            if self._rows.touch(session_id, now, self._idle):
                session.seen_at = now
            else:
                self._cache.drop([session_id])
        except StoreFailed as error:
            log.debug("the use of a session was not stored: %s", error)

    def details(self, session_id: str) -> SignedIn | None:
        """Return a session as stored; None if it is unknown or revoked.

        Sign-out needs its issuer and ID token, before it revokes the session.
        """
        return self._rows.get(session_id) if SESSION_ID.fullmatch(session_id) else None

    def open_sessions(
        self, *, tenant_id: str | None = None, person_id: str | None = None
    ) -> list[SignedIn]:
        """Return the open sessions, all or those of a tenant or a person, last used first."""
        now = self._clock()
        return self._rows.listed(now, self._idle, tenant_id=tenant_id, person_id=person_id)

    def ended(self, session_ids: Collection[str]) -> set[str]:
        """Return which sessions are no longer valid, by one query; raise StoreFailed."""
        if not session_ids:
            return set()
        valid = self._rows.valid(session_ids, self._clock(), self._idle)
        ended = set(session_ids) - valid
        self._cache.drop(ended)
        return ended

    def on_ended(self, callback: Callable[[str], None]) -> None:
        """Call back with the id of each session that this process revokes, at once."""
        self._callbacks.append(callback)

    def revoke(self, session_id: str, reason: str, *, tenant_id: str = "") -> bool:
        """End a session, with `tenant_id` only if it is that tenant's; False if none was ended."""
        if SESSION_ID.fullmatch(session_id) is None:
            return False
        now = self._clock()
        return self.forget(self._rows.revoke(session_id, reason, now, tenant_id=tenant_id)) > 0

    def revoke_person(self, person_id: str, reason: str, *, tenant_id: str | None = None) -> int:
        """End a person's sessions, all or those of one tenant; return how many."""
        now = self._clock()
        return self.forget(self._rows.revoke_person(person_id, reason, now, tenant_id=tenant_id))

    def revoke_tenant(self, tenant_id: str, reason: str) -> int:
        """End the sessions of a tenant; return how many."""
        return self.forget(self._rows.revoke_tenant(tenant_id, reason, self._clock()))

    def revoke_provider_session(
        self, issuer: str, reason: str, *, sid: str = "", subject: str = ""
    ) -> int:
        """End what a provider ended, its session `sid` or all of a subject; return how many."""
        now = self._clock()
        revoked = self._rows.revoke_provider_session(issuer, reason, now, sid=sid, subject=subject)
        return self.forget(revoked)

    def forget(self, revoked: Iterable[str]) -> int:
        """Drop sessions that were revoked in the store, tell the callbacks; return how many."""
        ids = list(revoked)
        self._cache.drop(ids)
        for session_id in ids:
            for callback in self._callbacks:
                try:
                    callback(session_id)
                except Exception:
                    log.exception("a callback for an ended session failed")
        return len(ids)

    def _session(self, session_id: str) -> CachedSession | None:
        now = self._clock()
        session = self._cache.get(session_id, now)
        # Another process may have noted that the session is in use.
        if session is None or now >= session.seen_at + self._idle:
            session = self._read(session_id, now)
        if session is None or now >= session.expires_at or now >= session.seen_at + self._idle:
            return None
        return session

    def _read(self, session_id: str, now: float) -> CachedSession | None:
        drops = self._cache.drops
        result = self._rows.get(session_id)
        identity = None if result is None else _identity(result)
        if result is None or identity is None:
            return None
        row = result.row
        person = (result.issuer, result.subject)
        session = CachedSession(identity, person, now, row.expires_at, row.seen_at, row.seen_at)
        self._cache.put(session_id, session, drops)
        return session


def _hash(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def _identity(signed_in: SignedIn) -> Identity | None:
    """Return the identity of a session; None if its role is none of ours."""
    row = signed_in.row
    if row.role not in set(Role):
        return None
    role = Role(row.role)
    return Identity(
        actor=f"person:{row.person_id}",
        tenant_id=row.tenant_id,
        role=role,
        name=signed_in.name or signed_in.email,
        email=signed_in.email,
        person_id=row.person_id,
        session_id=row.id,
        services=None if row.services is None else frozenset(json.loads(row.services)),
        method=row.method,
        return_url=row.return_url,
        is_operator=role is Role.OPERATOR or row.by_operator,
    )
