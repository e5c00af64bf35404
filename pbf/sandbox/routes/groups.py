"""Groups, their connections, and their keys."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.resources import groups
from pbf.sandbox.routes.access.authorisation import destination_thing, readable
from pbf.sandbox.routes.connections import page_of

routes = Blueprint("groups", __name__, url_prefix="/v1")


@routes.get("/groups")
def list_groups() -> ResponseReturnValue:
    """Return the account's groups."""
    with world().lock:
        groups_seen = readable(world().groups.values(), lambda group: destination_thing(group.id))
        page = requested_page(groups_seen, views.group)
    return answer(page, message="Groups retrieved successfully")


@routes.post("/groups")
def create_group() -> ResponseReturnValue:
    """Create a group."""
    group = groups.create(world(), body())
    return answer(views.group(group), message="Group has been created", status=201)


@routes.get("/groups/<group_id>")
def get_group(group_id: str) -> ResponseReturnValue:
    """Return one group."""
    group = world().group(group_id)
    return answer(views.group(group), message="Group details retrieved successfully")


@routes.patch("/groups/<group_id>")
def update_group(group_id: str) -> ResponseReturnValue:
    """Rename a group."""
    group = groups.rename(world(), group_id, body())
    return answer(views.group(group), message="Group has been updated")


@routes.delete("/groups/<group_id>")
def delete_group(group_id: str) -> ResponseReturnValue:
    """Delete a group."""
    world().delete_group(group_id)
    return answer(message=f"Group with id '{group_id}' has been deleted")


@routes.get("/groups/<group_id>/connections")
def list_connections(group_id: str) -> ResponseReturnValue:
    """Return a group's connections."""
    return page_of(group_id, "Group connections retrieved successfully")


@routes.get("/groups/<group_id>/public-key")
def get_public_key(group_id: str) -> ResponseReturnValue:
    """Return the public half of a group's SSH key."""
    key = groups.public_key(world(), world().group(group_id))
    return answer({"public_key": key}, message="Group SSH public key retrieved successfully")


@routes.get("/groups/<group_id>/service-account")
def get_service_account(group_id: str) -> ResponseReturnValue:
    """Return the name of a group's service account."""
    account = groups.service_account(world().group(group_id))
    data = {"service_account": account}
    return answer(data, message="Group service account retrieved successfully")
