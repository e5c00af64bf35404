"""Destinations: list, create, read, update, test, delete."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core import views
from pbf.sandbox.core.http import answer, body, requested_page, world
from pbf.sandbox.core.records import Destination
from pbf.sandbox.resources import destinations
from pbf.sandbox.routes.access.authorisation import destination_thing, readable

routes = Blueprint("destinations", __name__, url_prefix="/v1/destinations")


def with_tests(destination: Destination, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a destination with the results of its setup tests, if they ran."""
    data = views.destination(destination)
    return {**data, "setup_tests": results} if results else data


@routes.get("")
def list_destinations() -> ResponseReturnValue:
    """Return the account's destinations."""
    with world().lock:
        seen = readable(world().destinations.values(), lambda item: destination_thing(item.id))
        page = requested_page(seen, views.destination_item)
    return answer(page, message="Destinations list retrieved successfully")


@routes.post("")
def create_destination() -> ResponseReturnValue:
    """Create the destination of a group."""
    destination, results = destinations.create(world(), body())
    data = with_tests(destination, results)
    return answer(data, message="Destination has been created", status=201)


@routes.get("/<destination_id>")
def get_destination(destination_id: str) -> ResponseReturnValue:
    """Return one destination."""
    data = views.destination(destinations.get(world(), destination_id))
    return answer(data, message="Destination details retrieved successfully")


@routes.patch("/<destination_id>")
def update_destination(destination_id: str) -> ResponseReturnValue:
    """Update a destination."""
    destination = destinations.get(world(), destination_id)
    results = destinations.update(world(), destination, body())
    return answer(with_tests(destination, results), message="Destination has been updated")


@routes.delete("/<destination_id>")
def delete_destination(destination_id: str) -> ResponseReturnValue:
    """Delete a destination that no connection writes to."""
    destinations.delete(world(), destination_id)
    return answer(message=f"Destination with id '{destination_id}' has been deleted")


@routes.post("/<destination_id>/test")
def test_destination(destination_id: str) -> ResponseReturnValue:
    """Run a destination's setup tests."""
    destination = destinations.get(world(), destination_id)
    results = destinations.test(world(), destination, body(optional=True))
    return answer(with_tests(destination, results), message="Setup tests have been completed")
