"""Private links: they take a minute to create, as the state says, and none reaches a network."""

from collections.abc import Mapping
from typing import Any

from pbf.sandbox.collections.bodies import Body, Settings, Text, merged
from pbf.sandbox.collections.collection import (
    Collection,
    Messages,
    change,
    routes_of,
    stamps,
)
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.validation import required
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.destinations import REGIONS

CREATION_SECONDS = 60.0
SERVICE_ID = ("connection_service_id",)
# The settings that each service requires, and those that it takes beside them.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "DATABRICKS_AWS": ("connection_service_name",),
    "DATABRICKS_AZURE": (*SERVICE_ID, "workspace_url"),
    "DATABRICKS_GCP": (*SERVICE_ID, "workspace_url"),
    "ONELAKE_AZURE": SERVICE_ID,
    "POSTGRES_WAREHOUSE_AZURE": SERVICE_ID,
    "REDSHIFT_AWS": ("aws_account_id", "cluster_identifier"),
    "SNOWFLAKE_AWS": ("account_url", "vpce_id"),
    "SNOWFLAKE_AZURE": ("account_url", "pls_id"),
    "SNOWFLAKE_GCP": ("account_url", "pls_id"),
    "SOURCE_AWS": ("connection_service_name",),
    "SOURCE_AZURE": (*SERVICE_ID, "sub_resource_name"),
    "SOURCE_GCP": ("private_connection_service_id",),
    "SQL_DATA_WAREHOUSE_AZURE": SERVICE_ID,
}
OPTIONAL: Mapping[str, tuple[str, ...]] = {"SOURCE_AZURE": ("private_dns_records",)}


class NewPrivateLink(Body):
    """The body of a creation."""

    name: Text
    region: Text
    service: Text
    config: Settings


class PrivateLinkChange(Body):
    """The body of an update."""

    config: Settings


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a private link."""
    new = NewPrivateLink.read(body)
    for name, offered in (("region", REGIONS), ("service", SETTINGS)):
        if body[name] not in offered:
            raise InvalidInput(f"Invalid '{name}' value")
    config = _settings(new.service, new.config)
    for name in SETTINGS[new.service]:
        required(config, name)
    fields = {**new.model_dump(), "config": merged({}, config)}
    return view(account, PRIVATE_LINKS.add(account, fields))


def update(account: World, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    """Change the settings of a private link."""
    changes = _settings(resource.fields["service"], PrivateLinkChange.read(body).config)
    config = merged(resource.fields["config"], changes)
    for name in SETTINGS[resource.fields["service"]]:
        required(config, name)
    change(account, resource, {"config": config})
    return view(account, resource)


def _settings(service: str, config: Mapping[str, Any]) -> dict[str, Any]:
    names = (*SETTINGS[service], *OPTIONAL.get(service, ()))
    settings = {name: value for name, value in config.items() if name in names}
    if any(value is not None and not isinstance(value, str) for value in settings.values()):
        raise InvalidInput("Invalid 'config' object")
    return settings


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a private link as it is now."""
    creating = account.clock() - resource.created_at < CREATION_SECONDS
    return {
        "id": resource.id,
        **resource.fields,
        **stamps(resource),
        "account_id": account.account_id,
        "cloud_provider": resource.fields["service"].rpartition("_")[2],
        "host": f"{resource.id.replace('_', '-')}.privatelink.example.com",
        "state": "CREATING" if creating else "OK",
        "state_summary": "The private link is being created" if creating else "",
        "resource_upstream_status": "IDLE",
    }


PRIVATE_LINKS = Collection(
    path="/v1/private-links",
    kind="PrivateLink",
    messages=Messages(
        listed="Private links retrieved successfully",
        read="Private link details retrieved successfully",
        created="Private link has been created",
        updated="Private link has been updated",
        deleted="Private link with id '{id}' is marked for deletion",
    ),
    view=view,
    create=create,
    update=update,
)
routes = routes_of(PRIVATE_LINKS)
