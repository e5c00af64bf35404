"""Requests generated from the definition, mostly with values that exist in the test world."""

import re
from typing import Any

import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode

from pbf.sandbox.collections import log_services, private_links
from tests.contract.definition import Operation, closed, request_schema
from tests.contract.sample_world import (
    DATABASE,
    SERVICES,
    existing_path,
    existing_values,
    naming,
    values_in_path,
)

ODD = {"string": ("\u00dcber \U0001f980/..",), "integer": (0, -1, 1001, 2**40)}
ALWAYS = ("config", "project_config", "transformation_config", "service", "type", "group_id")
MAPS = {"schemas": "schema", "tables": "table", "columns": "columnName", "scope": "schema"}
ITEMS = {"scope": "table", "columns": "columnName"}
TEXT = {"type": "string", "pattern": "^[A-Za-z0-9_ .@-]{0,20}$"}
NAME = {"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,20}$"}
MEMBERSHIPS = (
    (re.compile(r".*/groups(/[^/]+)?"), {"id": "groupId", "role": "groupRole"}),
    (re.compile(r".*/connections(/[^/]+)?"), {"id": "connectionId", "role": "connectionRole"}),
    (re.compile(r"/v1/teams/[^/]+/users(/[^/]+)?"), {"role": "teamRole"}),
)
"""What the fields of a membership name, by the end of the path of a user or team."""
LOGS = tuple(log_services.kinds())
VARIANTS = {
    "POST /v1/connections": SERVICES,
    "POST /v1/destinations": ("snowflake", "big_query", "postgres_warehouse"),
    "POST /v1/external-logging": LOGS,
    "POST /v1/external-logging/account": LOGS,
    "POST /v1/private-links": tuple(private_links.SETTINGS),
    "PATCH /v1/private-links/{privateLinkId}": ("SOURCE_AWS",),
    "POST /v1/transformation-projects": ("DBT_CORE",),
    "PATCH /v1/transformation-projects/{projectId}": ("DBT_CORE",),
    "POST /v1/transformations": ("DBT_CORE", "QUICKSTART"),
    "PATCH /v1/transformations/{transformationId}": ("DBT_CORE", "QUICKSTART"),
}
"""The services or types whose settings the bodies of an operation have."""


def cases(operation: Operation) -> SearchStrategy[Any]:
    """Return valid requests to an operation."""
    raw: dict[str, Any] = {
        "parameters": [_parameter(operation, parameter) for parameter in _parameters(operation)]
    }
    if operation.takes_body:
        raw["requestBody"] = _required(closed(_body(operation)))
    return _strategy(operation.path, operation.method, raw, GenerationMode.POSITIVE)


def malformed(operation: Operation) -> SearchStrategy[Any]:
    """Return requests with an invalid body to a resource that exists."""
    path = existing_path(operation)
    raw = {"requestBody": _required(without_examples(request_schema(operation)))}
    return _strategy(path, operation.method, raw, GenerationMode.NEGATIVE)


def _required(schema: Any) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _strategy(path: str, method: str, raw: Any, mode: GenerationMode) -> SearchStrategy[Any]:
    whole = {
        "openapi": "3.0.1",
        "info": {"title": "One operation", "version": "1"},
        "paths": {path: {method.lower(): {"responses": {"200": {"description": ""}}, **raw}}},
    }
    operation = schemathesis.openapi.from_dict(whole)[path][method]
    return operation.as_strategy(generation_mode=mode)


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters = operation.raw["parameters"]
    return [parameter for parameter in parameters if parameter["in"] in ("path", "query")]


def _parameter(operation: Operation, raw: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter with existing values in a path; only one connection has tables."""
    base = {"name": raw["name"], "in": raw["in"], "required": raw["in"] == "path"}
    if raw["in"] == "query":
        return {**base, "schema": with_existing_values(raw["schema"], raw["name"])}
    has_tables = raw["name"] == "connectionId" and "/schemas/" in operation.path
    return {
        **base,
        "schema": {
            "enum": [DATABASE] if has_tables else list(values_in_path(operation, raw["name"]))
        },
    }


def _body(operation: Operation) -> Any:
    """Return the schema of an operation's body, which may be for one of several services."""
    if operation.method == "POST" and operation.path.startswith(
        ("/v1/webhooks/account", "/v1/webhooks/group")
    ):
        # An active webhook is tested at once, and its URL does not answer here.
        return _inactive(with_existing_values(request_schema(operation)))
    if operation.path.startswith(("/v1/users/", "/v1/teams/")):
        return _with_names(request_schema(operation), _membership_fields(operation.path))
    if str(operation) == "POST /v1/system-keys":
        return _complete_key(with_existing_values(request_schema(operation)))
    if str(operation) not in VARIANTS:
        at_root = "scope" if operation.path.endswith("/tables/resync") else ""
        return with_existing_values(request_schema(operation), at_root)
    return {"anyOf": [_variant(operation, kind) for kind in VARIANTS[str(operation)]]}


def _membership_fields(path: str) -> dict[str, str]:
    return next((names for pattern, names in MEMBERSHIPS if pattern.fullmatch(path)), {})


def _with_names(schema: Any, names: dict[str, str]) -> Any:
    """Return the schema of a body whose fields have the existing values of other names."""
    properties = {
        field: with_existing_values(value, names.get(field, field))
        for field, value in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _inactive(schema: Any) -> Any:
    properties = {**schema["properties"], "active": {"enum": [False]}}
    return {**schema, "properties": properties, "required": [*schema["required"], "active"]}


def _complete_key(schema: Any) -> Any:
    """Require what the definition does not, and what a system key is refused without."""
    permissions = schema["properties"]["permissions"]
    item = {**permissions["items"], "required": ["resource_type", "access_level"]}
    properties = {**schema["properties"], "permissions": {**permissions, "items": item}}
    return {**schema, "properties": properties, "required": ["name", "permissions"]}


def _variant(operation: Operation, kind: str) -> Any:
    schema = with_existing_values(request_schema(operation, service=kind))
    fixed = {"service": kind, "type": kind}
    properties = {
        name: {"enum": [fixed[name]]} if name in fixed else value
        for name, value in schema["properties"].items()
    }
    if "group_id" in properties:
        properties["group_id"] = {"enum": list(existing_values()["group_id"])}
    required = [*schema.get("required", ()), *(name for name in properties if name in ALWAYS)]
    if operation.path == "/v1/connections":
        names = dict.fromkeys(naming(kind), NAME)
        config = properties["config"]
        properties["config"] = {**config, "properties": {**config["properties"], **names}}
    return {**schema, "properties": properties, "required": sorted({*required})}


def with_existing_values(schema: Any, name: str = "") -> Any:
    """Return a schema whose values mostly exist in the test world, if its name has any."""
    if name in existing_values() and schema.get("type") in ("string", "integer"):
        return {"enum": [*existing_values()[name], *ODD[schema["type"]]]}
    if schema.get("type") == "string" and not schema.keys() & {"enum", "pattern", "format"}:
        return TEXT
    new = {key: value for key, value in schema.items() if key not in ("example", "description")}
    if "properties" in schema:
        new["properties"] = {
            key: with_existing_values(value, key) for key, value in schema["properties"].items()
        }
    if isinstance(schema.get("items"), dict):
        new["items"] = with_existing_values(schema["items"], ITEMS.get(name, name))
    within = schema.get("additionalProperties")
    if name in MAPS and isinstance(within, dict):
        new["properties"] = dict.fromkeys(
            existing_values()[MAPS[name]], with_existing_values(within, name)
        )
        new["additionalProperties"] = False
    return new


def without_examples(schema: Any) -> Any:
    """Return a schema without examples, which a generator would use as values."""
    if isinstance(schema, list):
        return [without_examples(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: without_examples(value) for key, value in schema.items() if key != "example"}
