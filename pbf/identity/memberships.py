"""Members: sign-in, roles and removal, each with the sessions that it ends.

The database changes both in one transaction; the cached sessions and open pages follow at once.
"""

from collections.abc import Callable, Mapping

from pbf.clock import current_time
from pbf.identity.claims import Claims
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from pbf.store.identity.people import Profile, SignIn
from pbf.store.store import Store


class Members:
    """The members of all tenants; every method raises StoreFailed."""

    def __init__(
        self, store: Store, sessions: Sessions, *, clock: Callable[[], float] = current_time
    ) -> None:
        """Keep members in a store, and end these sessions."""
        self._people = store.people
        self._sessions = sessions
        self._clock = clock

    def sign_in(self, claims: Claims, roles: Mapping[str, Role] | None) -> SignIn:
        """Store who signs in, redeem their invitations, and recompute what rules gave them.

        `roles` are those that access rules give, by tenant id; with None, rules are not applied.
        Start no session if the person's `disabled_at` is set. Raises SignInFailed for a
        subject that cannot be stored.
        """
        profile = Profile(
            claims.issuer, claims.subject, claims.email, claims.email_verified, claims.name
        )
        result = self._people.sign_in(profile, roles, self._clock())
        self._sessions.forget(result.revoked)
        return result

    def grant(self, tenant_id: str, person_id: str, role: Role, *, source: str, by: str) -> None:
        """Give a person a role in a tenant; `source` is "admin" or "sso".

        SSO does not replace a role that an admin or an invitation gave.
        """
        now = self._clock()
        revoked = self._people.grant(tenant_id, person_id, role, source=source, by=by, now=now)
        self._sessions.forget(revoked)

    def set_role(
        self, tenant_id: str, person_id: str, role: Role, *, by: str, keep_admin: bool = False
    ) -> bool:
        """Change a member's role and end their sessions in the tenant; False if no member.

        With `keep_admin`, raises NotNow if the tenant would have no admin.
        """
        now = self._clock()
        return self._forget(
            self._people.set_role(tenant_id, person_id, role, by=by, now=now, keep_admin=keep_admin)
        )

    def remove(self, tenant_id: str, person_id: str, *, keep_admin: bool = False) -> bool:
        """Remove a member and end their sessions in the tenant; False if no member.

        With `keep_admin`, raises NotNow if the tenant would have no admin.
        """
        now = self._clock()
        return self._forget(self._people.remove(tenant_id, person_id, now, keep_admin=keep_admin))

    def disable(self, person_id: str) -> bool:
        """Disable a person and end all their sessions; False if there is no such person."""
        return self._forget(self._people.disable(person_id, self._clock()))

    def _forget(self, revoked: list[str] | None) -> bool:
        if revoked is None:
            return False
        self._sessions.forget(revoked)
        return True
