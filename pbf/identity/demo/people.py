"""The people of the demo, as whom visitors may look at the embedded sandbox."""

from dataclasses import dataclass, field

from pbf.identity.claims import Claims
from pbf.identity.memberships import Members
from pbf.identity.sessions import Sessions
from pbf.identity.tenants import Tenants
from pbf.rules.access.permissions import Role

# Who vouches for the people of the demo, and how they sign in.
ISSUER = METHOD = "demo"


@dataclass(frozen=True)
class SamplePerson:
    """A person of the demo, and the tenant and role of the session that starts.

    An operator starts outside all tenants. `others` are roles in further tenants.
    """

    id: str
    name: str
    tenant_id: str
    role: Role
    others: dict[str, Role] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """The address of the person, at a domain that is reserved for examples."""
        return f"{self.id}@example.com"


SAMPLE_PEOPLE = (
    SamplePerson("mia", "Mia Chen", "acme", Role.VIEWER),
    SamplePerson("jonas", "Jonas Weber", "acme", Role.EDITOR),
    SamplePerson("amara", "Amara Obi", "acme", Role.ADMIN),
    SamplePerson("lena", "Lena Park", "globex", Role.EDITOR, {"acme": Role.VIEWER}),
    SamplePerson("ravi", "Ravi Nair", "initech", Role.ADMIN),
    SamplePerson("olivia", "Olivia Grant", "", Role.OPERATOR),
)


@dataclass(frozen=True)
class Choice:
    """A person whom a visitor may choose, with the name of the tenant; empty for an operator."""

    id: str
    tenant_id: str
    tenant: str
    role: Role
    name: str


class Demo:
    """Starts sessions for the people of the demo."""

    def __init__(self, tenants: Tenants, members: Members, sessions: Sessions) -> None:
        """Start sessions in these tenants."""
        self._tenants = tenants
        self._members = members
        self._sessions = sessions

    def choices(self) -> list[Choice]:
        """Return whom visitors may choose."""
        names = {tenant.id: tenant.name for tenant in self._tenants.all()}
        return [
            Choice(
                person.id,
                person.tenant_id,
                names.get(person.tenant_id, ""),
                person.role,
                person.name,
            )
            for person in SAMPLE_PEOPLE
        ]

    def start(self, person_id: str) -> str | None:
        """Return the cookie of a new session for a person; None if there is no such person.

        Raises StoreFailed.
        """
        person = next((person for person in SAMPLE_PEOPLE if person.id == person_id), None)
        if person is None:
            return None
        person_id = self._add(person)
        return self._sessions.start(person_id, person.tenant_id, person.role, method=METHOD)

    def add_people(self) -> None:
        """Store all people, so that they are members of their tenants before anybody is chosen."""
        for person in SAMPLE_PEOPLE:
            self._add(person)

    def _add(self, person: SamplePerson) -> str:
        claims = Claims(METHOD, ISSUER, person.id, person.email, True, person.name)
        return self._members.sign_in(claims, _roles(person)).person.id


def _roles(person: SamplePerson) -> dict[str, Role]:
    own = {person.tenant_id: person.role} if person.tenant_id else {}
    return {**own, **person.others}
