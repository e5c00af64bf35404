"""Which pages the menu lists for whom; it protects nothing, each page checks by itself."""

from dataclasses import dataclass
from enum import Enum

from pbf.errors import PbfError
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Permission, allows
from pbf.runtime import runtime
from pbf.ui import session


class Place(Enum):
    """Where a page belongs."""

    TENANT = "about the connectors of one tenant"
    UNLISTED = "about one thing, which another page leads to"
    OPERATORS = "about all tenants"


@dataclass(frozen=True)
class Entry:
    """A page, named like its file and its path, and the permission without which it is hidden."""

    name: str
    title: str
    place: Place = Place.TENANT
    permission: Permission = Permission.VIEW


def visitor() -> Identity | None:
    """Return who looks at the menu; None if nobody is signed in or the settings are wrong.

    The page that opens then says what is the matter.
    """
    try:
        return session.identity()
    except PbfError:
        return None


def shown(entry: Entry, identity: Identity | None) -> bool:
    """Return whether the menu lists a page for a visitor."""
    if identity is None or entry.place is Place.UNLISTED:
        return False
    if entry.permission is Permission.MANAGE_PEOPLE and not _has_people():
        return False
    if entry.place is Place.OPERATORS:
        return identity.is_operator
    return bool(identity.tenant_id) and allows(identity.role, entry.permission)


def _has_people() -> bool:
    """Return whether people sign in here, or may look around as different people."""
    return runtime().identity.administration.is_on
