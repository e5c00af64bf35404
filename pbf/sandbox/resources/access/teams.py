"""Teams: create, read, update, delete, and their role in the account."""

from collections.abc import Mapping
from typing import Any

from pbf.sandbox.core.errors import NotFound
from pbf.sandbox.core.records import Team
from pbf.sandbox.core.validation import checked_fields, required
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import users

FIELDS: Mapping[str, type] = {"name": str, "description": str, "role": str}


def get(world: World, team_id: str) -> Team:
    """Return one team."""
    if team_id not in world.teams:
        raise NotFound.of("Team", team_id)
    return world.teams[team_id]


def create(world: World, body: Mapping[str, Any]) -> Team:
    """Create a team."""
    required(body, "name")
    fields = _checked(body)
    with world.lock:
        team = Team(world.ids.make(world.teams), fields["name"])
        team.description, team.role = fields.get("description", ""), fields.get("role", "")
        world.teams[team.id] = team
        return team


def update(world: World, team: Team, body: Mapping[str, Any]) -> None:
    """Update a team."""
    fields = _checked(body)
    with world.lock:
        for name, value in fields.items():
            setattr(team, name, value)


def delete(world: World, team_id: str) -> None:
    """Delete a team; its users stay in the account."""
    with world.lock:
        del world.teams[get(world, team_id).id]


def _checked(body: Mapping[str, Any]) -> dict[str, str]:
    fields = checked_fields({name: body.get(name) for name in FIELDS}, FIELDS)
    if "name" in fields:
        required(fields, "name")
    if fields.get("role"):
        users.refuse_unknown_role(fields["role"], "ACCOUNT")
    return fields
