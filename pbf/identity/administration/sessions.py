"""The open sessions of a tenant, and how an admin ends one."""

from dataclasses import dataclass
from datetime import datetime

from pbf.errors import NotPermitted, UnknownItem
from pbf.identity.administration.scope import Scope
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from pbf.rules.time_zones import moment
from pbf.store.identity.sessions import SignedIn

ENDED = "ended by an admin"
UNKNOWN_SESSION = "The tenant has no such open session. It may have ended already."


@dataclass(frozen=True)
class OpenSession:
    """A session that is open; `method` is the way of signing in, such as "oidc".

    `id` is the hash of the session's cookie and no credential.
    """

    id: str
    person_id: str
    name: str
    email: str
    role: Role
    method: str
    created_at: datetime
    last_used: datetime
    expires_at: datetime
    is_operator: bool

    @property
    def title(self) -> str:
        """What screens call the person."""
        return self.name or self.email or self.person_id


class SessionAdministration:
    """Lists and ends the sessions of tenants; every method raises what `Scope.tenant` does."""

    def __init__(self, scope: Scope, sessions: Sessions) -> None:
        """Administer these sessions within a scope."""
        self._scope = scope
        self._sessions = sessions

    def listed(self, identity: Identity, tenant_id: str) -> list[OpenSession]:
        """Return the open sessions, last used first."""
        self._scope.tenant(identity, tenant_id)
        return self._listed(tenant_id)

    def end(self, identity: Identity, tenant_id: str, session_id: str) -> None:
        """End a session; its open pages end within seconds. Raises UnknownItem or NotPermitted."""
        tenant = self._scope.tenant(identity, tenant_id)
        session = next((one for one in self._listed(tenant_id) if one.id == session_id), None)
        if session is None:
            raise UnknownItem(UNKNOWN_SESSION)
        details, group_id = session.title, tenant.group_id
        with self._scope.record(identity, "end a session", details, group_id=group_id):
            if session.is_operator and not identity.is_operator:
                raise NotPermitted("Only an operator may end the session of an operator.")
            if not self._sessions.revoke(session_id, ENDED, tenant_id=tenant_id):
                raise UnknownItem(UNKNOWN_SESSION)

    def _listed(self, tenant_id: str) -> list[OpenSession]:
        rows = self._sessions.open_sessions(tenant_id=tenant_id)
        return [_session(signed_in) for signed_in in rows if signed_in.row.role in set(Role)]


def _session(signed_in: SignedIn) -> OpenSession:
    row = signed_in.row
    role = Role(row.role)
    return OpenSession(
        row.id,
        row.person_id,
        signed_in.name,
        signed_in.email,
        role,
        row.method,
        moment(row.created_at),
        moment(row.seen_at),
        moment(row.expires_at),
        role is Role.OPERATOR or row.by_operator,
    )
