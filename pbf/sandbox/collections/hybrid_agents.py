"""Hybrid deployment agents: none runs, so they are never online."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal

from flask.typing import ResponseReturnValue

from pbf.sandbox.collections.bodies import Body, Flag, Text
from pbf.sandbox.collections.collection import (
    Collection,
    Messages,
    change,
    new_secret,
    routes_of,
    with_setting,
)
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import answer, body, world
from pbf.sandbox.core.records import Resource
from pbf.sandbox.core.world import World

SETTING = "hybrid_deployment_agent_id"
VERSION = "1.0.0"
AuthType = Literal["AUTO", "MANUAL"]


class NewHybridAgent(Body):
    """The body of a creation."""

    group_id: Text
    display_name: Text
    env_type: Literal["DOCKER", "PODMAN", "KUBERNETES", "SNOWPARK"]
    accept_terms: Flag
    auth_type: AuthType = "AUTO"


class NewCredentials(Body):
    """The body of a re-authentication."""

    auth_type: AuthType = "AUTO"


def create(account: World, body: Mapping[str, Any]) -> dict[str, Any]:
    """Create an agent in a group."""
    new = NewHybridAgent.read(body)
    if not new.accept_terms:
        raise InvalidInput("Field 'accept_terms' must be true")
    account.group(new.group_id)
    fields = {
        "display_name": new.display_name,
        "group_id": new.group_id,
        "deployment_type": new.env_type,
    }
    return with_credentials(account, HYBRID_AGENTS.add(account, fields), new.auth_type)


def view_fields(resource: Resource) -> dict[str, Any]:
    """Return an agent without what uses it."""
    return {
        "id": resource.id,
        "version": VERSION,
        "enabled": True,
        "online": False,
        **resource.fields,
        "registered_at": stamp(resource.created_at),
        "created_by": resource.created_by,
        "updated_at": stamp(resource.updated_at),
        "last_used_at": stamp(resource.created_at),
    }


def view(account: World, resource: Resource) -> dict[str, Any]:
    """Return an agent with the connections that use it."""
    usage = [
        {
            "schema": connection.schema,
            "service": connection.service,
            "connection_id": connection.id,
        }
        for connection in with_setting(account.connections, SETTING, resource.id)
    ]
    return {**view_fields(resource), "usage": usage}


def with_credentials(account: World, resource: Resource, auth_type: AuthType) -> dict[str, Any]:
    """Return an agent with new credentials: a token, or the files to install by hand."""
    token = new_secret(account, resource, "token")
    if auth_type == "AUTO":
        return {**view_fields(resource), "token": token}
    files = {
        "config_json": json.dumps({"controller_id": resource.id}),
        "auth_json": json.dumps({"token": token}),
        "docker_compose_yaml": "services:\n  agent:\n    image: example.com/agent\n",
    }
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in files.items()}
    return {**view_fields(resource), "files": encoded}


def in_group(_account: World, resource: Resource, query: Mapping[str, str]) -> bool:
    """Return whether an agent belongs to the group of a query, if it names one."""
    return query.get("groupId") in (None, resource.fields["group_id"])


HYBRID_AGENTS = Collection(
    path="/v1/hybrid-deployment-agents",
    kind="RemoteExecutionAgent",
    messages=Messages(
        listed="Hybrid deployment agents retrieved successfully",
        read="Hybrid deployment agent details retrieved successfully",
        created="Hybrid deployment agent has been created",
        deleted="Hybrid deployment agent with id = {id} has been deleted.",
    ),
    view=view,
    create=create,
    matches=in_group,
)
routes = routes_of(HYBRID_AGENTS)


@routes.patch("/<agent_id>/re-auth")
def replace_credentials(agent_id: str) -> ResponseReturnValue:
    """Return new credentials of an agent."""
    account = world()
    with account.lock:
        resource = HYBRID_AGENTS.get(account, agent_id)
        auth_type = NewCredentials.read(body()).auth_type
        change(account, resource, {})
        data = with_credentials(account, resource, auth_type)
    return answer(data, message="Hybrid deployment agent re-authentication successful")


@routes.post("/<agent_id>/reset-credentials")
def reset_credentials(agent_id: str) -> ResponseReturnValue:
    """Make the credentials of an agent invalid."""
    account = world()
    with account.lock:
        resource = HYBRID_AGENTS.get(account, agent_id)
        change(account, resource, {})
    return answer(message=f"Successfully reset credentials the agent with id = {resource.id}")
