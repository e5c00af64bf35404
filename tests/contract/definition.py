"""Fivetran's official definition, relaxed, and the validation of requests and responses."""

import re
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs

from tests.contract.relaxations import (
    AS_CREATED,
    AS_FILE,
    AS_LIST,
    UNDECLARED,
    WITHOUT_ENVELOPE,
    correct,
    numbers_or_text,
    relax,
)
from tests.support.requirements import DEFINITION, load_reference

METHODS = ("get", "post", "patch", "put", "delete")
REFERENCE = "#/components/schemas/"
BY_TYPE = (
    "ConnectorResponseV1",
    "DestinationExtendedResponse",
    "LogExtendedResponse",
    "PrivateLinkResponse",
    "TransformationProjectDetailsResponse",
    "TransformationResponse",
)
"""Schemas of data with settings that depend on its service or type."""
ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {
        "code": {"type": "string", "pattern": "^[A-Z][A-Za-z]+(_[A-Z][A-Za-z]+)?$"},
        "message": {"type": "string", "minLength": 1},
    },
    "additionalProperties": False,
}


class Operation(NamedTuple):
    """One operation of the definition."""

    method: str
    path: str

    def __str__(self) -> str:
        """Return it as documents write it."""
        return f"{self.method} {self.path}"

    @property
    def raw(self) -> dict[str, Any]:
        """Its entry in the definition."""
        entry: dict[str, Any] = definition()["paths"][self.path][self.method.lower()]
        return entry

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of its path parameters."""
        parameters = self.raw["parameters"]
        return tuple(item["name"] for item in parameters if item["in"] == "path")

    @property
    def takes_body(self) -> bool:
        """Whether it declares a body of JSON."""
        return "application/json" in self.raw.get("requestBody", {}).get("content", {})

    @property
    def takes_file(self) -> bool:
        """Whether it declares an uploaded file."""
        return "multipart/form-data" in self.raw.get("requestBody", {}).get("content", {})

    def at(self, **values: str) -> str:
        """Return its path with values for its parameters."""
        return self.path.format(**values)


@cache
def definition() -> dict[str, Any]:
    """Return the definition, relaxed."""
    whole: dict[str, Any] = load_reference(DEFINITION)
    relax(whole["components"]["schemas"])
    correct(whole["paths"])
    return whole


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation of the definition."""
    return tuple(
        Operation(method.upper(), path)
        for path, methods in definition()["paths"].items()
        for method in methods
        if method in METHODS
    )


def operation_for(method: str, path: str) -> Operation | None:
    """Return the operation of a request; literal segments take precedence over parameters."""
    matching = [
        operation
        for operation in operations()
        if operation.method == method
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), path)
    ]
    return min(matching, key=lambda operation: len(operation.parameters), default=None)


def resolved(schema: Any) -> Any:
    """Return a schema with its references replaced and each `allOf` joined to one object."""
    if isinstance(schema, list):
        return [resolved(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return schema_named(schema["$ref"].removeprefix(REFERENCE))
    if "allOf" in schema:
        whole: dict[str, Any] = {}
        for part in schema["allOf"]:
            whole = joined(whole, resolved(part))
        return whole
    return {key: resolved(value) for key, value in schema.items() if key != "discriminator"}


def joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return one object schema with the requirements of two."""
    whole = {**first, **second}
    if "required" in first and "required" in second:
        whole["required"] = sorted({*first["required"], *second["required"]})
    if "properties" in first and "properties" in second:
        whole["properties"] = {**first["properties"], **second["properties"]}
        for name in first["properties"].keys() & second["properties"].keys():
            whole["properties"][name] = joined(
                first["properties"][name], second["properties"][name]
            )
    return whole


def closed(schema: Any) -> Any:
    """Return a schema that allows no field it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and isinstance(schema.get("type", ""), str):
        strict.setdefault("additionalProperties", False)
    return strict


@cache
def schema_named(name: str) -> Any:
    """Return one of the definition's schemas, resolved; do not change it."""
    return resolved(raw_schema(name))


def request_schema(operation: Operation, *, service: str | None = None) -> Any:
    """Return the schema of an operation's body, with the settings of a service or type."""
    schema = operation.raw["requestBody"]["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").removeprefix(REFERENCE)
    return schema_named(variants(name).get(service, name)) if service else resolved(schema)


@cache
def variants(name: str) -> dict[str, str]:
    """Return the names of the schemas that a schema's discriminator chooses, by its value."""
    mapping = raw_schema(name).get("discriminator", {}).get("mapping", {})
    return {value: target.removeprefix(REFERENCE) for value, target in mapping.items()}


def raw_schema(name: str) -> dict[str, Any]:
    """Return one of the definition's schemas with its references; do not change it."""
    schema: dict[str, Any] = definition()["components"]["schemas"][name]
    return schema


@cache
def request_validator(operation: Operation, service: str | None = None) -> Any:
    """Return the validator of an operation's bodies."""
    return jsonschema_rs.Draft202012Validator(closed(request_schema(operation, service=service)))


def declared(operation: Operation, status: int) -> dict[str, Any] | None:
    """Return what an operation declares for a status, if anything."""
    number = 200 if operation in AS_CREATED and status == 201 else status
    response: dict[str, Any] | None = operation.raw["responses"].get(str(number))
    return response


def response_schema(operation: Operation, status: int) -> Any:
    """Return the schema of an operation's responses with a status; do not change it."""
    content = (declared(operation, status) or {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if operation in WITHOUT_ENVELOPE:
        texts = {"code": {"type": "string"}, "message": {"type": "string"}}
        properties = {**texts, "data": schema}
        return {"type": "object", "required": ["code", "data"], "properties": properties}
    return schema


def data_name(operation: Operation, status: int) -> tuple[str, bool]:
    """Return the name of the schema of a response's data, and whether it is that of items."""
    properties = response_schema(operation, status).get("properties", {})
    data = properties.get("data", {})
    items = data.get("properties", {}).get("items", {}).get("items", {})
    reference: str = (items or data).get("$ref", "")
    return reference.removeprefix(REFERENCE), bool(items)


@cache
def response_validator(operation: Operation, status: int, *, any_data: bool = False) -> Any:
    """Return the validator of an operation's responses with a status, of their data if wanted."""
    schema = deepcopy(response_schema(operation, status))
    if any_data and data_name(operation, status)[1]:
        schema["properties"]["data"]["properties"]["items"]["items"] = {}
    elif any_data:
        schema["properties"]["data"] = {}
    if operation in AS_LIST:
        schema["properties"]["data"] = {"type": "array", "items": schema["properties"]["data"]}
    return jsonschema_rs.Draft202012Validator(closed(resolved(schema)), validate_formats=True)


@cache
def data_validator(name: str) -> Any:
    """Return the validator of the data of one service's responses."""
    schema = deepcopy(schema_named(name))
    if name.endswith("DestinationExtendedResponse"):
        numbers_or_text(schema["properties"]["config"])
    return jsonschema_rs.Draft202012Validator(closed(schema), validate_formats=True)


ERROR_VALIDATOR = jsonschema_rs.Draft202012Validator(ERROR)


def problems(operation: Operation, status: int, body: Any) -> list[str]:
    """Return the errors of a response; none if it is valid by the definition."""
    if status >= 400:
        known = str(status) in operation.raw["responses"] or status in UNDECLARED
        undeclared = [] if known else [f"{status} is declared nowhere"]
        return undeclared + [_message(error) for error in ERROR_VALIDATOR.iter_errors(body)]
    if declared(operation, status) is None:
        return [f"{status} is not among the declared responses"]
    if operation in AS_FILE:
        return [] if body is None else ["the response is no file"]
    parts = typed_parts(operation, status, body)
    errors = [*response_validator(operation, status, any_data=bool(parts)).iter_errors(body)]
    for name, part in parts:
        errors += data_validator(name).iter_errors(part)
    return [_message(error) for error in errors]


def typed_parts(operation: Operation, status: int, body: Any) -> list[tuple[str, Any]]:
    """Return the parts of a response that depend on a service or type, each with its schema."""
    name, listed = data_name(operation, status)
    data = body.get("data") if isinstance(body, dict) else None
    if name not in BY_TYPE or not isinstance(data, dict):
        return []
    field = raw_schema(name)["discriminator"]["propertyName"]
    items = data.get("items", []) if listed else [data]
    kinds = variants(name)
    return [(kinds[item[field]], item) for item in items if item.get(field) in kinds]


def request_problems(operation: Operation, body: Any, query: dict[str, Any]) -> list[str]:
    """Return the errors of a request that our client sends."""
    parameters = operation.raw["parameters"]
    declared = {item["name"] for item in parameters if item["in"] == "query"}
    errors = [f"the query has no {name!r}" for name in query if name not in declared]
    if not operation.takes_body:
        return errors if body is None else [*errors, "there is no body"]
    service = body.get("service") if isinstance(body, dict) else None
    validator = request_validator(operation, service)
    return errors + [_message(error) for error in validator.iter_errors(body)]


def allows(operation: Operation, body: Any) -> bool:
    """Return whether the definition allows a body, ignoring unknown fields and nulls."""
    return bool(_open_validator(operation).is_valid(without_nulls(body)))


@cache
def _open_validator(operation: Operation) -> Any:
    return jsonschema_rs.Draft202012Validator(request_schema(operation))


def without_nulls(value: Any) -> Any:
    """Return a value without the nulls of its objects; see NULL_IS_ABSENT."""
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return value


def _message(error: Any) -> str:
    where = "/".join(str(step) for step in error.instance_path)
    return f"{where or 'the whole'}: {error.message[:300]}"
