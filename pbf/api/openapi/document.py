"""The OpenAPI 3.1 document of the JSON API, built from its request and response schemas."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from pbf.api import schemas as response_schemas
from pbf.api.error_handlers import HTTP_ERRORS, INVALID_JSON, STATUS_CODES, UNEXPECTED
from pbf.api.guard import FOREIGN_ORIGIN
from pbf.api.openapi.operations import Operation, operations
from pbf.api.request_context import TENANT_HEADER
from pbf.paths import LONGEST_ID
from pbf.server.auth_middleware.cookies import COOKIE
from pbf.server.host_header import MALFORMED, UNKNOWN
from pbf.server.request_body import TOO_SLOW

VERSION = "0.1.0"
TITLE = "Data connections"
ABOUT = (
    "The functions of the dashboard, for front ends of your own. Lists are bare arrays under "
    "Fivetran's field names. After an action the connector is read again: the response is what "
    "Fivetran then reports. An action may have happened although Fivetran's answer was lost, so "
    "read the connector again after a 5xx error before you retry. Pages of other origins may "
    "change something only if PBF_ALLOWED_ORIGINS names them. While sign-in is off, requests need "
    "neither a token nor a session."
)
SCHEMAS = "#/components/schemas"
# The status of each error code, and a sentence about it.
CODES: dict[str, tuple[int, str]] = {
    code: (status, text)
    for status, code, text in (
        *(
            (status, code, (kind.__doc__ or "").partition("\n")[0])
            for kind, (status, code) in STATUS_CODES.items()
        ),
        *((status, code, text) for status, (code, text) in HTTP_ERRORS.items()),
        *(UNEXPECTED, TOO_SLOW, FOREIGN_ORIGIN, INVALID_JSON, MALFORMED, UNKNOWN),
    )
}


def document(app: Flask, *, root: str = "") -> dict[str, Any]:
    """Return the document of an app's routes, which are below the path `root`."""
    documented = tuple(operations(app))
    schemas = _schemas(documented)
    paths: dict[str, dict[str, Any]] = {}
    for operation in documented:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
        "servers": [{"url": root or "/"}],
        "paths": paths,
        "security": [{name: []} for name in SECURITY],
        "components": {
            "schemas": schemas,
            "securitySchemes": SECURITY,
            "headers": {"Retry-After": _RETRY_AFTER},
            "examples": {code: _error_example(code) for code in sorted(CODES)},
        },
    }


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """Return an example of a schema, built from the examples of its parts."""
    if schema.get("examples"):
        return schema["examples"][0]
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].removeprefix(f"{SCHEMAS}/")], schemas)
    if "const" in schema:
        return schema["const"]
    if "properties" in schema:
        return {name: sample(part, schemas) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [sample(schema["items"], schemas)]
    return {"boolean": False, "string": ""}[schema["type"]]


SECURITY: Mapping[str, Mapping[str, str]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token of a tenant. With one of the operators, name the tenant in "
        f"the header {TENANT_HEADER}; the admin routes have it in their paths.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "The session of a person who signed in with a browser. Changes need an "
        "Origin that is allowed.",
    },
}
# The parameters of paths, and what each one is the id of.
IDS: Mapping[str, str] = {
    "connector_id": "a connector, from the list",
    "incident_id": "an incident, from the list",
    "tenant_id": "a tenant",
    "person_id": "a member, from the list",
    "invitation_id": "an invitation or a link for colleagues, from its list",
    "change_id": "a planned change, from the list",
    "channel_id": "a channel of notifications, from its list",
    "delivery_id": "a message to the channel, from its list",
    "session_id": "a session, from the list",
    "token_id": "a token, from the list",
}
_REQUEST = "3f9c2ab41d07"
_RETRY_AFTER: Mapping[str, Any] = {
    "description": "Seconds to wait before the next request.",
    "schema": {"type": "integer"},
}


def _schemas(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the schema of each model by name."""
    bodies = {operation.body for operation in operations if operation.body}
    responses: set[type[BaseModel]] = {response_schemas.Error}
    responses |= {operation.response for operation in operations if operation.response}
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = []
    models += [(model, "validation") for model in bodies]
    models += [(model, "serialization") for model in responses]
    models.sort(key=lambda model: model[0].__name__)
    _, definitions = models_json_schema(models, ref_template=f"{SCHEMAS}/{{model}}")
    schemas: dict[str, Any] = definitions["$defs"]
    schemas["ErrorDetails"]["properties"]["code"]["enum"] = sorted(CODES)
    return schemas


def _operation(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
    }
    # Repeated at each operation, since Swagger UI ignores a reference at the path.
    parameters = [_id(name) for name in IDS if f"{{{name}}}" in operation.path]
    for place, fields in (("query", operation.query), ("header", operation.headers)):
        parameters += [{"name": name, "in": place, **field} for name, field in fields.items()]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        content = _content(_ref(operation.body), schemas)
        described["requestBody"] = {"required": True, "content": content}
    if operation.is_public:
        described["security"] = []
    success = {str(operation.status): _success(operation, schemas)}
    described["responses"] = success | _errors(operation.errors)
    if operation.has_etag:
        described["responses"]["304"] = {"description": "Not changed since If-None-Match."}
    return described


def _id(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": f"The id of {IDS[name]}.",
        "schema": {"type": "string", "maxLength": LONGEST_ID},
    }


def _success(operation: Operation, schemas: Mapping[str, Any]) -> dict[str, Any]:
    content: dict[str, Any]
    if operation.csv:
        content = {"text/csv": {"schema": {"type": "string"}, "example": operation.csv}}
    elif operation.response is None:
        content = {"application/json": {"schema": {"type": "object"}}}
    elif operation.many:
        content = _content({"type": "array", "items": _ref(operation.response)}, schemas)
    else:
        content = _content(_ref(operation.response), schemas)
    return {"description": "Success.", "content": content}


def _errors(codes: Iterable[str]) -> dict[str, Any]:
    """Return the error responses of some codes, one for each status, in ascending order."""
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in sorted(codes, key=lambda code: (CODES[code][0], code)):
        by_status[CODES[code][0]].append(code)
    return {str(status): _error(status, names) for status, names in by_status.items()}


def _error(status: int, codes: list[str]) -> dict[str, Any]:
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    response: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(codes)}.",
        "content": {
            "application/json": {"schema": _ref(response_schemas.Error), "examples": examples}
        },
    }
    if status == 429 or "in_progress" in codes:
        response["headers"] = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
    return response


def _error_example(code: str) -> dict[str, Any]:
    return {"value": {"error": {"code": code, "message": CODES[code][1], "request_id": _REQUEST}}}


def _content(schema: dict[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema, "example": sample(schema, schemas)}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"{SCHEMAS}/{model.__name__}"}
