"""External secrets managers, and the connections and destinations that use them."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.collections.bodies import Body, Flag, Settings, Text, merged
from pbf.sandbox.collections.collection import (
    Collection,
    Messages,
    change,
    routes_of,
    with_setting,
)
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotFound
from pbf.sandbox.core.http import answer, requested_page, world
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.validation import masked
from pbf.sandbox.core.world import World

SETTING = "external_secrets_manager_id"
# The definition does not say which settings are secret; these names do.
SECRET = re.compile(r"secret|token|password|key$", re.IGNORECASE)
SUCCESS = "Operation performed successfully"


class SecretsManagerChange(Body):
    """The body of an update."""

    config: Settings


class NewSecretsManager(SecretsManagerChange):
    """The body of a creation."""

    type: Literal["AWS_SECRET_MANAGER", "AZURE_KEY_VAULT", "HASHICORP_VAULT"]
    name: Text
    is_hybrid_deployment: Flag = False


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a secrets manager, with a name that no other one has."""
    new = NewSecretsManager.read(body)
    config = _settings(new)
    managers = SECRETS_MANAGERS.all(account).values()
    if any(manager.fields["name"] == new.name for manager in managers):
        raise Conflict(f"External Secrets Manager with name '{new.name}' already exists.")
    fields = {**new.model_dump(), "config": merged({}, config)}
    return view(account, SECRETS_MANAGERS.add(account, fields))


def update(account: World, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change the settings of a secrets manager."""
    config = _settings(SecretsManagerChange.read(body))
    change(account, resource, {"config": merged(resource.fields["config"], config)})
    return view(account, resource)


def _settings(body: SecretsManagerChange) -> dict[str, Any]:
    if "config" not in body.model_fields_set:
        raise InvalidInput("ESM config is required.", code="BadRequest")
    return {name: _without_secrets(name, value) for name, value in body.config.items()}


def _without_secrets(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_secrets(key, item) for key, item in value.items()}
    return masked(value) if value is not None and SECRET.search(name) else value


def view_item(_account: World, resource: Resource) -> dict[str, Any]:
    """Return a secrets manager as lists contain it: without its settings."""
    fields = {name: value for name, value in resource.fields.items() if name != "config"}
    times = {"created_at": stamp(resource.created_at), "updated_at": stamp(resource.updated_at)}
    return {"id": resource.id, **fields, **times}


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a secrets manager."""
    return {**view_item(account, resource), "config": resource.fields["config"]}


def entities(account: World, manager_id: str) -> list[dict[str, Any]]:
    """Return the connections and destinations that use a secrets manager."""
    sources = [
        {
            "id": connection.id,
            "type": "SOURCE",
            "name": connection.schema,
            "created_at": stamp(connection.created_at),
        }
        for connection in with_setting(account.connections, SETTING, manager_id)
    ]
    targets = [
        {
            "id": destination.id,
            "type": "DESTINATION",
            "name": account.groups[destination.group_id].name,
            "created_at": stamp(account.groups[destination.group_id].created_at),
        }
        for destination in with_setting(account.destinations, SETTING, manager_id)
    ]
    used = {"enabled": True, "secret_manager_id": manager_id}
    return [{**entity, **used} for entity in (*sources, *targets)]


def check_deletion(account: World, resource: Resource) -> None:
    """Refuse to delete a secrets manager that is used."""
    kinds = [entity["type"] for entity in entities(account, resource.id)]
    if kinds:
        users = f"{kinds.count('SOURCE')} connection(s) and {kinds.count('DESTINATION')}"
        raise InvalidInput(
            f"Failed to delete External Secrets Manager with '{resource.id}' id, because it is "
            f"used by {users} destination(s).",
            code="BadRequest",
        )


def missing(manager_id: str) -> NotFound:
    """Return the error for a secrets manager that does not exist."""
    return NotFound(f"External Secrets Manager with '{manager_id}' id is not found.")


SECRETS_MANAGERS = Collection(
    path="/v1/external-secrets-managers",
    kind="ExternalSecretsManager",
    messages=Messages(
        listed=SUCCESS,
        read=SUCCESS,
        created="External Secrets Manager has been created",
        updated="Resource updated successfully",
        deleted="External Secrets Manager '{id}' has been deleted.",
    ),
    view=view,
    item_view=view_item,
    created_code="Created",
    create=create,
    update=update,
    check_deletion=check_deletion,
    missing=missing,
)
routes = routes_of(SECRETS_MANAGERS)
entity_routes = Blueprint("secrets-manager-entities", __name__, url_prefix="/v1")


@routes.get("/<manager_id>/entities")
def list_entities_of_manager(manager_id: str) -> ResponseReturnValue:
    """Return what uses a secrets manager."""
    return _page_of([SECRETS_MANAGERS.get(world(), manager_id).id])


@entity_routes.get("/external-secrets-managers-entities")
def list_entities() -> ResponseReturnValue:
    """Return what uses any secrets manager, or the one that the query names."""
    chosen = request.args.get("esm_id")
    managers = list(SECRETS_MANAGERS.all(world()))
    return _page_of([name for name in managers if chosen in (None, name)])


def _page_of(managers: list[str]) -> ResponseReturnValue:
    kind = request.args.get("type", "").upper()
    with world().lock:
        users = [
            entity
            for manager_id in managers
            for entity in entities(world(), manager_id)
            if kind in ("", entity["type"])
        ]
    return answer(requested_page(users, dict), message=SUCCESS)
