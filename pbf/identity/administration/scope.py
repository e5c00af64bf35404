"""Who may administer a tenant, and the entries in its audit log that this leaves."""

from collections.abc import Iterator
from contextlib import contextmanager

from pbf.errors import InputError, NotNow, NotPermitted, UnknownTenant
from pbf.identity.models import Identity
from pbf.identity.tenants import TenantEntry, Tenants
from pbf.rules.access.permissions import Permission, Role, allows, refusal
from pbf.store.audit.log import AuditLog

SIGN_IN_IS_OFF = (
    "Sign-in is off, so there are no people, tokens and tenants to manage. Set PBF_SIGN_IN to turn "
    "it on; docs/sign-in.md says how."
)
UNKNOWN_TENANT = "There is no tenant with this id."
DONE = "done"


class Scope:
    """Checks each action of an admin or operator, and records it."""

    def __init__(self, tenants: Tenants, audit: AuditLog, *, is_on: bool) -> None:
        """Administer these tenants; `is_on` is whether people can sign in at all."""
        self.tenants = tenants
        self.is_on = is_on
        self._audit = audit

    def tenant(self, identity: Identity, tenant_id: str) -> TenantEntry:
        """Return a tenant whose people somebody may manage.

        Raises UnknownTenant, also for the tenants of others, or NotPermitted.
        """
        entry = self.tenants.get(tenant_id)
        if entry is None or not (identity.is_operator or identity.tenant_id == tenant_id):
            raise UnknownTenant(UNKNOWN_TENANT)
        self._require(identity, Permission.MANAGE_PEOPLE)
        return entry

    def require_operator(self, identity: Identity) -> None:
        """Raise NotPermitted unless somebody may manage tenants."""
        self._require(identity, Permission.MANAGE_TENANTS)

    @contextmanager
    def record(
        self, identity: Identity, action: str, details: str, *, group_id: str = ""
    ) -> Iterator[None]:
        """Record an action in the audit log of a group, whether it succeeds or is refused.

        What concerns no tenant has no group. Raises StoreFailed if nothing can be recorded.
        """
        with self._audit.recording(
            actor=identity.actor or "page",
            actor_name=identity.name,
            what=action,
            group_id=group_id,
            details=details,
        ) as entry:
            try:
                yield
            except Exception as error:
                # Other wrong input changes nothing.
                is_refusal = isinstance(error, NotPermitted | NotNow)
                is_recorded = is_refusal or not isinstance(error, InputError)
                entry.outcome = type(error).__name__ if is_recorded else ""
                raise
            entry.outcome = DONE

    def _require(self, identity: Identity, permission: Permission) -> None:
        if not self.is_on:
            raise NotPermitted(SIGN_IN_IS_OFF)
        if not allows(identity.role, permission):
            raise NotPermitted(refusal(identity.role, permission))


def check_rank(identity: Identity, role: Role) -> None:
    """Raise NotPermitted for a role above somebody's own, or one that no member can have."""
    if role is Role.OPERATOR:
        raise NotPermitted(
            "Nobody becomes an operator here. The setting PBF_OPERATORS names the operators."
        )
    if role.rank > identity.role.rank:
        raise NotPermitted(
            f"Your role is {identity.role}, so you cannot give the role {role}. Choose "
            f"{identity.role} or a lower role."
        )
