"""The memberships of tenants: how a source gives, changes and takes a role, in a transaction.

What takes a role away also revokes the sessions that have it, and returns the ids of those.
"""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pbf.errors import NotNow
from pbf.store.identity.member_invitations import INVITATION
from pbf.store.identity.sessions import revoke
from pbf.store.identity.tables import Membership, Person, SessionRow

RULE, ADMIN, SSO = "rule", "admin", "sso"
# By source, the sources whose roles it replaces.
REPLACED = {
    RULE: {RULE},
    SSO: {RULE, SSO},
    INVITATION: {RULE, SSO},
    ADMIN: {RULE, SSO, INVITATION, ADMIN},
}
ROLE_CHANGED = "role changed"
MEMBERSHIP_REMOVED = "membership removed"
# The highest role that a member can have.
HIGHEST = "admin"
LAST_ADMIN = (
    "This is the tenant's only admin, and without one nobody there could manage people. Make "
    "another member an admin first."
)


def apply_rules(
    session: Session, person_id: str, roles: Mapping[str, str], now: float
) -> list[str]:
    """Give a person the roles of access rules, and end those that rules gave before."""
    revoked = []
    for membership in memberships_of(session, person_id):
        if membership.source == RULE and membership.tenant_id not in roles:
            revoked += remove(session, membership, now)
    for tenant_id, role in roles.items():
        membership = Membership(
            tenant_id=tenant_id,
            person_id=person_id,
            role=role,
            source=RULE,
            created_by=RULE,
            created_at=now,
        )
        revoked += put(session, membership)
    return revoked


def put(session: Session, new: Membership) -> list[str]:
    """Store a membership unless there is one from a source that it does not replace."""
    old = membership_of(session, new.tenant_id, new.person_id)
    if old is None:
        session.add(new)
        session.flush()
        return []
    if old.source not in REPLACED[new.source]:
        return []
    if (old.source, old.role) != (new.source, new.role):
        old.source, old.created_by, old.created_at = new.source, new.created_by, new.created_at
    return set_role(session, old, new.role, new.created_at)


def set_role(session: Session, membership: Membership, role: str, now: float) -> list[str]:
    """Change the role of a membership."""
    if membership.role == role:
        return []
    membership.role = role
    return _end_sessions(session, membership, ROLE_CHANGED, now)


def remove(session: Session, membership: Membership, now: float) -> list[str]:
    """Delete a membership."""
    this = (
        Membership.tenant_id == membership.tenant_id,
        Membership.person_id == membership.person_id,
    )
    session.execute(delete(Membership).where(*this))
    return _end_sessions(session, membership, MEMBERSHIP_REMOVED, now)


def _end_sessions(session: Session, membership: Membership, reason: str, now: float) -> list[str]:
    return revoke(
        session,
        SessionRow.person_id == membership.person_id,
        SessionRow.tenant_id == membership.tenant_id,
        reason=reason,
        now=now,
    )


def require_other_admin(session: Session, membership: Membership) -> None:
    """Raise NotNow if a membership is that of a tenant's only admin who can sign in."""
    query = (
        select(Membership)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.tenant_id == membership.tenant_id, Membership.role == HIGHEST)
        .where(Person.disabled_at.is_(None))
        .order_by(Membership.person_id)
        # Of two admins who remove each other at once, one has to wait, and then stays.
        .with_for_update(of=Membership)
    )
    admins = {admin.person_id for admin in session.scalars(query)}
    if admins == {membership.person_id}:
        raise NotNow(LAST_ADMIN)


def membership_of(session: Session, tenant_id: str, person_id: str) -> Membership | None:
    """Return a membership, and lock it; None if there is none."""
    query = select(Membership).filter_by(tenant_id=tenant_id, person_id=person_id)
    return session.scalars(query.with_for_update()).one_or_none()


def memberships_of(session: Session, person_id: str) -> list[Membership]:
    """Return a person's memberships by tenant id."""
    query = select(Membership).filter_by(person_id=person_id).order_by(Membership.tenant_id)
    return list(session.scalars(query))
