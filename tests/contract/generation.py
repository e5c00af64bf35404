"""Requests made from the definition: mostly aimed at what the furnished world holds."""

from typing import Any

import schemathesis
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode

from tests.contract.definition import Operation, closed, request_schema
from tests.contract.furniture import DATABASE, SERVICES, known, naming

ODD = {"string": ("\u00dcber \U0001f980/..",), "integer": (0, -1, 1001, 2**40)}
MAPS = {"schemas": "schema", "tables": "table", "columns": "columnName", "scope": "schema"}
ITEMS = {"scope": "table", "columns": "columnName"}
TEXT = {"type": "string", "pattern": "^[A-Za-z0-9_ .@-]{0,20}$"}
NAME = {"type": "string", "pattern": "^[a-z_][a-z0-9_]{0,20}$"}
CREATED = {
    "POST /v1/connections": SERVICES,
    "POST /v1/destinations": ("snowflake", "big_query", "postgres_warehouse"),
}


def cases(operation: Operation) -> SearchStrategy[Any]:
    """Return requests to an operation that the definition allows."""
    raw: dict[str, Any] = {
        "parameters": [_parameter(operation, each) for each in _parameters(operation)]
    }
    if operation.takes_body:
        raw["requestBody"] = _required(closed(_body(operation)))
    return _strategy(operation.path, operation.method, raw, GenerationMode.POSITIVE)


def malformed(operation: Operation) -> SearchStrategy[Any]:
    """Return requests whose body the definition forbids, sent to something that exists."""
    path = operation.at(**{name: known()[name][0] for name in operation.parameters})
    raw = {"requestBody": _required(unaimed(request_schema(operation)))}
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
    return [each for each in operation.raw["parameters"] if each["in"] in ("path", "query")]


def _parameter(operation: Operation, raw: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter whose value in a path finds something; only one connection has tables."""
    kept = {"name": raw["name"], "in": raw["in"], "required": raw["in"] == "path"}
    if raw["in"] == "query":
        return {**kept, "schema": aimed(raw["schema"], raw["name"])}
    deep = raw["name"] == "connectionId" and "/schemas/" in operation.path
    return {**kept, "schema": {"enum": [DATABASE] if deep else list(known()[raw["name"]])}}


def _body(operation: Operation) -> Any:
    """Return an operation's body; that which creates is one of several services'."""
    if operation.method == "POST" and operation.path.startswith(
        ("/v1/webhooks/account", "/v1/webhooks/group")
    ):
        # One that is switched on is tried out at once, and no such address answers here.
        return _switched_off(aimed(request_schema(operation)))
    if str(operation) not in CREATED:
        at_root = "scope" if operation.path.endswith("/tables/resync") else ""
        return aimed(request_schema(operation), at_root)
    return {"anyOf": [_creation(operation, each) for each in CREATED[str(operation)]]}


def _switched_off(schema: Any) -> Any:
    properties = {**schema["properties"], "active": {"enum": [False]}}
    return {**schema, "properties": properties, "required": [*schema["required"], "active"]}


def _creation(operation: Operation, service: str) -> Any:
    schema = aimed(request_schema(operation, service=service))
    properties = {**schema["properties"], "service": {"enum": [service]}}
    properties["group_id"] = {"enum": list(known()["group_id"])}
    if operation.path == "/v1/connections":
        names = dict.fromkeys(naming(service), NAME)
        config = properties["config"]
        properties["config"] = {**config, "properties": {**config["properties"], **names}}
        return {**schema, "properties": properties, "required": [*schema["required"], "config"]}
    return {**schema, "properties": properties}


def aimed(schema: Any, name: str = "") -> Any:
    """Return a schema most of whose values find something, where values of that name could."""
    if name in known() and schema.get("type") in ("string", "integer"):
        return {"enum": [*known()[name], *ODD[schema["type"]]]}
    if schema.get("type") == "string" and not schema.keys() & {"enum", "pattern", "format"}:
        return TEXT
    new = {key: value for key, value in schema.items() if key not in ("example", "description")}
    if "properties" in schema:
        new["properties"] = {key: aimed(value, key) for key, value in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        new["items"] = aimed(schema["items"], ITEMS.get(name, name))
    within = schema.get("additionalProperties")
    if name in MAPS and isinstance(within, dict):
        new["properties"] = dict.fromkeys(known()[MAPS[name]], aimed(within, name))
        new["additionalProperties"] = False
    return new


def unaimed(schema: Any) -> Any:
    """Return a schema without examples, from which a generator would take its values."""
    if isinstance(schema, list):
        return [unaimed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: unaimed(value) for key, value in schema.items() if key != "example"}
