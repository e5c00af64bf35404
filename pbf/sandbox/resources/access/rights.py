"""What a key may see and change: the actions that its permissions or its user's roles allow.

https://fivetran.com/docs/rest-api/getting-started/system-keys
"""

from collections.abc import Iterable
from typing import NamedTuple

from pbf.sandbox.core.records import Permission, SystemKey, Team, User
from pbf.sandbox.core.world import World

READ, CREATE, CHANGE, DELETE = "read", "create", "change", "delete"
ACTIONS = {
    "NONE": frozenset[str](),
    "READ": frozenset({READ}),
    "CREATE": frozenset({CREATE}),
    "EDIT": frozenset({READ, CREATE, CHANGE}),
    "MANAGE": frozenset({READ, CREATE, CHANGE, DELETE}),
}
"""The actions of each level; CREATE and EDIT are the levels of roles alone."""

ACCOUNT, CONNECTOR, DESTINATION = "ACCOUNT", "CONNECTOR", "DESTINATION"
TRANSFORMATION = "TRANSFORMATION"
KINDS = (
    *(ACCOUNT, CONNECTOR, DESTINATION, TRANSFORMATION),
    *("USER", "ROLES", "WEBHOOK", "TEAM", "PRIVATE_LINK", "PROXY", "REMOTE_EXECUTION_AGENT"),
)
WITHIN = (DESTINATION, CONNECTOR, TRANSFORMATION)

# What no source says in detail follows the descriptions of the roles.
ACCOUNT_ROLES = {
    "Account Analyst": (
        *((kind, "MANAGE") for kind in WITHIN),
        *((kind, "READ") for kind in KINDS),
    ),
    "Account Billing": ((ACCOUNT, "READ"),),
    "Account Reviewer": tuple((kind, "READ") for kind in KINDS),
    "Destination Creator": ((ACCOUNT, "READ"), (DESTINATION, "CREATE")),
}
GROUP_ROLES = {
    **dict.fromkeys(("Manage Destination", "Destination Administrator"), ("MANAGE", "MANAGE")),
    **dict.fromkeys(("Edit Destination", "Destination Analyst"), ("EDIT", "EDIT")),
    **dict.fromkeys(("View Destination", "Destination Reviewer"), ("READ", "READ")),
    **dict.fromkeys(("Create Connection", "Connector Creator"), ("READ", "CREATE")),
}
"""The levels of destination and connections for each role in a group."""
CONNECTION_ROLES = {
    **dict.fromkeys(
        ("Manage Connection", "Connection Administrator", "Connector Administrator"), "MANAGE"
    ),
    "Edit Connection": "EDIT",
    "View Connection": "READ",
}
ADMINISTRATOR = "Account Administrator"


class Thing(NamedTuple):
    """What a request is about: a kind of resource, and one of them or one group, if any."""

    kind: str
    id: str = ""
    group_id: str = ""


class Rights:
    """Everything: the rights of an administrator's key."""

    complete = True

    def allow(self, _action: str, _thing: Thing) -> bool:
        """Return whether an action is allowed with a thing."""
        return True

    def allow_some(self, _action: str, _kind: str) -> bool:
        """Return whether an action is allowed with some things of a kind."""
        return True


class LimitedRights(Rights):
    """The rights that permissions give.

    For a system key, a permission for single ids overrides one for groups, and that one the
    general one. Roles only add rights.
    """

    complete = False

    def __init__(self, permissions: Iterable[Permission], *, override: bool) -> None:
        """Allow what the permissions do, all together or the most specific ones."""
        self._permissions = tuple(permissions)
        self._override = override

    def allow(self, action: str, thing: Thing) -> bool:
        """Return whether an action is allowed with a thing."""
        ranked = [
            (_rank(permission, thing), permission)
            for permission in self._permissions
            if permission.kind == thing.kind
        ]
        most = max((rank for rank, _ in ranked), default=0)
        return any(
            action in ACTIONS[permission.level]
            for rank, permission in ranked
            if rank and (rank == most or not self._override)
        )

    def allow_some(self, action: str, kind: str) -> bool:
        """Return whether an action is allowed with some things of a kind."""
        return any(
            action in ACTIONS[permission.level]
            for permission in self._permissions
            if permission.kind == kind
        )


def _rank(permission: Permission, thing: Thing) -> int:
    """Return how specifically a permission applies to a thing: 0 if it does not."""
    if thing.id in permission.ids:
        return 3
    if thing.group_id in permission.group_ids:
        return 2
    return 0 if permission.ids or permission.group_ids else 1


def of_key(key: SystemKey) -> Rights:
    """Return the rights of a system key."""
    return LimitedRights(key.permissions, override=True)


def of_user(world: World, user: User) -> Rights:
    """Return the rights that a user's own roles and those of the user's teams give."""
    teams = [team for team in world.teams.values() if user.id in team.users]
    roles = {user.role or "", *(team.role for team in teams)}
    if ADMINISTRATOR in roles:
        return Rights()
    own = {
        group: members[user.id] for group, members in world.members.items() if user.id in members
    }
    groups = [*own.items(), *(item for team in teams for item in team.groups.items())]
    holders: list[User | Team] = [user, *teams]
    connections = [item for holder in holders for item in holder.connections.items()]
    permissions = [
        *(_general(role) for role in sorted(roles)),
        *(_in_group(group_id, member.role) for group_id, member in groups),
        *(_in_connection(connection_id, member.role) for connection_id, member in connections),
    ]
    return LimitedRights((one for some in permissions for one in some), override=False)


def _general(role: str) -> list[Permission]:
    return [Permission(kind, level) for kind, level in ACCOUNT_ROLES.get(role, ())]


def _in_group(group_id: str, role: str) -> list[Permission]:
    destination, connections = GROUP_ROLES[role]
    return [
        Permission(DESTINATION, destination, ids=(group_id,)),
        Permission(CONNECTOR, connections, group_ids=(group_id,)),
        Permission(TRANSFORMATION, destination, group_ids=(group_id,)),
    ]


def _in_connection(connection_id: str, role: str) -> list[Permission]:
    return [Permission(CONNECTOR, CONNECTION_ROLES[role], ids=(connection_id,))]
