"""The operations behind the screens: at Fivetran, in our routes and in Terraform."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from pbf.show_api import terraform
from pbf.show_api.target import Target

BACK = "https://app.example.com/back"
CONNECTION = "/v1/connections/{connector_id}"
OURS = "/_/connectors/{connector_id}"
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A request that can be sent: the query is in the order in which it is sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Body | None = None

    @property
    def address(self) -> str:
        """The path with its query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True)
class Operation:
    """One operation; `path` and `route` have the fields of a target in braces.

    `title` says what it does. `route` is empty if the JSON API has none for it. Each body is made
    for a target, None for an operation without one.
    """

    name: str
    title: str
    method: str
    path: str
    terraform: Callable[[Target], str]
    body: Callable[[Target], Body] | None = None
    query: tuple[tuple[str, str], ...] = ()
    route_method: str = ""
    route: str = ""
    route_body: Callable[[Target], Body] | None = None
    route_query: tuple[tuple[str, str], ...] = field(default=())

    def request(self, target: Target) -> Request:
        """Return the request to Fivetran for a target."""
        body = self.body(target) if self.body else None
        return Request(self.method, _filled(self.path, target), self.query, body)

    def route_request(self, target: Target) -> Request | None:
        """Return the request to our own route for a target; None if there is no such route."""
        if not self.route:
            return None
        body = self.route_body(target) if self.route_body else None
        path = _filled(self.route, target)
        return Request(self.route_method or self.method, path, self.route_query, body)


def _filled(path: str, target: Target) -> str:
    ids = {
        name: quote(getattr(target, name), safe="")
        for name in ("group_id", "service_id", "connector_id")
    }
    return path.format(**ids)


def _creation(target: Target) -> Body:
    return {
        "service": target.service_id,
        "group_id": target.group_id,
        "run_setup_tests": False,
        "destination_schema_names": "FIVETRAN_NAMING",
        "config": dict(target.naming),
        "connect_card_config": {"redirect_uri": BACK},
    }


def _own_creation(target: Target) -> Body:
    return {"service": target.service_id, "name": target.name}


def _paused(target: Target) -> Body:
    return {"paused": target.paused}


def _schedule(target: Target) -> Body:
    return {"sync_frequency": target.sync_frequency, "schedule_type": "auto"}


def _tables(target: Target) -> Body:
    return {"schemas": {target.schema: {"tables": {target.table: {"enabled": False}}}}}


OPERATIONS: Mapping[str, Operation] = {
    operation.name: operation
    for operation in (
        Operation(
            "services",
            "List the services",
            "GET",
            "/v1/metadata/connector-types",
            terraform.services,
            query=(("limit", "1000"),),
            route="/_/services",
        ),
        Operation(
            "service",
            "Read one service with its fields",
            "GET",
            "/v1/metadata/connector-types/{service_id}",
            terraform.service,
        ),
        Operation(
            "connectors",
            "List the connectors of the group",
            "GET",
            "/v1/groups/{group_id}/connections",
            terraform.connectors,
            query=(("limit", "1000"),),
            route="/_/connectors",
        ),
        Operation(
            "connector",
            "Read one connector",
            "GET",
            CONNECTION,
            terraform.connector,
            route=OURS,
        ),
        Operation(
            "create",
            "Create a connector and its Connect Card",
            "POST",
            "/v1/connections",
            terraform.creation,
            body=_creation,
            route="/_/connectors",
            route_body=_own_creation,
        ),
        Operation(
            "pause",
            "Pause or resume",
            "PATCH",
            CONNECTION,
            terraform.pause,
            body=_paused,
            route=OURS,
            route_body=_paused,
        ),
        Operation(
            "reschedule",
            "Change the schedule",
            "PATCH",
            CONNECTION,
            terraform.schedule,
            body=_schedule,
            route=OURS,
            route_body=_schedule,
        ),
        Operation(
            "sync",
            "Start a sync",
            "POST",
            f"{CONNECTION}/sync",
            terraform.sync,
            body=lambda _target: {"force": False},
            route=f"{OURS}/sync",
        ),
        Operation(
            "resync",
            "Sync all history again",
            "POST",
            f"{CONNECTION}/resync",
            terraform.resync,
            body=lambda _target: {},
            route=f"{OURS}/resync",
        ),
        Operation(
            "test",
            "Run the setup tests",
            "POST",
            f"{CONNECTION}/test",
            terraform.setup_tests,
            body=lambda _target: {},
            route=f"{OURS}/test",
        ),
        Operation(
            "delete",
            "Delete for good",
            "DELETE",
            CONNECTION,
            terraform.deletion,
            route=OURS,
            route_query=(("now", "true"),),
        ),
        Operation(
            "connect_card",
            "Make a Connect Card",
            "POST",
            f"{CONNECTION}/connect-card",
            terraform.connect_card,
            body=lambda _target: {"connect_card_config": {"redirect_uri": BACK}},
            route_method="GET",
            route=f"{OURS}/form",
        ),
        Operation(
            "schemas",
            "Read which tables are synced",
            "GET",
            f"{CONNECTION}/schemas",
            terraform.schemas,
        ),
        Operation(
            "reload_schemas",
            "Read the tables of the source again",
            "POST",
            f"{CONNECTION}/schemas/reload",
            terraform.reload,
            body=lambda _target: {"exclude_mode": "PRESERVE"},
        ),
        Operation(
            "update_schemas",
            "Switch tables on or off",
            "PATCH",
            f"{CONNECTION}/schemas",
            terraform.tables,
            body=_tables,
        ),
        Operation(
            "history",
            "List the syncs",
            "GET",
            f"{CONNECTION}/sync-history",
            terraform.history,
            route=f"{OURS}/syncs",
        ),
        Operation(
            "errors",
            "List the errors",
            "GET",
            f"{CONNECTION}/errors",
            terraform.errors,
        ),
    )
}
