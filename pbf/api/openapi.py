"""The description of the JSON door, in OpenAPI 3.1, made of the models it reads and answers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from pbf.api import schemas as response_schemas
from pbf.api.guard import FOREIGN_ORIGIN
from pbf.api.openapi_routes import MESSAGES, OPERATIONS, Operation
from pbf.api.responses import HTTP_ERRORS, INVALID_JSON, STATUS_CODES, UNEXPECTED
from pbf.paths import LONGEST_ID
from pbf.server.hosts import MALFORMED, UNKNOWN
from pbf.server.request_body import TOO_SLOW

VERSION = "0.1.0"
TITLE = "Data connections"
ABOUT = (
    "The powers of the dashboard for front ends of your own. Lists are bare arrays under "
    "Fivetran's field names. After an action the connector is read anew: the answer is what "
    "Fivetran then says of it. What Fivetran failed to answer may have been done all the same, so "
    "after an error of class 5xx look at the connector before you try again. Whatever changes "
    "something is refused to pages of other origins, unless PBF_ALLOWED_ORIGINS names them."
)
SCHEMAS = "#/components/schemas"
CODES: dict[str, int] = {
    code: status
    for status, code in (
        *STATUS_CODES.values(),
        *((status, code) for status, (code, _) in HTTP_ERRORS.items()),
        UNEXPECTED,
        TOO_SLOW[:2],
        FOREIGN_ORIGIN,
        INVALID_JSON,
        MALFORMED[:2],
        UNKNOWN[:2],
    )
}


def document() -> dict[str, Any]:
    """Return the whole description."""
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "headers": {"Retry-After": _RETRY_AFTER},
            "examples": {code: _error_example(code) for code in sorted(CODES)},
        },
    }


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Return something of a schema, put together from the examples of its parts."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].removeprefix(f"{SCHEMAS}/")], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        return {name: sample(part, schemas) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [sample(schema["items"], schemas)]
    return {"boolean": False, "string": ""}[schema["type"]]


_ID: Mapping[str, Any] = {
    "name": "connector_id",
    "in": "path",
    "required": True,
    "description": "The id of a connector, from the list.",
    "schema": {"type": "string", "maxLength": LONGEST_ID},
}
_REQUEST = "3f9c2ab41d07"
_RETRY_AFTER: Mapping[str, Any] = {
    "description": "Seconds to wait before the next try.",
    "schema": {"type": "integer"},
}


def _schemas() -> dict[str, Any]:
    """Return the schema of each model by name; what comes in and goes out may differ."""
    bodies = {operation.body for operation in OPERATIONS if operation.body}
    answers: set[type[BaseModel]] = {response_schemas.Error}
    answers |= {operation.answer for operation in OPERATIONS if operation.answer}
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    wanted += [(model, "validation") for model in bodies]
    wanted += [(model, "serialization") for model in answers]
    wanted.sort(key=lambda one: one[0].__name__)
    _, found = models_json_schema(wanted, ref_template=f"{SCHEMAS}/{{model}}")
    schemas: dict[str, Any] = found["$defs"]
    schemas["Trouble"]["properties"]["code"]["enum"] = sorted(CODES)
    return schemas


def _described(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
    }
    # Written out at each operation: Swagger UI leaves a reference at the path unread.
    parameters = [_ID] if "{connector_id}" in operation.path else []
    parameters += [{"name": name, "in": "query", **said} for name, said in operation.query.items()]
    parameters += [
        {"name": name, "in": "header", **said} for name, said in operation.headers.items()
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        content = _content(_of(operation.body), schemas)
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = {"200": _answer(operation, schemas), **_errors(operation.errors)}
    if operation.kept:
        described["responses"]["304"] = {"description": "Not changed since If-None-Match."}
    return described


def _answer(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any]
    if operation.csv:
        content = {"text/csv": {"schema": {"type": "string"}, "example": operation.csv}}
    elif operation.answer is None:
        content = {"application/json": {"schema": {"type": "object"}}}
    elif operation.many:
        content = _content({"type": "array", "items": _of(operation.answer)}, schemas)
    else:
        content = _content(_of(operation.answer), schemas)
    return {"description": "It worked.", "content": content}


def _errors(codes: Iterable[str]) -> dict[str, Any]:
    """Return the answers of some error codes by status, in its order."""
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in sorted(codes, key=lambda code: (CODES[code], code)):
        by_status[CODES[code]].append(code)
    return {str(status): _error(status, found) for status, found in by_status.items()}


def _error(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    answer: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}.",
        "content": {
            "application/json": {"schema": _of(response_schemas.Error), "examples": examples}
        },
    }
    if any(CODES[code] == 429 or code == "in_progress" for code in codes):
        answer["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return answer


def _error_example(code: str) -> dict[str, Any]:
    return {"value": {"error": {"code": code, "message": MESSAGES[code], "request_id": _REQUEST}}}


def _content(schema: dict[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "example": sample(schema, schemas)}}


def _of(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"{SCHEMAS}/{model.__name__}"}
