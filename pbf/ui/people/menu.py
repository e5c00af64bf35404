"""Whether the menu lists the People screen."""

from pbf.errors import PbfError
from pbf.rules.access.permissions import Permission
from pbf.runtime import runtime
from pbf.ui import session


def people_are_listed() -> bool:
    """Return whether the visitor may manage people; the page itself says why not."""
    try:
        identity = session.identity()
        is_on = runtime().identity.administration.is_on
        return is_on and bool(identity.tenant_id) and session.may(Permission.MANAGE_PEOPLE)
    except PbfError:
        return False
