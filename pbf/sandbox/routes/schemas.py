"""Schemas: what a connection syncs from its source."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.http import answer, body, world
from pbf.sandbox.core.records import Connection
from pbf.sandbox.resources import connections, schemas
from pbf.sandbox.routes.connections import connection_of_path

routes = Blueprint("schemas", __name__, url_prefix="/v1/connections/<connection_id>/schemas")

TABLE = "/<schema>/tables/<table>"
COLUMN = f"{TABLE}/columns/<column>"


def configuration(connection: Connection, message: str) -> ResponseReturnValue:
    """Return the response with a whole schema configuration."""
    return answer(schemas.configuration_of(world(), connection), message=message)


@routes.get("")
def get_schemas(connection_id: str) -> ResponseReturnValue:
    """Return a connection's schema configuration."""
    message = "Schema configuration retrieved successfully"
    return configuration(connection_of_path(connection_id), message)


@routes.post("")
def create_schemas(connection_id: str) -> ResponseReturnValue:
    """Create a schema configuration before the source is read."""
    connection = connection_of_path(connection_id)
    schemas.pre_create(world(), connection, body())
    return configuration(connection, "Schema configuration pre-created successfully")


@routes.patch("")
def update_schemas(connection_id: str) -> ResponseReturnValue:
    """Update a schema configuration."""
    return changed(connection_id, body(), "Schema configuration has been modified")


@routes.post("/reload")
def reload_schemas(connection_id: str) -> ResponseReturnValue:
    """Read the source again."""
    connection = connection_of_path(connection_id)
    schemas.reload(world(), connection, body(optional=True))
    return configuration(connection, "Schema configuration has been reloaded")


@routes.patch("/<schema>")
def update_schema(connection_id: str, schema: str) -> ResponseReturnValue:
    """Update one schema."""
    changes = {"schemas": {schema: body()}}
    return changed(connection_id, changes, "Database schema configuration has been modified")


@routes.patch(TABLE)
def update_table(connection_id: str, schema: str, table: str) -> ResponseReturnValue:
    """Update one table."""
    changes = {"schemas": {schema: _path("tables", table, body())}}
    return changed(connection_id, changes, "Table configuration has been modified")


@routes.patch(COLUMN)
def update_column(connection_id: str, schema: str, table: str, column: str) -> ResponseReturnValue:
    """Update one column."""
    changes = {"schemas": {schema: _path("tables", table, _path("columns", column, body()))}}
    return changed(connection_id, changes, "Column configuration has been modified")


def _path(level: str, name: str, change: dict[str, Any]) -> dict[str, Any]:
    return {level: {name: change}}


def changed(connection_id: str, changes: dict[str, Any], message: str) -> ResponseReturnValue:
    """Make changes and return the response."""
    connection = connection_of_path(connection_id)
    schemas.modify(world(), connection, changes)
    return configuration(connection, message)


@routes.get(f"{TABLE}/columns")
def list_columns(connection_id: str, schema: str, table: str) -> ResponseReturnValue:
    """Return every column of a table."""
    columns = schemas.columns(world(), connection_of_path(connection_id), schema, table)
    return answer({"columns": columns}, message="Column configuration retrieved successfully")


@routes.delete(COLUMN)
def drop_column(connection_id: str, schema: str, table: str, column: str) -> ResponseReturnValue:
    """Mark a blocked column for deletion."""
    schemas.drop_columns(world(), connection_of_path(connection_id), [(schema, table, column)])
    return answer(message="Column successfully marked for deletion")


@routes.post("/drop-columns")
def drop_columns(connection_id: str) -> ResponseReturnValue:
    """Mark blocked columns for deletion."""
    connection = connection_of_path(connection_id)
    schemas.drop_columns(world(), connection, _column_paths(body()))
    return answer(message="Column(s) successfully marked for deletion")


def _column_paths(fields: dict[str, Any]) -> list[tuple[str, str, str]]:
    paths = []
    for schema, schema_fields in _object(fields, "schemas").items():
        for table, table_fields in _object(schema_fields, "tables").items():
            names = table_fields.get("columns") if isinstance(table_fields, dict) else None
            if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
                raise InvalidInput("Invalid 'columns' value")
            paths += [(schema, table, name) for name in names]
    if not paths:
        raise InvalidInput("No columns to drop")
    return paths


def _object(fields: Any, name: str) -> dict[str, Any]:
    value = fields.get(name) if isinstance(fields, dict) else None
    if not isinstance(value, dict):
        raise InvalidInput(f"Field '{name}' is required")
    return value


@routes.post("/tables/resync")
def resync_tables(connection_id: str) -> ResponseReturnValue:
    """Re-sync some tables."""
    connection = connection_of_path(connection_id)
    tables = body(optional=True)
    if not tables:
        raise InvalidInput("The request body is missing", code="BadRequest")
    connections.resync_tables(world(), connection, tables)
    return answer(message="Re-sync has been triggered successfully")


@routes.post(f"{TABLE}/resync")
def resync_table(connection_id: str, schema: str, table: str) -> ResponseReturnValue:
    """Re-sync one table, as clients did before `/tables/resync` existed."""
    connections.resync_tables(world(), connection_of_path(connection_id), {schema: [table]})
    return answer(message="Re-sync has been triggered successfully")
