"""Fivetran's official definition, relaxed: what requests and answers are held against."""

import re
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs

from tests.contract.relaxations import AS_LIST, UNDECLARED, mend, numbers_or_text, relax
from tests.support.requirements import DEFINITION, load_reference

METHODS = ("get", "post", "patch", "put", "delete")
REFERENCE = "#/components/schemas/"
BY_SERVICE = ("ConnectorResponseV1", "DestinationExtendedResponse")
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
        """Say it as documents do."""
        return f"{self.method} {self.path}"

    @property
    def raw(self) -> dict[str, Any]:
        """What the definition says of it."""
        found: dict[str, Any] = definition()["paths"][self.path][self.method.lower()]
        return found

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in its path."""
        return tuple(each["name"] for each in self.raw["parameters"] if each["in"] == "path")

    @property
    def takes_body(self) -> bool:
        """Whether it declares a body."""
        return "requestBody" in self.raw

    def at(self, **values: str) -> str:
        """Return its path with values for the names in it."""
        return self.path.format(**values)


@cache
def definition() -> dict[str, Any]:
    """Return the definition, relaxed."""
    whole: dict[str, Any] = load_reference(DEFINITION)
    relax(whole["components"]["schemas"])
    mend(whole["paths"])
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
    """Return the operation that a request goes to; names written out go before placeholders."""
    found = [
        operation
        for operation in operations()
        if operation.method == method
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), path)
    ]
    return min(found, key=lambda operation: len(operation.parameters), default=None)


def resolved(schema: Any) -> Any:
    """Return a schema in one piece: references in place, parts of an `allOf` as one object."""
    if isinstance(schema, list):
        return [resolved(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return resolved(definition()["components"]["schemas"][name])
    if "allOf" in schema:
        whole: dict[str, Any] = {}
        for part in schema["allOf"]:
            whole = joined(whole, resolved(part))
        return whole
    return {key: resolved(value) for key, value in schema.items() if key != "discriminator"}


def joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return one object schema that demands what two demand."""
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
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and isinstance(schema.get("type", ""), str):
        strict.setdefault("additionalProperties", False)
    return strict


def schema_named(name: str) -> Any:
    """Return one of the definition's schemas in one piece."""
    return resolved({"$ref": REFERENCE + name})


def request_schema(operation: Operation, *, service: str | None = None) -> Any:
    """Return what a body of an operation must be; for a service, with that service's settings."""
    schema = operation.raw["requestBody"]["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").removeprefix(REFERENCE)
    if service is not None:
        return schema_named(f"{service}_{name}")
    return resolved(schema)


@cache
def request_validator(operation: Operation, service: str | None = None) -> Any:
    """Return the validator of an operation's bodies."""
    return jsonschema_rs.Draft202012Validator(closed(request_schema(operation, service=service)))


@cache
def answer_validator(operation: Operation, status: int, service: str | None = None) -> Any:
    """Return the validator of an operation's answers of one status."""
    content = operation.raw["responses"][str(status)].get("content", {})
    schema = deepcopy(content.get("application/json", {}).get("schema", {}))
    data = schema.get("properties", {}).get("data", {})
    if service is not None and data.get("$ref", "").removeprefix(REFERENCE) in BY_SERVICE:
        name = f"{service}_{data['$ref'].removeprefix(REFERENCE)}"
        schema["properties"]["data"] = schema_named(name)
        if name.endswith("DestinationExtendedResponse"):
            numbers_or_text(schema["properties"]["data"]["properties"]["config"])
    if operation in AS_LIST:
        schema["properties"]["data"] = {"type": "array", "items": data}
    return jsonschema_rs.Draft202012Validator(closed(resolved(schema)), validate_formats=True)


ERROR_VALIDATOR = jsonschema_rs.Draft202012Validator(ERROR)


def problems(operation: Operation, status: int, body: Any) -> list[str]:
    """Return what is wrong with an answer; nothing is, if it is as the definition says."""
    if status >= 400:
        known = str(status) in operation.raw["responses"] or status in UNDECLARED
        strange = [] if known else [f"{status} is declared nowhere"]
        return strange + [_told(error) for error in ERROR_VALIDATOR.iter_errors(body)]
    if str(status) not in operation.raw["responses"]:
        return [f"{status} is not among the declared answers"]
    data = body.get("data") if isinstance(body, dict) else None
    service = data.get("service") if isinstance(data, dict) else None
    validator = answer_validator(operation, status, service)
    return [_told(error) for error in validator.iter_errors(body)]


def request_problems(operation: Operation, body: Any, query: dict[str, Any]) -> list[str]:
    """Return what is wrong with a request of ours."""
    known = {each["name"]: each for each in operation.raw["parameters"] if each["in"] == "query"}
    found = [f"the query has no {name!r}" for name in query if name not in known]
    if not operation.takes_body:
        return found if body is None else [*found, "there is no body"]
    service = body.get("service") if isinstance(body, dict) else None
    validator = request_validator(operation, service)
    return found + [_told(error) for error in validator.iter_errors(body)]


def allows(operation: Operation, body: Any) -> bool:
    """Tell whether the definition allows a body, whatever else is in it, and without its nulls."""
    return bool(_open_validator(operation).is_valid(without_nulls(body)))


@cache
def _open_validator(operation: Operation) -> Any:
    return jsonschema_rs.Draft202012Validator(request_schema(operation))


def without_nulls(value: Any) -> Any:
    """Return a value without what is null in its objects; see NULL_IS_ABSENT."""
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return value


def _told(error: Any) -> str:
    where = "/".join(str(step) for step in error.instance_path)
    return f"{where or 'the whole'}: {error.message[:300]}"
