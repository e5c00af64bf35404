"""Schemas: what of a connection's source is synced."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import answer, body, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import connections, schemas
from pbf.sandbox.routes.connections import found

routes = Blueprint("schemas", __name__, url_prefix="/v1/connections/<connection_id>/schemas")

TABLE = "/<schema>/tables/<table>"
COLUMN = f"{TABLE}/columns/<column>"


def configuration(connection: Connection, message: str) -> ResponseReturnValue:
    """Return the answer that shows a whole schema configuration."""
    return answer(schemas.shown(world(), connection), message=message)


@routes.get("")
def get_schemas(connection_id: str) -> ResponseReturnValue:
    """Return a connection's schema configuration."""
    message = "Schema configuration retrieved successfully"
    return configuration(found(connection_id), message)


@routes.post("")
def create_schemas(connection_id: str) -> ResponseReturnValue:
    """Create a schema configuration before the source is read."""
    connection = found(connection_id)
    schemas.pre_create(world(), connection, body())
    return configuration(connection, "Schema configuration pre-created successfully")


@routes.patch("")
def update_schemas(connection_id: str) -> ResponseReturnValue:
    """Change a schema configuration."""
    return changed(connection_id, body(), "Schema configuration has been modified")


@routes.post("/reload")
def reload_schemas(connection_id: str) -> ResponseReturnValue:
    """Read the source again."""
    connection = found(connection_id)
    schemas.reload(world(), connection, body(optional=True))
    return configuration(connection, "Schema configuration has been reloaded")


@routes.patch("/<schema>")
def update_schema(connection_id: str, schema: str) -> ResponseReturnValue:
    """Change one schema."""
    given = {"schemas": {schema: body()}}
    return changed(connection_id, given, "Database schema configuration has been modified")


@routes.patch(TABLE)
def update_table(connection_id: str, schema: str, table: str) -> ResponseReturnValue:
    """Change one table."""
    given = {"schemas": {schema: _path("tables", table, body())}}
    return changed(connection_id, given, "Table configuration has been modified")


@routes.patch(COLUMN)
def update_column(connection_id: str, schema: str, table: str, column: str) -> ResponseReturnValue:
    """Change one column."""
    given = {"schemas": {schema: _path("tables", table, _path("columns", column, body()))}}
    return changed(connection_id, given, "Column configuration has been modified")


def _path(level: str, name: str, given: dict[str, Any]) -> dict[str, Any]:
    return {level: {name: given}}


def changed(connection_id: str, given: dict[str, Any], message: str) -> ResponseReturnValue:
    """Return the answer to a change, once it is made."""
    connection = found(connection_id)
    schemas.modify(world(), connection, given)
    return configuration(connection, message)


@routes.get(f"{TABLE}/columns")
def list_columns(connection_id: str, schema: str, table: str) -> ResponseReturnValue:
    """Return every column of a table."""
    columns = schemas.columns(world(), found(connection_id), schema, table)
    return answer({"columns": columns}, message="Column configuration retrieved successfully")


@routes.delete(COLUMN)
def drop_column(connection_id: str, schema: str, table: str, column: str) -> ResponseReturnValue:
    """Mark a blocked column for deletion."""
    schemas.drop_columns(world(), found(connection_id), [(schema, table, column)])
    return answer(message="Column successfully marked for deletion")


@routes.post("/drop-columns")
def drop_columns(connection_id: str) -> ResponseReturnValue:
    """Mark blocked columns for deletion."""
    connection = found(connection_id)
    schemas.drop_columns(world(), connection, _named_columns(body()))
    return answer(message="Column(s) successfully marked for deletion")


def _named_columns(given: dict[str, Any]) -> list[tuple[str, str, str]]:
    named = []
    for schema, inside in _object(given, "schemas").items():
        for table, columns in _object(inside, "tables").items():
            listed = columns.get("columns") if isinstance(columns, dict) else None
            if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
                raise InvalidInput("Invalid 'columns' value")
            named += [(schema, table, column) for column in listed]
    if not named:
        raise InvalidInput("No columns to drop")
    return named


def _object(given: Any, name: str) -> dict[str, Any]:
    value = given.get(name) if isinstance(given, dict) else None
    if not isinstance(value, dict):
        raise InvalidInput(f"Field '{name}' is required")
    return value


@routes.post("/tables/resync")
def resync_tables(connection_id: str) -> ResponseReturnValue:
    """Read some tables again."""
    connection = found(connection_id)
    given = body(optional=True)
    if not given:
        raise InvalidInput("The request body is missing", code="BadRequest")
    connections.resync_tables(world(), connection, given)
    return answer(message="Re-sync has been triggered successfully")


@routes.post(f"{TABLE}/resync")
def resync_table(connection_id: str, schema: str, table: str) -> ResponseReturnValue:
    """Read one table again, as clients did before there were several at once."""
    connections.resync_tables(world(), found(connection_id), {schema: [table]})
    return answer(message="Re-sync has been triggered successfully")
