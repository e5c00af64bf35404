"""External logging: one log service for each group and one for the account; no log is sent."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from flask.typing import ResponseReturnValue

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.services import Field, field_of
from pbf.sandbox.collections.bodies import Body, Flag, Settings, Text, merged
from pbf.sandbox.collections.collection import Collection, Messages, change, routes_of
from pbf.sandbox.core.errors import Conflict, InvalidInput
from pbf.sandbox.core.http import answer, world
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.validation import settings_of
from pbf.sandbox.core.world import ACCOUNT_ID, World

TASK = {
    "code": "reconnect_log",
    "message": "Reconnect Logging Service",
    "details": "Please provide required permissions",
}


class LogServiceChange(Body):
    """The body of an update."""

    enabled: Flag = True
    config: Settings
    run_setup_tests: Flag = False


class NewLogService(LogServiceChange):
    """The body of a creation."""

    service: Text


class NewGroupLogService(NewLogService):
    """The body of a creation for a group."""

    group_id: Text


@cache
def kinds() -> Mapping[str, Mapping[str, Field]]:
    """Return the kinds of log services by id, each with its settings by name."""
    return {
        raw["id"]: {field["name"]: field_of(field) for field in raw["fields"]}
        for raw in read_data("log_services.json")["log_services"]
    }


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create the log service of a group, whose id it has."""
    new = NewGroupLogService.read(body)
    account.group(new.group_id)
    return _add(LOG_SERVICES, account, new, new.group_id)


def create_for_account(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create the log service of the account, whose id it has."""
    return _add(ACCOUNT_LOG, account, NewLogService.read(body), account.account_id)


def _add(collection: Collection, account: World, new: NewLogService, log_id: str) -> dict[str, Any]:
    if new.service not in kinds():
        raise InvalidInput(f"Unsupported service '{new.service}'")
    if log_id in collection.all(account):
        raise Conflict(f"Log service with id '{log_id}' already exists")
    config = merged({}, settings_of(kinds()[new.service], new.config))
    fields = {"service": new.service, "enabled": new.enabled, "config": config}
    resource = collection.add(account, fields, resource_id=log_id)
    return _shown(account, resource, tested=new.run_setup_tests)


def update(account: World, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change a log service."""
    changes = LogServiceChange.read(body)
    config = settings_of(kinds()[resource.fields["service"]], changes.config)
    fields: dict[str, Any] = {"config": merged(resource.fields["config"], config)}
    if "enabled" in changes.model_fields_set:
        fields["enabled"] = changes.enabled
    change(account, resource, fields)
    return _shown(account, resource, tested=changes.run_setup_tests)


def _shown(account: World, resource: Resource, *, tested: bool) -> dict[str, Any]:
    results = run_tests(resource) if tested else []
    shown = view(account, resource)
    return {**shown, "setup_tests": results} if results else shown


def run_tests(resource: Resource) -> list[dict[str, Any]]:
    """Run the setup tests: nothing is called, so they pass if there is a setting."""
    passed = bool(resource.fields["config"])
    resource.state["tested"] = "connected" if passed else "broken"
    message = "" if passed else "The credentials are missing"
    status = "PASSED" if passed else "FAILED"
    return [{"title": "Validate Login", "status": status, "message": message, "details": {}}]


def view_item(_account: World, resource: Resource) -> dict[str, Any]:
    """Return a log service as lists contain it: without its settings."""
    setup_state = resource.state.get("tested", "incomplete")
    tasks = [TASK] if setup_state == "broken" else []
    return {
        "id": resource.id,
        "service": resource.fields["service"],
        "enabled": resource.fields["enabled"],
        "status": {"setup_state": setup_state, "tasks": tasks},
    }


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a log service."""
    return {**view_item(account, resource), "config": resource.fields["config"]}


LOG_SERVICES = Collection(
    path="/v1/external-logging",
    kind="LogService",
    messages=Messages(
        listed="External logging services retrieved successfully",
        read="External logging service details retrieved successfully",
        created="External logging service has been added",
        updated="External logging service has been updated",
        deleted="External logging service with id '{id}' has been deleted",
    ),
    view=view,
    item_view=view_item,
    create=create,
    update=update,
)
ACCOUNT_LOG = Collection(
    path="/v1/external-logging/account",
    kind="LogService",
    messages=Messages(
        listed="",
        read="Account external logging service details retrieved successfully",
        created="Account external logging service has been added",
        updated="Account external logging service has been updated",
        deleted="Account external logging service has been deleted",
    ),
    view=view,
    create=create_for_account,
    update=update,
)
routes = routes_of(LOG_SERVICES)
account_routes = routes_of(ACCOUNT_LOG, only=ACCOUNT_ID)


def _tested(collection: Collection, log_id: str, message: str) -> ResponseReturnValue:
    account = world()
    with account.lock:
        results = run_tests(collection.get(account, log_id))
    return answer({"setup_tests": results}, message=message)


@routes.post("/<log_id>/test")
def test_log_service(log_id: str) -> ResponseReturnValue:
    """Run the setup tests of a group's log service."""
    return _tested(LOG_SERVICES, log_id, "Setup tests have been completed")


@account_routes.post("/test")
def test_account_log_service() -> ResponseReturnValue:
    """Run the setup tests of the account's log service."""
    message = "Account external logging service setup tests have been completed"
    return _tested(ACCOUNT_LOG, ACCOUNT_ID, message)
