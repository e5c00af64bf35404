"""Signing in and out: who becomes a member of which tenant, and the session that begins."""

from collections.abc import Sequence

from pbf.errors import SignInFailed
from pbf.identity.access_rules import comparable_address, memberships
from pbf.identity.claims import Claims, Ended, NoAccess
from pbf.identity.external.entry import VendorSignIn
from pbf.identity.memberships import Members
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.identity.tenants import TenantEntry, Tenants
from pbf.rules.access.permissions import Role
from pbf.store.identity.tables import Membership
from pbf.store.store import Store

DISABLED = "This account has been disabled. Ask your administrator."
SIGNED_OUT = "signed out"
SIGNED_OUT_AT_PROVIDER = "signed out at the provider"


class SignInService:
    """Completes sign-ins, whichever way people come, and ends their sessions.

    `operators` are verified e-mail addresses that count for the claims of `operators_from`, the id
    of a provider.
    """

    def __init__(
        self,
        store: Store,
        tenants: Tenants,
        sessions: Sessions,
        members: Members,
        *,
        operators: Sequence[str] = (),
        operators_from: str = "",
    ) -> None:
        """Complete sign-ins with these tenants, sessions and members."""
        self._people = store.people
        self._tenants = tenants
        self._sessions = sessions
        self._members = members
        self._operators = frozenset(operators)
        self._operators_from = operators_from

    def complete(self, claims: Claims) -> str | NoAccess:
        """Return the cookie of a new session for a person whom a provider or a proxy vouches for.

        Raises StoreFailed, or SignInFailed for a subject that cannot be stored.
        """
        result = self._members.sign_in(claims, memberships(claims, self._tenants.access))
        account = NoAccess(claims.email or claims.name or claims.subject)
        if result.person.disabled_at is not None:
            return account
        if self._is_operator(claims):
            tenant_id, role = "", Role.OPERATOR
        elif places := self._places(result.memberships):
            tenant, role = places[0]
            tenant_id = tenant.id
        else:
            return account
        return self._sessions.start(
            result.person.id,
            tenant_id,
            role,
            method=claims.provider,
            provider_sid=claims.sid,
            id_token=claims.id_token,
        )

    def complete_vendor(self, sign_in: VendorSignIn) -> str:
        """Return the cookie of a new session for a person whom the vendor's application signs in.

        Raises SignInFailed or StoreFailed.
        """
        person = self._members.sign_in(sign_in.claims, None).person
        if person.disabled_at is not None:
            raise SignInFailed(DISABLED)
        self._members.grant(
            sign_in.tenant_id, person.id, sign_in.role, source="sso", by=sign_in.method
        )
        return self._sessions.start(
            person.id,
            sign_in.tenant_id,
            sign_in.role,
            method=sign_in.method,
            services=sign_in.services,
            return_url=sign_in.return_url,
            minutes=sign_in.minutes,
        )

    def tenants_of(self, identity: Identity) -> list[tuple[TenantEntry, Role]]:
        """Return the tenants that a person may enter, each with the role there."""
        if identity.is_operator:
            return [(tenant, Role.OPERATOR) for tenant in self._tenants.all()]
        if identity.method in ("link", "jwt") or not identity.person_id:
            # The vendor's application has chosen the tenant.
            tenant = self._tenants.get(identity.tenant_id)
            return [(tenant, identity.role)] if tenant else []
        return self._places(self._people.memberships(identity.person_id))

    def enter(self, identity: Identity, tenant_id: str) -> str | None:
        """Return the cookie of a session in another tenant; None if the person may not enter it.

        An operator may also leave the tenants, with an empty id.
        """
        if identity.is_operator and not tenant_id:
            return self._sessions.switch_tenant(identity.session_id, "", Role.OPERATOR)
        for tenant, role in self.tenants_of(identity):
            if tenant.id == tenant_id:
                return self._sessions.switch_tenant(identity.session_id, tenant_id, role)
        return None

    def is_signed_in(self, cookie: str) -> bool:
        """Return whether a cookie's session is open."""
        return self._sessions.find(cookie) is not None

    def person_of(self, cookie: str) -> tuple[str, str] | None:
        """Return issuer and subject of the person of a cookie's session; None if it has ended."""
        identity = self._sessions.find(cookie)
        return self._sessions.person_of(identity.session_id) if identity else None

    def end(self, cookie: str) -> Ended | None:
        """End the session of a cookie, and return where it came from; None if it had ended."""
        identity = self._sessions.find(cookie)
        details = self._sessions.details(identity.session_id) if identity else None
        if details is None:
            return None
        self._sessions.revoke(details.row.id, SIGNED_OUT)
        return Ended(details.row.method, details.issuer, details.row.id_token)

    def end_provider_session(self, issuer: str, subject: str, sid: str) -> None:
        """End the sessions that a provider has ended."""
        self._sessions.revoke_provider_session(
            issuer, SIGNED_OUT_AT_PROVIDER, sid=sid, subject=subject
        )

    def _is_operator(self, claims: Claims) -> bool:
        address = comparable_address(claims.email)
        is_known = claims.email_verified and address in self._operators
        return is_known and claims.provider == self._operators_from

    def _places(self, rows: Sequence[Membership]) -> list[tuple[TenantEntry, Role]]:
        """Return the tenants of memberships that still exist, in the order of all tenants."""
        roles = {row.tenant_id: Role(row.role) for row in rows if row.role in set(Role)}
        return [(tenant, roles[tenant.id]) for tenant in self._tenants.all() if tenant.id in roles]
