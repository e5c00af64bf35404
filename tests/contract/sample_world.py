"""A world with one of every resource, and the values that exist in it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from pbf.sandbox.app import create_app, serve_world
from pbf.sandbox.catalogue.services import services
from pbf.sandbox.collections.transformations import packages
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.webhooks.events import EVENTS
from tests.contract.definition import Operation
from tests.contract.sample_items import DATABASE, HASH, add_items

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FUNCTION, SHEET = "aws_lambda", "winter_trellis"
SERVICES = ("google_sheets", "hubspot", "postgres", "s3", "google_ads", FUNCTION, "notion")


@cache
def app() -> Flask:
    """Return an app whose world `sample_world` sets."""
    return create_app(Sandbox(clock=lambda: START, populated=False))


@cache
def client() -> FlaskClient:
    """Return a client of that app."""
    return app().test_client(use_cookies=False)


def sample_world() -> Sandbox:
    """Make the app serve a new world with one of every resource.

    It adds to a seeded world a function that has synced, a webhook, an excluded column, a group
    without connections, a group without a destination, and the items of `sample_items`.
    """
    world = Sandbox(clock=lambda: START)
    world.limits.plan = "off"
    serve_world(app(), world)
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
    add_items(world, partial(send, world))
    _add_access(world)
    return world


def _add_access(world: Sandbox) -> None:
    """Add a team and a user with a role in everything, and a system key for one group."""
    user = world.owner_id
    team = send(world, "POST", "/v1/teams", json={"name": "data"}).json["data"]["id"]
    member = {"user_id": user, "role": "Team Manager"}
    send(world, "POST", f"/v1/teams/{team}/users", json=member)
    in_group = {"id": world.group_id, "role": "View Destination"}
    send(world, "POST", f"/v1/teams/{team}/groups", json=in_group)
    for holder in (f"teams/{team}", f"users/{user}"):
        in_connection = {"id": DATABASE, "role": "Edit Connection"}
        send(world, "POST", f"/v1/{holder}/connections", json=in_connection)
    limits = {"resource_filter": {"group_ids": [world.group_id]}}
    permission = {"resource_type": "CONNECTOR", "access_level": "READ", **limits}
    key = {"name": "one_group", "expiration_period": "ONE_MONTH", "permissions": [permission]}
    send(world, "POST", "/v1/system-keys", json=key)


def unchanged_world() -> Sandbox:
    """Make the app serve a sample world that no request has changed, the last one if possible."""
    world = _unchanged()
    serve_world(app(), world)
    return world


@cache
def _unchanged() -> Sandbox:
    return sample_world()


def send(world: Sandbox, method: str, path: str, **options: Any) -> Any:
    """Return the response to one request with the world's key."""
    key = (world.api_key, world.api_secret)
    response = client().open(path, method=method, **{"auth": key, **options})
    if method != "GET" and response.status_code < 400:
        _unchanged.cache_clear()
    return response


@cache
def existing_values() -> Mapping[str, tuple[Any, ...]]:
    """Return values that exist in the sample world, by the name of their field."""
    world = sample_world()
    connections = [DATABASE, SHEET, "lasting_cliff", "hidden_parcel", list(world.connections)[-1]]
    groups = list(world.groups)
    return {
        **_collections(world),
        "connection_id": tuple(connections),
        "connection_ids": tuple(connections),
        "destination_id": tuple(world.destinations),
        "hash": (HASH,),
        "package_name": tuple(packages()),
        "package_definition_id": tuple(package["id"] for package in packages().values()),
        "connectionId": tuple(connections),
        "groupId": tuple(groups),
        "group_id": tuple(groups),
        "destinationId": tuple(world.destinations),
        "userId": tuple(world.users),
        "user_id": tuple(world.users),
        "id": tuple(world.users),
        "teamId": tuple(world.teams),
        "keyId": tuple(world.system_keys),
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
        "groupRole": ("Manage Destination", "View Destination"),
        "connectionRole": ("Manage Connection", "View Connection"),
        "teamRole": ("Team Manager", "Team Member"),
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


def _collections(world: Sandbox) -> dict[str, tuple[str, ...]]:
    """Return the ids in collections, by the name of the parameter or field that takes them."""
    names = {
        "proxyAgentId": "proxy",
        "agentId": "hybrid-deployment-agents",
        "logId": "external-logging",
        "privateLinkId": "private-links",
        "esmId": "external-secrets-managers",
        "esm_id": "external-secrets-managers",
        "projectId": "transformation-projects",
        "project_id": "transformation-projects",
        "transformationId": "transformations",
        "transformation_ids": "transformations",
        "package_id": "connector-sdk-packages",
    }
    return {name: tuple(world.collections[key]) for name, key in names.items()}


def values_in_path(operation: Operation, name: str) -> tuple[Any, ...]:
    """Return values that exist for a parameter of an operation's path."""
    is_of_proxy = name == "agentId" and operation.path.startswith("/v1/proxy")
    return existing_values()["proxyAgentId" if is_of_proxy else name]


def existing_path(operation: Operation) -> str:
    """Return an operation's path to something that exists."""
    return operation.at(
        **{name: values_in_path(operation, name)[0] for name in operation.parameters}
    )


def naming(service: str, name: str = "my_name") -> dict[str, str]:
    """Return the naming fields of a connection of a service."""
    return dict.fromkeys(services()[service].naming_fields, name)


def resources(world: Sandbox) -> str:
    """Return the resources of a world as text, to check that a refused request changed none."""
    tables = (world.groups, world.destinations, world.users, world.connections, world.members)
    tables = (*tables, world.teams, world.system_keys, world.collections)
    return repr((*tables, world.webhooks.hooks))
