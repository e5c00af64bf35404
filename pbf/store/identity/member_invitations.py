"""Invitations: e-mail addresses that become members at their first verified sign-in."""

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pbf.store.database import Database
from pbf.store.identity.tables import MemberInvitation, Membership, Person
from pbf.store.retention import ENDED_INVITATIONS

INVITATION = "invitation"
LOWER_CASE = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class Invitations:
    """The invitations of all tenants; they are redeemed by `People.sign_in`."""

    def __init__(self, database: Database) -> None:
        """Keep the invitations in a database."""
        self._database = database

    def put(
        self, tenant_id: str, email: str, role: str, *, by: str, now: float, expires_at: float
    ) -> MemberInvitation:
        """Invite an address; another invitation of the tenant to it is replaced."""
        invitation = MemberInvitation(
            tenant_id=tenant_id,
            email=normalized(email),
            role=role,
            created_by=by,
            created_at=now,
            expires_at=expires_at,
            used_at=None,  # the default would not replace the time of an earlier one
        )
        try:
            return self._merge(invitation)
        except IntegrityError:  # added by another process since it was looked for
            return self._merge(invitation)

    def listed(self, tenant_id: str) -> list[MemberInvitation]:
        """Return a tenant's invitations, also used and expired ones, the newest first."""
        query = select(MemberInvitation).where(MemberInvitation.tenant_id == tenant_id)
        query = query.order_by(MemberInvitation.created_at.desc(), MemberInvitation.email)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def remove(self, tenant_id: str, email: str) -> bool:
        """Withdraw an invitation that has not been used; False if there is none."""
        address = normalized(email)
        statement = (
            delete(MemberInvitation)
            .where(MemberInvitation.tenant_id == tenant_id, MemberInvitation.email == address)
            .where(MemberInvitation.used_at.is_(None))
            .returning(MemberInvitation.email)
        )
        with self._database.session() as session:
            return session.execute(statement).first() is not None

    def delete_expired(self, now: float) -> None:
        """Delete invitations that expired some time ago."""
        expired = MemberInvitation.expires_at < now - ENDED_INVITATIONS
        with self._database.session() as session:
            session.execute(delete(MemberInvitation).where(expired))

    def _merge(self, invitation: MemberInvitation) -> MemberInvitation:
        with self._database.session() as session:
            return session.merge(invitation)


def normalized(email: str) -> str:
    """Return an e-mail address in lower case and without spaces around it.

    Only ASCII letters change: the lower case of some other letters is an ASCII letter, so that
    different mailboxes would have the same address.
    """
    return email.strip().translate(LOWER_CASE)


def redeem(session: Session, person: Person, now: float) -> list[Membership]:
    """Use the invitations to a person's address, if it is verified; return the new memberships.

    Of concurrent calls, one gets an invitation.
    """
    if not (person.email_verified and person.email):
        return []
    invitation = MemberInvitation
    statement = (
        update(invitation)
        .where(invitation.email == normalized(person.email))
        .where(invitation.used_at.is_(None), invitation.expires_at > now)
        .values(used_at=now)
        .returning(invitation.tenant_id, invitation.role, invitation.created_by)
        .execution_options(synchronize_session=False)
    )
    return [
        Membership(
            tenant_id=tenant_id,
            person_id=person.id,
            role=role,
            source=INVITATION,
            created_by=created_by,
            created_at=now,
        )
        for tenant_id, role, created_by in session.execute(statement)
    ]
