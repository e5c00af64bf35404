"""Memberships: the users of teams, and the groups and connections of users and teams."""

from collections.abc import Callable
from itertools import product
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, query_flag, requested_page, world
from pbf.sandbox.core.records import Team, User
from pbf.sandbox.core.validation import checked_fields, required
from pbf.sandbox.resources import users
from pbf.sandbox.resources.access import memberships, teams

routes = Blueprint("memberships", __name__, url_prefix="/v1")


def _holder(holders: str, holder_id: str) -> User | Team:
    account = world()
    if holders == "users":
        return users.get(account, holder_id)
    return teams.get(account, holder_id)


def _place(holders: str, holder_id: str, things: str, thing_id: str) -> memberships.Place:
    holder = _holder(holders, holder_id)
    if things == "groups":
        return memberships.in_group(world(), holder, thing_id)
    return memberships.in_connection(holder, thing_id)


def _place_of_existing(holders: str, holder_id: str, things: str, id: str) -> memberships.Place:
    """Return a place in a group or connection; raise NotFound if that does not exist."""
    if things == "groups":
        world().group(id)
    else:
        world().connection(id)
    return _place(holders, holder_id, things, id)


def list_memberships(holders: str, holder_id: str, things: str) -> ResponseReturnValue:
    """Return the groups or connections of a user or team."""
    account, holder = world(), _holder(holders, holder_id)
    with account.lock:
        members = holder.connections
        if things == "groups":
            members = memberships.groups_of(account, holder)
        page = requested_page(members.items(), lambda pair: views.membership(*pair))
    message = f"Team {things[:-1]} memberships retrieved successfully"
    if holders == "users":
        message = f"User memberships in {things} retrieved successfully"
    return answer(page, message=message)


def add_membership(holders: str, holder_id: str, things: str) -> ResponseReturnValue:
    """Give a user or team a role in a group or connection."""
    _holder(holders, holder_id)
    fields = body()
    thing_id, role = required(fields, "id"), required(fields, "role")
    with world().lock:
        place = _place_of_existing(holders, holder_id, things, thing_id)
        member = memberships.add(world(), place, role)
    data = views.membership(thing_id, member)
    return answer(data, message=f"{place.kind} membership has been created", status=201)


def get_membership(holders: str, holder_id: str, things: str, thing_id: str) -> ResponseReturnValue:
    """Return the role of a user or team in a group or connection."""
    member = memberships.get(_place(holders, holder_id, things, thing_id))
    message = f"Team {things[:-1]} membership retrieved successfully"
    if holders == "users":
        message = f"User membership in {things[:-1]} retrieved successfully"
    return answer(views.membership(thing_id, member), message=message)


def update_membership(
    holders: str, holder_id: str, things: str, thing_id: str
) -> ResponseReturnValue:
    """Change the role of a user or team in a group or connection."""
    place = _place(holders, holder_id, things, thing_id)
    member = memberships.change(world(), place, body())
    message = f"{place.kind} membership has been updated"
    if (holders, things) == ("users", "groups"):  # the only one that the definition gives no data
        return answer(message=message)
    return answer(views.membership(thing_id, member), message=message)


def delete_membership(
    holders: str, holder_id: str, things: str, thing_id: str
) -> ResponseReturnValue:
    """Take the role in a group or connection from a user or team."""
    place = _place(holders, holder_id, things, thing_id)
    member = memberships.remove(world(), place)
    message = f"{place.kind} membership has been deleted"
    if (holders, things) == ("users", "connections"):  # the only one that the definition gives data
        return answer(views.membership(thing_id, member), message=message)
    return answer(message=message)


VIEWS: tuple[tuple[str, str, Callable[..., ResponseReturnValue]], ...] = (
    ("GET", "", list_memberships),
    ("POST", "", add_membership),
    ("GET", "/<thing_id>", get_membership),
    ("PATCH", "/<thing_id>", update_membership),
    ("DELETE", "/<thing_id>", delete_membership),
)
for _holders, _things in product(("users", "teams"), ("groups", "connections")):
    for _method, _end, _view in VIEWS:
        routes.add_url_rule(
            f"/{_holders}/<holder_id>/{_things}{_end}",
            f"{_view.__name__}_{_holders}_{_things}",
            _view,
            methods=[_method],
            defaults={"holders": _holders, "things": _things},
        )


@routes.get("/teams/<team_id>/users")
def list_team_users(team_id: str) -> ResponseReturnValue:
    """Return a team's users; all of them are active."""
    team = teams.get(world(), team_id)
    with world().lock:
        members = team.users.items() if query_flag("active", default=True) else []
        page = requested_page(members, lambda pair: views.team_user(*pair))
    return answer(page, message="Team users retrieved successfully")


@routes.post("/teams/<team_id>/users")
def add_team_user(team_id: str) -> ResponseReturnValue:
    """Add a user to a team, by default as a member."""
    teams.get(world(), team_id)
    fields: dict[str, Any] = {"role": "Team Member", **checked_fields(body(), {})}
    user_id, role = required(fields, "user_id"), required(fields, "role")
    with world().lock:
        users.get(world(), user_id)
        member = memberships.add(world(), memberships.in_team(world(), team_id, user_id), role)
    data = views.team_user(user_id, member)
    return answer(data, message="User has been added to the team", status=201)


@routes.get("/teams/<team_id>/users/<user_id>")
def get_team_user(team_id: str, user_id: str) -> ResponseReturnValue:
    """Return a user's role in a team."""
    member = memberships.get(memberships.in_team(world(), team_id, user_id))
    return answer(
        views.team_user(user_id, member), message="Team user details retrieved successfully"
    )


@routes.patch("/teams/<team_id>/users/<user_id>")
def update_team_user(team_id: str, user_id: str) -> ResponseReturnValue:
    """Change a user's role in a team."""
    member = memberships.change(world(), memberships.in_team(world(), team_id, user_id), body())
    return answer(views.team_user(user_id, member), message="User role has been updated")


@routes.delete("/teams/<team_id>/users/<user_id>")
def delete_team_user(team_id: str, user_id: str) -> ResponseReturnValue:
    """Remove a user from a team."""
    memberships.remove(world(), memberships.in_team(world(), team_id, user_id))
    return answer(message="User has been removed from the team")
