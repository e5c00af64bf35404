"""Users: the account's users, its roles, and the members of its groups."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from pbf.sandbox.core.records import Member, Role, User
from pbf.sandbox.core.validation import checked_fields, required
from pbf.sandbox.core.world import World

LONGEST_EMAIL = 254
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
CHANGEABLE = ("given_name", "family_name", "phone", "picture", "role")


@cache
def roles() -> tuple[Role, ...]:
    """Return the roles that users can have."""
    return tuple(Role(**role) for role in read_data("roles.json"))


def get(world: World, user_id: str) -> User:
    """Return one user."""
    if user_id not in world.users:
        raise NotFound.of("User", user_id)
    return world.users[user_id]


def invite(world: World, body: Mapping[str, Any]) -> User:
    """Invite a user to the account."""
    email = required(body, "email")
    given_name, family_name = required(body, "given_name"), required(body, "family_name")
    if len(email) > LONGEST_EMAIL or not EMAIL.fullmatch(email):
        raise InvalidInput("Invalid 'email' value")
    fields = _checked(body)
    with world.lock:
        if any(user.email == email for user in world.users.values()):
            status = world.assumptions.member_again_status
            raise Conflict(f"User with email '{email}' already exists", status=status)
        user_id = world.ids.make(world.users)
        role = fields.get("role")
        user = User(user_id, email, given_name, family_name, role, world.clock(), invited=True)
        user.phone, user.picture = fields.get("phone"), fields.get("picture")
        world.users[user_id] = user
        return user


def update(world: World, user: User, body: Mapping[str, Any], *, own_id: str | None = None) -> None:
    """Update a user; nobody may change their own role."""
    fields = _checked(body)
    if fields.get("role", user.role) != user.role:
        _refuse_own_role(world, user, own_id)
    with world.lock:
        for name, value in fields.items():
            setattr(user, name, value)


def remove_role(world: World, user: User, *, own_id: str | None = None) -> None:
    """Remove a user's role in the account; the user stays in it."""
    _refuse_own_role(world, user, own_id)
    with world.lock:
        user.role = None


def _refuse_own_role(world: World, user: User, own_id: str | None) -> None:
    if user.id == own_id:
        status = world.assumptions.own_role_change_status
        raise Forbidden("You cannot change your own role", status=status)


def _checked(body: Mapping[str, Any]) -> dict[str, str]:
    changes = {name: body.get(name) for name in CHANGEABLE}
    fields = checked_fields(changes, dict.fromkeys(CHANGEABLE, str))
    if "role" in fields:
        refuse_unknown_role(fields["role"], "ACCOUNT")
    return fields


def refuse_unknown_role(name: str, scope: str) -> None:
    """Raise InvalidInput for a name that no role of a scope has."""
    if not any(role.name == name and role.scope == scope for role in roles()):
        raise InvalidInput(f"Invalid role name '{name}'")


def remove(world: World, user_id: str) -> None:
    """Remove a user from the account and all its groups."""
    with world.lock:
        get(world, user_id)
        if user_id == world.owner_id:
            status = world.assumptions.own_user_delete_status
            text = "The user that the API key belongs to cannot be deleted"
            raise Forbidden(text, status=status)
        del world.users[user_id]
        for members in world.members.values():
            members.pop(user_id, None)
        for team in world.teams.values():
            team.users.pop(user_id, None)


def join(world: World, group_id: str, body: Mapping[str, Any]) -> None:
    """Add a user of the account to a group."""
    email, role = required(body, "email"), required(body, "role")
    refuse_unknown_role(role, "DESTINATION")
    with world.lock:
        members = world.members[world.group(group_id).id]
        matching = (user for user in world.users.values() if user.email == email)
        user = next(matching, None)
        if user is None:
            raise NotFound(f"User with email '{email}' does not exist.")
        if user.id in members:
            status = world.assumptions.member_again_status
            raise Conflict(f"User with id '{user.id}' is already in the group", status=status)
        members[user.id] = Member(role, world.clock())


def leave(world: World, group_id: str, user_id: str) -> None:
    """Remove a user from a group."""
    with world.lock:
        members = world.members[world.group(group_id).id]
        if user_id not in members:
            raise NotFound.of("User", user_id)
        del members[user_id]
