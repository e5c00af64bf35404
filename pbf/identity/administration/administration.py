"""All that admins and operators may administer, in one object."""

from collections.abc import Callable
from dataclasses import dataclass

from pbf.identity.administration.members import MemberAdministration
from pbf.identity.administration.scope import Scope
from pbf.identity.administration.sessions import SessionAdministration
from pbf.identity.administration.tenants import TenantAdministration
from pbf.identity.administration.tokens import TokenAdministration
from pbf.identity.api_tokens import ApiTokens
from pbf.identity.memberships import Members
from pbf.identity.sessions import Sessions
from pbf.identity.tenants import Tenants
from pbf.store.store import Store


@dataclass(frozen=True)
class Administration:
    """Members, sessions, tokens and tenants; `is_on` is whether people can sign in at all."""

    members: MemberAdministration
    sessions: SessionAdministration
    tokens: TokenAdministration
    tenants: TenantAdministration
    is_on: bool


def administration_of(
    store: Store,
    tenants: Tenants,
    members: Members,
    sessions: Sessions,
    tokens: ApiTokens,
    *,
    is_on: bool,
    check_group: Callable[[str], object],
) -> Administration:
    """Return the administration; `check_group` raises NotFound for a group that is not visible."""
    scope = Scope(tenants, store.audit, is_on=is_on)
    return Administration(
        MemberAdministration(store, scope, members, sessions),
        SessionAdministration(scope, sessions),
        TokenAdministration(scope, tokens, store.people),
        TenantAdministration(store, scope, sessions, check_group=check_group),
        is_on,
    )
