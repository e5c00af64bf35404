"""Operations of Fivetran's definition that the sandbox does not implement.

`EMPTY_LISTS` answer with an empty page, `NEVER_FOUND` with 404, and `NOT_IMITATED` with 501. A
test compares the tables with the definition.
"""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.errors import NotFound, NotImitated
from pbf.sandbox.core.http import answer, requested_page

routes = Blueprint("unsupported", __name__)

EMPTY_LISTS: Mapping[str, str] = {
    "/v1/connector-sdk/packages": "Connector SDK packages retrieved successfully",
    "/v1/external-logging": "External logging services retrieved successfully",
    "/v1/external-secrets-managers": "Operation performed successfully",
    "/v1/external-secrets-managers-entities": "Operation performed successfully",
    "/v1/hybrid-deployment-agents": "Hybrid deployment agents retrieved successfully",
    "/v1/private-links": "Private links retrieved successfully",
    "/v1/proxy": "Proxy agent retrieved successfully",
    "/v1/system-keys": "System keys retrieved successfully",
    "/v1/teams": "Teams retrieved successfully",
    "/v1/transformation-projects": "Transformation projects retrieved successfully",
    "/v1/transformations": "Transformations list retrieved successfully",
    "/v1/transformations/package-metadata": (
        "Transformation package metadata list retrieved successfully"
    ),
}
# Paths of single items of the empty lists: the kind in the 404's code, and the methods.
NEVER_FOUND: Mapping[str, tuple[str, str]] = {
    "/v1/connector-sdk/packages/{package_id}": ("ConnectorSdkPackage", "GET PATCH DELETE"),
    "/v1/connector-sdk/packages/{package_id}/download": ("ConnectorSdkPackage", "GET"),
    "/v1/external-logging/{logId}": ("LogService", "GET PATCH DELETE"),
    "/v1/external-logging/{logId}/test": ("LogService", "POST"),
    "/v1/external-secrets-managers/{esmId}": ("ExternalSecretsManager", "GET PATCH DELETE"),
    "/v1/external-secrets-managers/{esmId}/entities": ("ExternalSecretsManager", "GET"),
    "/v1/hybrid-deployment-agents/{agentId}": ("RemoteExecutionAgent", "GET DELETE"),
    "/v1/hybrid-deployment-agents/{agentId}/re-auth": ("RemoteExecutionAgent", "PATCH"),
    "/v1/hybrid-deployment-agents/{agentId}/reset-credentials": ("RemoteExecutionAgent", "POST"),
    "/v1/private-links/{privateLinkId}": ("PrivateLink", "GET PATCH DELETE"),
    "/v1/proxy/{agentId}": ("ProxyAgent", "GET DELETE"),
    "/v1/proxy/{agentId}/connections": ("ProxyAgent", "GET"),
    "/v1/proxy/{agentId}/regenerate-secrets": ("ProxyAgent", "POST"),
    "/v1/system-keys/{keyId}": ("SystemKey", "GET PATCH DELETE"),
    "/v1/system-keys/{keyId}/rotate": ("SystemKey", "POST"),
    "/v1/teams/{teamId}": ("Team", "GET PATCH DELETE"),
    "/v1/teams/{teamId}/connections": ("Team", "GET POST"),
    "/v1/teams/{teamId}/connections/{connectionId}": ("Team", "GET PATCH DELETE"),
    "/v1/teams/{teamId}/groups": ("Team", "GET POST"),
    "/v1/teams/{teamId}/groups/{groupId}": ("Team", "GET PATCH DELETE"),
    "/v1/teams/{teamId}/role": ("Team", "DELETE"),
    "/v1/teams/{teamId}/users": ("Team", "GET POST"),
    "/v1/teams/{teamId}/users/{userId}": ("Team", "GET PATCH DELETE"),
    "/v1/transformation-projects/{projectId}": ("TransformationProject", "GET PATCH DELETE"),
    "/v1/transformation-projects/{projectId}/test": ("TransformationProject", "POST"),
    "/v1/transformations/package-metadata/{package_definition_id}": ("Package", "GET"),
    "/v1/transformations/{transformationId}": ("Transformation", "GET PATCH DELETE"),
    "/v1/transformations/{transformationId}/cancel": ("Transformation", "POST"),
    "/v1/transformations/{transformationId}/run": ("Transformation", "POST"),
    "/v1/transformations/{transformationId}/upgrade": ("Transformation", "POST"),
}
NOT_IMITATED: Mapping[str, str] = {
    "/v1/certificates": "POST",
    "/v1/connections/{connectionId}/certificates": "POST",
    "/v1/connections/{connectionId}/certificates/{hash}": "GET DELETE",
    "/v1/connections/{connectionId}/fingerprints": "POST",
    "/v1/connections/{connectionId}/fingerprints/{hash}": "GET DELETE",
    "/v1/connector-sdk/packages": "POST",
    "/v1/destinations/{destinationId}/certificates": "POST",
    "/v1/destinations/{destinationId}/certificates/{hash}": "GET DELETE",
    "/v1/destinations/{destinationId}/fingerprints": "POST",
    "/v1/destinations/{destinationId}/fingerprints/{hash}": "GET DELETE",
    "/v1/external-logging": "POST",
    "/v1/external-logging/account": "GET POST PATCH DELETE",
    "/v1/external-logging/account/test": "POST",
    "/v1/external-secrets-managers": "POST",
    "/v1/hvr/register-hub": "POST",
    "/v1/hybrid-deployment-agents": "POST",
    "/v1/private-links": "POST",
    "/v1/proxy": "POST",
    "/v1/system-keys": "POST",
    "/v1/teams": "POST",
    "/v1/transformation-projects": "POST",
    "/v1/transformations": "POST",
    "/v1/users/{userId}/connections": "POST",
    "/v1/users/{userId}/connections/{connectionId}": "GET PATCH DELETE",
    "/v1/users/{userId}/groups": "POST",
    "/v1/users/{userId}/groups/{groupId}": "GET PATCH DELETE",
    "/v1/users/{userId}/role": "DELETE",
}


def list_nothing(message: str) -> ResponseReturnValue:
    """Return a page without items."""
    items: list[dict[str, Any]] = []
    return answer(requested_page(items, dict), message=message)


def find_nothing(kind: str, **names: str) -> ResponseReturnValue:
    """Raise NotFound for a kind of item."""
    raise NotFound.of(kind, next(iter(names.values())))


def refuse(**_names: str) -> ResponseReturnValue:
    """Raise NotImitated for the request."""
    raise NotImitated(f"The sandbox does not imitate {request.method} {request.path}")


def rule(template: str) -> str:
    """Return Flask's rule for a path of the definition."""
    return re.sub(r"\{(\w+)\}", r"<\1>", template)


def _add_rules() -> None:
    for path, message in EMPTY_LISTS.items():
        routes.add_url_rule(rule(path), f"list {path}", list_nothing, defaults={"message": message})
    for path, (kind, methods) in NEVER_FOUND.items():
        routes.add_url_rule(
            rule(path),
            f"find {path}",
            find_nothing,
            methods=methods.split(),
            defaults={"kind": kind},
        )
    for path, methods in NOT_IMITATED.items():
        routes.add_url_rule(rule(path), f"refuse {path}", refuse, methods=methods.split())


_add_rules()
