"""Connections: list, create, read, update, delete, sync, test, and Connect Card links."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card import links
from pbf.sandbox.core import validation, views
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import answer, base_url, body, noun, requested_page, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import connections
from pbf.sandbox.routes.access.authorisation import caller, connection_thing, readable

routes = Blueprint("connections", __name__, url_prefix="/v1")


def connection_of_path(connection_id: str) -> Connection:
    """Return the connection of a path; a 404 uses the path's word for it."""
    return world().connection(connection_id, noun=noun())


def current_view(connection: Connection) -> dict[str, Any]:
    """Return a connection in its present state."""
    with world().lock:
        return views.connection(connection, world().clock())


@routes.get("/connections")
def list_connections() -> ResponseReturnValue:
    """Return the account's connections."""
    return page_of(request.args.get("group_id"), f"{noun()}s list retrieved successfully")


def page_of(group_id: str | None, message: str) -> ResponseReturnValue:
    """Return the requested page of the connections of a group, or of the account."""
    account = world()
    if group_id is not None:
        account.group(group_id)
    with account.lock:
        connections = account.matching(group_id, request.args.get("schema"))
        connections = readable(connections, connection_thing)
        now = account.clock()
        page = requested_page(connections, lambda connection: views.connection(connection, now))
    return answer(page, message=message)


@routes.post("/connections")
def create_connection() -> ResponseReturnValue:
    """Create a connection, with a Connect Card if the body asks for one."""
    user_id = caller().user_id
    connection, results = connections.create(world(), body(), connected_by=user_id)
    data = current_view(connection)
    if results:
        data["setup_tests"] = results
    if connection.card:
        data.update(_card(connection))
    return answer(data, message=f"{noun()} has been created", status=201)


@routes.get("/connections/<connection_id>")
def get_connection(connection_id: str) -> ResponseReturnValue:
    """Return one connection."""
    data = current_view(connection_of_path(connection_id))
    return answer(data, message=f"{noun()} details retrieved successfully")


@routes.patch("/connections/<connection_id>")
def update_connection(connection_id: str) -> ResponseReturnValue:
    """Update a connection."""
    connection = connection_of_path(connection_id)
    results = connections.update(world(), connection, body())
    data = current_view(connection)
    if results:
        data["setup_tests"] = results
    return answer(data, message=f"{noun()} has been updated")


@routes.delete("/connections/<connection_id>")
def delete_connection(connection_id: str) -> ResponseReturnValue:
    """Delete a connection."""
    with world().lock:
        world().remove(connection_of_path(connection_id))
    return answer(message=f"{noun()} with id '{connection_id}' has been deleted")


def triggered(connection: Connection) -> ResponseReturnValue:
    """Return the response to a sync or a re-sync."""
    text = f"Sync has been successfully triggered for {noun().lower()} with id '{connection.id}'"
    return answer(message=text)


@routes.post("/connections/<connection_id>/sync")
def sync_connection(connection_id: str) -> ResponseReturnValue:
    """Start a sync."""
    connection = connection_of_path(connection_id)
    fields = validation.checked_fields(body(optional=True), {"force": bool})
    connections.sync(world(), connection, force=fields.get("force", False))
    return triggered(connection)


@routes.post("/connections/<connection_id>/force")
def force_sync(connection_id: str) -> ResponseReturnValue:
    """Start a sync, as clients did before `/sync` existed and as Fivetran's Go SDK still does."""
    connection = connection_of_path(connection_id)
    body(optional=True)
    connections.sync(world(), connection)
    return triggered(connection)


@routes.post("/connections/<connection_id>/resync")
def resync_connection(connection_id: str) -> ResponseReturnValue:
    """Re-sync a connection."""
    connection = connection_of_path(connection_id)
    connections.resync(world(), connection, body(optional=True).get("scope"))
    return triggered(connection)


@routes.post("/connections/<connection_id>/test")
def test_connection(connection_id: str) -> ResponseReturnValue:
    """Run a connection's setup tests."""
    connection = connection_of_path(connection_id)
    if world().assumptions.test_without_body_is_refused and not request.get_data():
        raise InvalidInput("The request body is missing", code="BadRequest")
    validation.checked(body(optional=True))
    results = connections.run_tests(world(), connection)
    data = {**current_view(connection), "setup_tests": results}
    return answer(data, message="Setup tests have been completed")


@routes.post("/connections/<connection_id>/connect-card")
def create_card(connection_id: str) -> ResponseReturnValue:
    """Return a new Connect Card for a connection."""
    connection = connection_of_path(connection_id)
    config = validation.card_config(body())
    if config is None:
        raise InvalidInput("Field 'connect_card_config' is required")
    with world().lock:
        connection.card = config
    data = {"connector_id": connection.id, **_card(connection)}
    return answer(data, message=f"{noun()} Connect Card has been created")


def _card(connection: Connection) -> dict[str, Any]:
    token = links.token_for(world(), connection)
    uri = links.link(base_url(), token, connection.card)
    return {
        "connect_card": {"token": token, "uri": uri},
        "connect_card_config": connection.card,
    }
