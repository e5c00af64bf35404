"""The two calls that only the older path family has."""

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.connect_card import links
from pbf.sandbox.core.http import as_json, body, world
from pbf.sandbox.resources import connections
from pbf.sandbox.routes.connections import found, triggered

routes = Blueprint("older", __name__, url_prefix="/v1/connectors")


@routes.post("/<connection_id>/connect-card-token")
def create_card_token(connection_id: str) -> ResponseReturnValue:
    """Return a card's token alone, without an envelope; the caller makes the address."""
    connection = found(connection_id)
    return as_json({"code": "Success", "token": links.token_for(world(), connection)})


@routes.post("/<connection_id>/force")
def force_sync(connection_id: str) -> ResponseReturnValue:
    """Start a sync, as clients did before there was `/sync`."""
    connection = found(connection_id)
    body(optional=True)
    connections.sync(world(), connection)
    return triggered(connection)
