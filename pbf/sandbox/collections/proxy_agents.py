"""Proxy agents: their secrets are in the answer to a creation or a regeneration alone."""

from collections.abc import Mapping
from typing import Any

from flask.typing import ResponseReturnValue

from pbf.sandbox.collections.bodies import Body, Text
from pbf.sandbox.collections.collection import (
    Collection,
    Messages,
    new_secret,
    routes_of,
    with_setting,
)
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotFound
from pbf.sandbox.core.http import answer, requested_page, world
from pbf.sandbox.core.records import Connection, Resource
from pbf.sandbox.core.world import World
from pbf.sandbox.resources import destinations

SETTING = "proxy_agent_id"
MORE_REGIONS = """
GCP_ASIA_NORTHEAST3 GCP_ME_CENTRAL2 AWS_AP_NORTHEAST_2 AWS_EU_NORTH_1 AZURE_GERMANYWESTCENTRAL
AZURE_WESTUS3 AZURE_SWITZERLANDNORTH AZURE_KOREACENTRAL
"""
REGIONS = (*destinations.REGIONS, *MORE_REGIONS.split())


class NewProxyAgent(Body):
    """The body of a creation."""

    display_name: Text
    group_region: Text


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create a proxy agent, with a name that no other one has."""
    new = NewProxyAgent.read(body)
    if new.group_region not in REGIONS:
        raise InvalidInput("Group region not supported.")
    names = {agent.fields["display_name"] for agent in PROXY_AGENTS.all(account).values()}
    if new.display_name in names:
        raise Conflict("Proxy agent with same name already exists.")
    fields = {"display_name": new.display_name, "region": new.group_region}
    return new_secrets(account, PROXY_AGENTS.add(account, fields))


def new_secrets(account: World, resource: Resource) -> dict[str, Any]:
    """Return new secrets of a proxy agent, and where it connects to."""
    return {
        "agent_id": resource.id,
        "auth_token": new_secret(account, resource, "token"),
        "client_cert": new_secret(account, resource, "certificate"),
        "client_private_key": new_secret(account, resource, "key"),
        "orchestrator_host": "orchestrator.example.com",
        "orchestrator_port": 443,
    }


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return a proxy agent with the connections that use it; it has never connected."""
    usage = [_usage(connection) for connection in _connections(account, resource)]
    return {**_fields(account, resource), "usage": usage}


def view_item(account: World, resource: Resource) -> dict[str, Any]:
    """Return a proxy agent as lists contain it: with the numbers of its users."""
    users = with_setting(account.destinations, SETTING, resource.id)
    return {
        **_fields(account, resource),
        "connector_count": len(_connections(account, resource)),
        "destination_count": sum(1 for _ in users),
    }


def _fields(account: World, resource: Resource) -> dict[str, Any]:
    return {
        "id": resource.id,
        "account_id": account.account_id,
        "registered_at": stamp(resource.created_at),
        "created_by": resource.created_by,
        "status": "NOT_CONNECTED",
        **resource.fields,
    }


def _connections(account: World, resource: Resource) -> list[Connection]:
    return list(with_setting(account.connections, SETTING, resource.id))


def _usage(connection: Connection) -> dict[str, str]:
    return {"id": connection.id, "schema": connection.schema, "service": connection.service}


def check_deletion(account: World, resource: Resource) -> None:
    """Refuse to delete a proxy agent that connections use."""
    if _connections(account, resource):
        raise Conflict("Proxy agent have attached connections.")


PROXY_AGENTS = Collection(
    path="/v1/proxy",
    kind="ProxyAgent",
    messages=Messages(
        listed="Proxy agent retrieved successfully",
        read="Proxy agent details retrieved successfully",
        created="Proxy agent has been created",
        deleted="Agent {id} successfully deleted.",
    ),
    view=view,
    item_view=view_item,
    created_code="Created",
    create=create,
    check_deletion=check_deletion,
    missing=lambda _: NotFound("Proxy Agent not found."),
)
routes = routes_of(PROXY_AGENTS)


@routes.get("/<agent_id>/connections")
def list_connections(agent_id: str) -> ResponseReturnValue:
    """Return the connections that use a proxy agent."""
    account = world()
    with account.lock:
        connections = _connections(account, PROXY_AGENTS.get(account, agent_id))
    page = requested_page(connections, lambda connection: {"connection_id": connection.id})
    return answer(page, message="Proxy agent connections retrieved successfully")


@routes.post("/<agent_id>/regenerate-secrets")
def regenerate_secrets(agent_id: str) -> ResponseReturnValue:
    """Replace the secrets of a proxy agent."""
    account = world()
    with account.lock:
        data = new_secrets(account, PROXY_AGENTS.get(account, agent_id))
    return answer(data, message="Proxy agent secrets have been regenerated", code="Created")
