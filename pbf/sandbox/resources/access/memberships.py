"""Memberships: the roles of users and teams in groups and connections, and of users in teams."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pbf.sandbox.core.errors import Conflict, NotFound
from pbf.sandbox.core.records import Member, Team, User
from pbf.sandbox.core.validation import required
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import users
from pbf.sandbox.resources.access import teams

SCOPES = {"Group": "DESTINATION", "Connection": "CONNECTOR", "User": "TEAM"}
"""The scope of the roles in each kind of thing; users are in a team."""


class Place(NamedTuple):
    """Where a membership is stored if it exists: among `members`, under `key`.

    `kind` and `id` are what errors name: the group or connection, or the user of a team.
    """

    members: dict[str, Member]
    key: str
    kind: str
    id: str


def in_group(world: World, holder: User | Team, group_id: str) -> Place:
    """Return the place of a user or team in a group, which may not exist."""
    if isinstance(holder, Team):
        return Place(holder.groups, group_id, "Group", group_id)
    return Place(world.members.get(group_id, {}), holder.id, "Group", group_id)


def in_connection(holder: User | Team, connection_id: str) -> Place:
    """Return the place of a user or team in a connection, which may not exist."""
    return Place(holder.connections, connection_id, "Connection", connection_id)


def in_team(world: World, team_id: str, user_id: str) -> Place:
    """Return the place of a user in a team; the user may not exist."""
    return Place(teams.get(world, team_id).users, user_id, "User", user_id)


def groups_of(world: World, holder: User | Team) -> dict[str, Member]:
    """Return the groups of a user or team, by id."""
    if isinstance(holder, Team):
        return holder.groups
    return {
        group_id: members[holder.id]
        for group_id, members in world.members.items()
        if holder.id in members
    }


def get(place: Place) -> Member:
    """Return a membership."""
    if place.key not in place.members:
        text = f"Membership in {place.kind.lower()} with id '{place.id}' does not exist."
        if place.kind == "User":
            text = f"Membership of user with id '{place.id}' does not exist."
        raise NotFound(text)
    return place.members[place.key]


def add(world: World, place: Place, role: str) -> Member:
    """Add a membership with a role of the right scope."""
    users.refuse_unknown_role(role, SCOPES[place.kind])
    with world.lock:
        if place.key in place.members:
            status = world.assumptions.member_again_status
            text = f"Membership for {place.kind.lower()} with id '{place.id}' already exists"
            raise Conflict(text, status=status)
        place.members[place.key] = Member(role, world.clock())
        return place.members[place.key]


def change(world: World, place: Place, body: Mapping[str, Any]) -> Member:
    """Change the role of a membership."""
    member, role = get(place), required(body, "role")
    users.refuse_unknown_role(role, SCOPES[place.kind])
    with world.lock:
        member.role = role
        return member


def remove(world: World, place: Place) -> Member:
    """Remove a membership and return it."""
    with world.lock:
        member = get(place)
        del place.members[place.key]
        return member
