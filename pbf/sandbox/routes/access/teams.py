"""Teams: list, create, read, update, delete, and their role in the account."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.resources.access import teams

routes = Blueprint("teams", __name__, url_prefix="/v1/teams")


@routes.get("")
def list_teams() -> ResponseReturnValue:
    """Return the account's teams."""
    with world().lock:
        page = requested_page(world().teams.values(), views.team)
    return answer(page, message="Teams retrieved successfully")


@routes.post("")
def create_team() -> ResponseReturnValue:
    """Create a team."""
    team = teams.create(world(), body())
    return answer(views.team(team), message="Team has been created", status=201)


@routes.get("/<team_id>")
def get_team(team_id: str) -> ResponseReturnValue:
    """Return one team."""
    team = teams.get(world(), team_id)
    return answer(views.team(team), message="Team details retrieved successfully")


@routes.patch("/<team_id>")
def update_team(team_id: str) -> ResponseReturnValue:
    """Update a team."""
    team = teams.get(world(), team_id)
    teams.update(world(), team, body())
    return answer(views.team(team), message="Team has been updated")


@routes.delete("/<team_id>")
def delete_team(team_id: str) -> ResponseReturnValue:
    """Delete a team."""
    teams.delete(world(), team_id)
    return answer(message="Team has been deleted")


@routes.delete("/<team_id>/role")
def delete_role(team_id: str) -> ResponseReturnValue:
    """Remove a team's role in the account; the team stays."""
    teams.update(world(), teams.get(world(), team_id), {"role": ""})
    return answer(message="Team role in account has been removed")
