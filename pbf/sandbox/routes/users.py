"""The account, its users and roles, and the users of groups."""

from collections.abc import Iterable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, query_flag, requested_page, world
from pbf.sandbox.core.records import User
from pbf.sandbox.resources import users as account_users
from pbf.sandbox.routes.access.authorisation import caller

routes = Blueprint("users", __name__, url_prefix="/v1")
USER = "USER"


def _filtered(users: Iterable[User]) -> list[User]:
    """Return the users that the request asks for; all of them are active and people."""
    active, has_api_key = query_flag("active", default=True), query_flag("has_api_key")
    kind = request.args.get("user_type", USER)
    return [
        user
        for user in users
        if kind == USER and active and has_api_key in (None, user.has_api_key)
    ]


@routes.get("/account/info")
def get_account() -> ResponseReturnValue:
    """Return the account that the key belongs to."""
    account, sender = world(), caller()
    data = {"account_id": account.account_id, "account_name": account.account_name}
    if sender.system_key:
        data["system_key_id"] = sender.system_key.id
    else:
        data["user_id"] = account.owner_id
    return answer(data, message="Account information retrieved successfully")


@routes.get("/users")
def list_users() -> ResponseReturnValue:
    """Return the account's users; the sandbox has no suspended users."""
    with world().lock:
        page = requested_page(_filtered(world().users.values()), views.user)
    return answer(page, message="Users list retrieved successfully")


@routes.post("/users")
def create_user() -> ResponseReturnValue:
    """Invite a user."""
    user = account_users.invite(world(), body())
    return answer(views.user(user), message="User has been created", status=201)


@routes.get("/users/<user_id>")
def get_user(user_id: str) -> ResponseReturnValue:
    """Return one user."""
    user = account_users.get(world(), user_id)
    return answer(views.user(user), message="User details retrieved successfully")


@routes.patch("/users/<user_id>")
def update_user(user_id: str) -> ResponseReturnValue:
    """Update a user."""
    user = account_users.get(world(), user_id)
    account_users.update(world(), user, body(), own_id=caller().user_id)
    return answer(views.user(user), message="User has been updated")


@routes.delete("/users/<user_id>")
def delete_user(user_id: str) -> ResponseReturnValue:
    """Remove a user from the account."""
    account_users.remove(world(), user_id)
    return answer(message=f"User with id '{user_id}' has been deleted")


@routes.delete("/users/<user_id>/role")
def delete_role(user_id: str) -> ResponseReturnValue:
    """Remove a user's role in the account; the user stays in it."""
    user = account_users.get(world(), user_id)
    account_users.remove_role(world(), user, own_id=caller().user_id)
    return answer(message="User role in account has been removed")


@routes.get("/roles")
def list_roles() -> ResponseReturnValue:
    """Return the roles that users can have."""
    page = requested_page(account_users.roles(), views.role)
    return answer(page, message="Roles list retrieved successfully")


@routes.get("/groups/<group_id>/users")
def list_group_users(group_id: str) -> ResponseReturnValue:
    """Return a group's users with their roles in the group.

    Users of the whole account are among them; a role that is the account's only is empty here.
    """
    account = world()
    with account.lock:
        members = account.members[account.group(group_id).id]
        users = [account.users[user_id] for user_id in members]
        users += [user for user in account.users.values() if user.role and user.id not in members]
        page = requested_page(
            _filtered(users),
            lambda user: {
                **views.user(user),
                "role": members[user.id].role if user.id in members else "",
            },
        )
    return answer(page, message="Group users retrieved successfully")


@routes.post("/groups/<group_id>/users")
def add_group_user(group_id: str) -> ResponseReturnValue:
    """Add a user to a group."""
    world().group(group_id)
    account_users.join(world(), group_id, body())
    return answer(message="User has been added to the group")


@routes.delete("/groups/<group_id>/users/<user_id>")
def remove_group_user(group_id: str, user_id: str) -> ResponseReturnValue:
    """Remove a user from a group."""
    account_users.leave(world(), group_id, user_id)
    return answer(message=f"User with id '{user_id}' has been removed from the group")
