"""People: who has signed in, and their roles in tenants."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from pbf.errors import SignInFailed
from pbf.store.database import Database
from pbf.store.identity import memberships
from pbf.store.identity.member_invitations import redeem
from pbf.store.identity.sessions import revoke
from pbf.store.identity.tables import EMAIL, ISSUER, SUBJECT, Membership, Person, SessionRow
from pbf.store.tables import SHORT_TEXT
from pbf.visible_text import storable

PERSON_DISABLED = "person disabled"
# Two sign-ins of a new person at once both add it; one fails, and then finds it.
ATTEMPTS = 3
UNUSABLE = (
    "The account that you signed in with has no usable identifier. Sign in with another account, "
    "or tell your administrator."
)


@dataclass(frozen=True)
class Profile:
    """A person as a provider describes them; the issuer and the subject identify them."""

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""


@dataclass(frozen=True)
class SignIn:
    """A person who signed in, their memberships, and the sessions that this revoked."""

    person: Person
    memberships: list[Membership]
    revoked: list[str]


@dataclass(frozen=True)
class Member:
    """A member of a tenant."""

    membership: Membership
    person: Person


class People:
    """The persons, and their memberships of all tenants.

    What takes a role away also revokes the sessions that have it, in the same transaction, and
    returns the ids of those sessions.
    """

    def __init__(self, database: Database) -> None:
        """Keep the rows in a database."""
        self._database = database

    def sign_in(self, profile: Profile, roles: Mapping[str, str] | None, now: float) -> SignIn:
        """Store who signs in, redeem their invitations, and recompute their memberships.

        `roles`, by tenant id, are those that access rules give. Other memberships that rules gave
        end; those from admins, invitations and SSO stay as they are. With None, rules are not
        applied. A disabled person gets nothing. Raises SignInFailed for a subject that cannot be
        stored.
        """
        for value, column in ((profile.issuer, ISSUER), (profile.subject, SUBJECT)):
            if not value or not value.isprintable() or len(value) > (column.length or 0):
                raise SignInFailed(UNUSABLE)
        for _ in range(ATTEMPTS - 1):
            try:
                return self._sign_in(profile, roles, now)
            except IntegrityError:
                continue
        return self._sign_in(profile, roles, now)

    def get(self, person_id: str) -> Person | None:
        """Return a person, also a disabled one, or None."""
        with self._database.reading() as session:
            return session.get(Person, person_id)

    def memberships(self, person_id: str) -> list[Membership]:
        """Return a person's memberships by tenant id."""
        with self._database.reading() as session:
            return memberships.memberships_of(session, person_id)

    def members(self, tenant_id: str) -> list[Member]:
        """Return the members of a tenant by name, also disabled persons."""
        query = (
            select(Membership, Person)
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.tenant_id == tenant_id)
            .order_by(Person.name, Person.email, Person.id)
        )
        with self._database.reading() as session:
            return [Member(*result) for result in session.execute(query)]

    def grant(
        self, tenant_id: str, person_id: str, role: str, *, source: str, by: str, now: float
    ) -> list[str]:
        """Give a person a role in a tenant, in place of the one they have.

        A role that an admin or an invitation gave stays if the source is SSO. Returns the ids of
        revoked sessions.
        """
        membership = Membership(
            tenant_id=tenant_id,
            person_id=person_id,
            role=role,
            source=source,
            created_by=by,
            created_at=now,
        )
        try:
            return self._put(membership)
        except IntegrityError:  # added by another process since it was looked for
            return self._put(membership)

    def set_role(
        self,
        tenant_id: str,
        person_id: str,
        role: str,
        *,
        by: str,
        now: float,
        keep_admin: bool = False,
    ) -> list[str] | None:
        """Change a member's role, as an admin; rules no longer change it.

        Returns the ids of revoked sessions, or None if the person is no member. With `keep_admin`,
        raises NotNow if the tenant would have no admin.
        """
        with self._database.session() as session:
            membership = memberships.membership_of(session, tenant_id, person_id)
            if membership is None:
                return None
            if keep_admin and role != memberships.HIGHEST:
                memberships.require_other_admin(session, membership)
            membership.source = memberships.ADMIN
            membership.created_by = by
            return memberships.set_role(session, membership, role, now)

    def remove(
        self, tenant_id: str, person_id: str, now: float, *, keep_admin: bool = False
    ) -> list[str] | None:
        """Remove a member from a tenant; an access rule may add them at their next sign-in.

        Returns the ids of revoked sessions, or None if the person is no member. With `keep_admin`,
        raises NotNow if the tenant would have no admin.
        """
        with self._database.session() as session:
            membership = memberships.membership_of(session, tenant_id, person_id)
            if membership is None:
                return None
            if keep_admin:
                memberships.require_other_admin(session, membership)
            return memberships.remove(session, membership, now)

    def disable(self, person_id: str, now: float) -> list[str] | None:
        """Let a person do nothing any more, in any tenant.

        Returns the ids of revoked sessions, or None if there is no such person.
        """
        with self._database.session() as session:
            if not self._set_disabled(session, person_id, now):
                return None
            this = SessionRow.person_id == person_id
            return revoke(session, this, reason=PERSON_DISABLED, now=now)

    def enable(self, person_id: str) -> bool:
        """Undo `disable`; revoked sessions stay so. False if there is no such person."""
        with self._database.session() as session:
            return self._set_disabled(session, person_id, None)

    def _put(self, membership: Membership) -> list[str]:
        with self._database.session() as session:
            return memberships.put(session, membership)

    def _set_disabled(self, session: Session, person_id: str, at: float | None) -> bool:
        statement = update(Person).where(Person.id == person_id).values(disabled_at=at)
        return session.execute(statement.returning(Person.id)).first() is not None

    def _sign_in(self, profile: Profile, roles: Mapping[str, str] | None, now: float) -> SignIn:
        with self._database.session() as session:
            person = _person(session, profile, now)
            if person.disabled_at is not None:
                return SignIn(person, [], [])
            invited = redeem(session, person, now)
            revoked = [
                session_id
                for membership in invited
                for session_id in memberships.put(session, membership)
            ]
            if roles is not None:
                revoked += memberships.apply_rules(session, person.id, roles, now)
            return SignIn(person, memberships.memberships_of(session, person.id), revoked)


def _person(session: Session, profile: Profile, now: float) -> Person:
    """Return the person of a profile, brought up to date; their row is locked."""
    query = select(Person).filter_by(issuer=profile.issuer, subject=profile.subject)
    person = session.scalars(query.with_for_update()).one_or_none()
    if person is None:
        person = Person(id=uuid4().hex, issuer=profile.issuer, subject=profile.subject, seen_at=now)
        session.add(person)
    person.email = storable(profile.email, EMAIL.length)
    # An address that had to be changed to be stored is not the one that was verified.
    person.email_verified = profile.email_verified and person.email == profile.email
    person.name = storable(profile.name, SHORT_TEXT.length)
    person.seen_at = now
    session.flush()
    return person
