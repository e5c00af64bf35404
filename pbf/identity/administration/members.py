"""The members of a tenant: their roles, and who is invited to become one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from pbf.clock import current_time
from pbf.errors import InputError, NotNow, NotPermitted, UnknownItem
from pbf.identity.administration.scope import Scope, check_rank
from pbf.identity.memberships import Members
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from pbf.rules.time_zones import moment
from pbf.store.identity.member_invitations import normalized
from pbf.store.identity.memberships import RULE
from pbf.store.identity.people import Member as StoredMember
from pbf.store.identity.tables import MemberInvitation
from pbf.store.store import Store

DAY = 24 * 3600.0
INVITATION_DAYS = 14
LONGEST_EMAIL = 254
ROLES = frozenset(Role)
# As browsers check it in a form, with a dot in the domain.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}", re.ASCII)

UNKNOWN_MEMBER = "The tenant has no such member. They may have been removed."
UNKNOWN_INVITATION = "The tenant has no open invitation to this address."
OWN_ROLE = (
    "You cannot change your own role or remove yourself, so that you do not lock yourself out. Ask "
    "another admin or an operator."
)
FROM_POLICY = (
    "This role comes from the policy file and is given again at each sign-in. Change the access "
    "rule there."
)


@dataclass(frozen=True)
class Member:
    """A member; `source` is "rule" (the policy file), "admin", "sso" or "invitation".

    `last_visit` is the last sign-in or the last use of an open session.
    """

    id: str
    name: str
    email: str
    role: Role
    source: str
    last_visit: datetime
    is_disabled: bool

    @property
    def title(self) -> str:
        """What screens call the person."""
        return self.name or self.email or self.id

    @property
    def is_fixed(self) -> bool:
        """Whether the policy file gives the role, so that it cannot be changed here."""
        return self.source == RULE


@dataclass(frozen=True)
class Invitation:
    """An e-mail address that becomes a member at its first sign-in; `id` stands for it in paths."""

    id: str
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    is_open: bool


class MemberAdministration:
    """Lists and changes the members of tenants; every method raises what `Scope.tenant` does."""

    def __init__(
        self,
        store: Store,
        scope: Scope,
        members: Members,
        sessions: Sessions,
        *,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Administer these members within a scope."""
        self._people = store.people
        self._invitations = store.invitations
        self._scope = scope
        self._members = members
        self._sessions = sessions
        self._clock = clock

    def listed(self, identity: Identity, tenant_id: str) -> list[Member]:
        """Return the members by name."""
        self._scope.tenant(identity, tenant_id)
        return self._listed(tenant_id)

    def set_role(self, identity: Identity, tenant_id: str, person_id: str, role: Role) -> Member:
        """Change a member's role; their sessions in the tenant end.

        Raises UnknownItem, NotPermitted or NotNow.
        """
        tenant = self._scope.tenant(identity, tenant_id)
        member = self._member(tenant_id, person_id)
        if member.role == role:
            return member
        details = f"{member.title}: {member.role} to {role}"
        with self._scope.record(identity, "change a role", details, group_id=tenant.group_id):
            self._check(identity, member)
            check_rank(identity, role)
            keep = not identity.is_operator
            by = identity.actor or "page"
            if not self._members.set_role(tenant_id, person_id, role, by=by, keep_admin=keep):
                raise UnknownItem(UNKNOWN_MEMBER)
        return self._member(tenant_id, person_id)

    def remove(self, identity: Identity, tenant_id: str, person_id: str) -> None:
        """Remove a member; their sessions in the tenant end.

        Raises UnknownItem, NotPermitted or NotNow.
        """
        tenant = self._scope.tenant(identity, tenant_id)
        member = self._member(tenant_id, person_id)
        details = f"{member.title}: {member.role}"
        with self._scope.record(identity, "remove a person", details, group_id=tenant.group_id):
            self._check(identity, member)
            keep = not identity.is_operator
            if not self._members.remove(tenant_id, person_id, keep_admin=keep):
                raise UnknownItem(UNKNOWN_MEMBER)

    def invitations(self, identity: Identity, tenant_id: str) -> list[Invitation]:
        """Return the invitations, the newest first; also used and expired ones for a while."""
        self._scope.tenant(identity, tenant_id)
        rows = self._invitations.listed(tenant_id)
        return [self._invitation(row) for row in rows if row.role in ROLES]

    def invite(self, identity: Identity, tenant_id: str, email: str, role: Role) -> Invitation:
        """Invite an e-mail address for 14 days; an earlier invitation to it is replaced.

        Raises InputError, NotPermitted or NotNow.
        """
        tenant = self._scope.tenant(identity, tenant_id)
        address = checked_address(email)
        details = f"{address}: {role}"
        with self._scope.record(identity, "invite a person", details, group_id=tenant.group_id):
            check_rank(identity, role)
            if any(normalized(member.email) == address for member in self._listed(tenant_id)):
                raise NotNow(
                    f"{address} is a member already. Change their role among the members instead."
                )
            now = self._clock()
            end = now + INVITATION_DAYS * DAY
            by = identity.actor or "page"
            row = self._invitations.put(tenant_id, address, role, by=by, now=now, expires_at=end)
        return self._invitation(row)

    def withdraw(self, identity: Identity, tenant_id: str, invitation_id: str) -> None:
        """Withdraw an invitation that was not used; raise UnknownItem if there is none."""
        tenant = self._scope.tenant(identity, tenant_id)
        rows = self._invitations.listed(tenant_id)
        email = next((row.email for row in rows if _id_of(row.email) == invitation_id), None)
        if email is None:
            raise UnknownItem(UNKNOWN_INVITATION)
        action = "withdraw an invitation"
        with self._scope.record(identity, action, email, group_id=tenant.group_id):
            if not self._invitations.remove(tenant_id, email):
                raise UnknownItem(UNKNOWN_INVITATION)

    def _listed(self, tenant_id: str) -> list[Member]:
        visits = {
            session.row.person_id: session.row.seen_at
            for session in reversed(self._sessions.open_sessions(tenant_id=tenant_id))
        }
        stored = self._people.members(tenant_id)
        members = [_member(member, visits) for member in stored if member.membership.role in ROLES]
        return sorted(members, key=lambda member: (member.title.casefold(), member.id))

    def _member(self, tenant_id: str, person_id: str) -> Member:
        for member in self._listed(tenant_id):
            if member.id == person_id:
                return member
        raise UnknownItem(UNKNOWN_MEMBER)

    def _check(self, identity: Identity, member: Member) -> None:
        if member.is_fixed:
            raise NotNow(FROM_POLICY)
        if member.id == identity.person_id and not identity.is_operator:
            raise NotNow(OWN_ROLE)
        if member.role.rank > identity.role.rank:
            raise NotPermitted(
                f"Your role is {identity.role}, and {member.title} has a higher one. Ask an "
                "operator."
            )

    def _invitation(self, row: MemberInvitation) -> Invitation:
        is_open = row.used_at is None and row.expires_at > self._clock()
        return Invitation(
            _id_of(row.email),
            row.email,
            Role(row.role),
            moment(row.created_at),
            moment(row.expires_at),
            moment(row.used_at),
            is_open,
        )


def checked_address(email: str) -> str:
    """Return an e-mail address in lower case; raise InputError if it is none."""
    address = normalized(email)
    if len(address) > LONGEST_EMAIL or not EMAIL.fullmatch(address):
        raise InputError(
            "This is not an e-mail address. Use one such as ada@example.com, without a name or "
            "brackets around it."
        )
    return address


def _id_of(email: str) -> str:
    """Return what stands for an address in paths, which servers write to their logs."""
    return sha256(email.encode()).hexdigest()[:20]


def _member(stored: StoredMember, visits: dict[str, float]) -> Member:
    person, membership = stored.person, stored.membership
    return Member(
        person.id,
        person.name,
        person.email,
        Role(membership.role),
        membership.source,
        moment(max(person.seen_at, visits.get(person.id, 0.0))),
        person.disabled_at is not None,
    )
