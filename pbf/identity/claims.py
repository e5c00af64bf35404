"""What ways of signing in yield: claims about a person, and the results of sign-in and sign-out."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Claims:
    """A person as a provider describes them; `issuer` and `subject` together identify them.

    `all` contains the provider's claims as they are, for access rules. `sid` is the provider's own
    session, and `id_token` is sent back to the provider at sign-out.
    """

    provider: str
    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    all: Mapping[str, object] = field(default_factory=dict)
    sid: str = ""
    id_token: str = field(default="", repr=False)


def is_other_person(claims: Claims, *, issuer: str, subject: str) -> bool:
    """Return whether claims are about another person than this one, such as that of a session."""
    return (claims.issuer, claims.subject) != (issuer, subject)


@dataclass(frozen=True)
class NoAccess:
    """A person who signed in but is a member of no tenant; `account` is what they signed in as."""

    account: str


@dataclass(frozen=True)
class Ended:
    """A session that was ended here: where it came from, to end it there, too."""

    provider: str = ""
    issuer: str = ""
    id_token: str = field(default="", repr=False)
