"""A world with one of everything, and the names by which requests find it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from flask import Flask

from pbf.sandbox.app import create_app, show
from pbf.sandbox.catalogue.services import services
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.webhooks.events import EVENTS
from tests.contract.definition import Operation, operations

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DATABASE, FUNCTION, SHEET = "hollow_reef", "aws_lambda", "winter_trellis"
SERVICES = ("google_sheets", "hubspot", "postgres", "s3", "google_ads", FUNCTION, "notion")
STAND_INS = ("list", "find", "refuse")


@cache
def app() -> Flask:
    """Return an app whose world is put in by `furnished`."""
    return create_app(Sandbox(clock=lambda: START, populated=False))


def furnished() -> Sandbox:
    """Put a new world into the app, with one of everything.

    Beside what is seeded: a function that synced, a webhook, a column that is left out, a group
    without connections and one without a destination as well.
    """
    world = Sandbox(clock=lambda: START)
    world.limits.plan = "off"
    show(app(), world)
    body = {
        "group_id": world.group_id,
        "service": FUNCTION,
        "config": {"schema": "my_function"},
        "run_setup_tests": False,
        "paused": True,
    }
    function = send(world, "POST", "/v1/connections", json=body).json["data"]["id"]
    world.pass_setup(function)
    send(world, "PATCH", f"/v1/connections/{function}", json={"paused": False})
    world.advance(7200)
    send(world, "PATCH", f"/v1/connections/{function}", json={"paused": True})
    hook = {"url": "https://hooks.example.com/in", "events": ["sync_end"], "active": False}
    send(world, "POST", "/v1/webhooks/account", json=hook)
    for name in ("spare", "bare"):
        send(world, "POST", "/v1/groups", json={"name": name})
    send(world, "DELETE", f"/v1/destinations/{list(world.groups)[-1]}")
    column = f"/v1/connections/{DATABASE}/schemas/public/tables/customers/columns/email"
    send(world, "PATCH", column, json={"enabled": False})
    return world


def send(world: Sandbox, method: str, path: str, **options: Any) -> Any:
    """Return the answer to one request with the world's key."""
    key = (world.api_key, world.api_secret)
    return app().test_client().open(path, method=method, **{"auth": key, **options})


@cache
def known() -> Mapping[str, tuple[Any, ...]]:
    """Return values that find something in the furnished world, by the name they go under."""
    world = furnished()
    connections = [DATABASE, SHEET, "lasting_cliff", "hidden_parcel", list(world.connections)[-1]]
    groups = list(world.groups)
    return {
        "connectionId": tuple(connections),
        "groupId": tuple(groups),
        "group_id": tuple(groups),
        "destinationId": tuple(world.destinations),
        "userId": tuple(world.users),
        "id": tuple(world.users),
        "webhookId": tuple(world.webhooks.hooks),
        "service": SERVICES,
        "schemaName": ("public",),
        "schema": ("public",),
        "tableName": ("customers",),
        "table": ("customers",),
        "columnName": ("email", "id"),
        "event": EVENTS,
        "events": EVENTS,
        "email": ("new@example.com", *(user.email for user in world.users.values())),
        "role": ("Destination Administrator", "Account Reviewer"),
        "url": ("https://hooks.example.com/other",),
        "redirect_uri": ("https://vendor.example/back?state=s1",),
        "limit": (1, 2, 1000),
        "cursor": ("eyJza2lwIjoxfQ",),
        "daily_sync_time": ("14:00",),
        "exclude_mode": ("PRESERVE", "EXCLUDE", "INCLUDE"),
        "name": ("another_name",),
        "given_name": ("Kim",),
        "family_name": ("Meadow",),
    }


def stand_in(operation: Operation) -> str:
    """Return what stands in for an operation: `list`, `find`, `refuse`; nothing if it is real.

    These are lists that are always empty, things that are never there, and answers of 501.
    """
    path = operation.at(**dict.fromkeys(operation.parameters, "nobody"))
    endpoint, _ = app().url_map.bind("sandbox").match(path, method=operation.method)
    first = endpoint.rpartition(".")[2].partition(" ")[0]
    return first if first in STAND_INS else ""


@cache
def imitated() -> tuple[Operation, ...]:
    """Return the operations of the definition that have a route of their own."""
    return tuple(operation for operation in operations() if not stand_in(operation))


def naming(service: str, name: str = "my_name") -> dict[str, str]:
    """Return the settings that name a connection of a service."""
    return dict.fromkeys(services()[service].naming_fields, name)


def memory(world: Sandbox) -> str:
    """Return what a world remembers of things, to see that a refused request changed nothing."""
    things = (world.groups, world.destinations, world.users, world.connections)
    return repr((*things, world.webhooks.hooks))
