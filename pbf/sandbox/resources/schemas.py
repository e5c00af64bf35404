"""The schema configuration of a connection: what it syncs from its source, and how."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pbf.sandbox.catalogue import sources
from pbf.sandbox.catalogue.services import services
from pbf.sandbox.catalogue.sources import Column, Schema, Table
from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotConnected, NotFound, SandboxError
from pbf.sandbox.core.records import Connection, Selection
from pbf.sandbox.core.validation import checked_fields
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.schema_changes import checked_tree, merge, refuse_impossible

EXCLUDE_MODES = ("PRESERVE", "EXCLUDE", "INCLUDE")


def source_of(connection: Connection) -> dict[str, Schema]:
    """Return the schemas of a connection's source by their names."""
    own, _, table = connection.schema.partition(".")
    schemas = {}
    for schema in sources.schemas_of(connection.service):
        tables = tuple(item if item.name else item._replace(name=table) for item in schema.tables)
        name = schema.name or own
        added = [line for place, line in connection.added if place == name]
        schemas[name] = sources.with_added(Schema(name, tables), added)
    return schemas


def extend_source(connection: Connection, schema: str, lines: Sequence[str]) -> None:
    """Add tables and columns to a connection's source, blocked or not as its handling says."""
    selection = connection.selection = connection.selection or Selection(captured=True)
    before = {table.name: table for table in source_of(connection)[schema].tables}
    connection.added += tuple((schema, line) for line in lines)
    blocked: dict[str, Any] = {}
    for table in source_of(connection)[schema].tables:
        old = before.get(table.name)
        new = [column.name for column in table.columns if old and column not in old.columns]
        if old is None and selection.handling != "ALLOW_ALL":
            blocked[table.name] = {"enabled": False}
        elif new and selection.handling == "BLOCK_ALL":
            blocked[table.name] = {"columns": {name: {"enabled": False} for name in new}}
    merge(selection, {"schemas": {schema: {"tables": blocked}}})


def destination_name(name: str) -> str:
    """Return Fivetran's name in the destination for a source's schema, table or column."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    clean = re.sub(r"[^A-Za-z0-9]+", "_", split).lower()
    return f"_{clean}" if clean[:1].isdigit() else clean


def schema_name(connection: Connection, name: str) -> str:
    """Return the destination's name for a schema of the source."""
    own = connection.schema.partition(".")[0]
    if services()[connection.service].naming == "schema_prefix":
        return f"{own}_{destination_name(name)}"
    return own


def captured(world: World, connection: Connection) -> bool:
    """Return whether a reload or a successful sync has read the source."""
    if connection.selection is not None and connection.selection.captured:
        return True
    return lifecycle.state_at(connection, world.clock()).succeeded_at is not None


def selection_of(world: World, connection: Connection) -> Selection:
    """Return a connection's selection; raise NotFound if it has no schema configuration."""
    magic = services()[connection.service].is_magic_folder
    if not magic and connection.selection is not None:
        return connection.selection
    if magic or not captured(world, connection):
        text = f"Connector with id '{connection.id}' doesn't have schema config"
        raise NotFound(text, code="NotFound_SchemaConfig")
    return Selection(captured=True)


def refuse_unconnected(connection: Connection) -> None:
    """Refuse a connection that is not connected."""
    if connection.setup_state != "connected":
        raise NotConnected(connection.setup_state)


def configuration_of(world: World, connection: Connection) -> dict[str, Any]:
    """Return a connection's schema configuration, with only the columns that a user changed."""
    with world.lock:
        selection = selection_of(world, connection)
        if captured(world, connection):
            tree = {
                name: _schema(connection, schema, selection)
                for name, schema in source_of(connection).items()
            }
        else:
            tree = _pre_created(connection, selection)
        return {
            "enable_new_by_default": selection.handling == "ALLOW_ALL",
            "schema_change_handling": selection.handling,
            "schemas": tree,
        }


def _schema(connection: Connection, schema: Schema, selection: Selection) -> dict[str, Any]:
    change = selection.schemas.get(schema.name, {})
    tables = change.get("tables", {})
    return {
        "name_in_destination": schema_name(connection, schema.name),
        "enabled": change.get("enabled", selection.base),
        "tables": {
            table.name: _table(table, tables.get(table.name, {}), selection)
            for table in schema.tables
        },
    }


def _table(table: Table, change: Mapping[str, Any], selection: Selection) -> dict[str, Any]:
    changed = change.get("columns", {}) if table.columns_config else {}
    item: dict[str, Any] = {
        "name_in_destination": destination_name(table.name),
        "enabled": change.get("enabled", selection.base) if table.locked is None else table.locked,
        "enabled_patch_settings": _patchable(table.code, table.reason),
        "supports_columns_config": table.columns_config,
        "supports_history_mode": table.history,
        "columns": {
            column.name: _column(column, changed[column.name])
            for column in table.columns
            if column.name in changed
        },
    }
    if table.history:
        item["sync_mode"] = change.get("sync_mode", "SOFT_DELETE")
    return item


def _column(column: Column, change: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name_in_destination": destination_name(column.name),
        "enabled": True if column.code else change.get("enabled", True),
        "hashed": change.get("hashed", False),
        "is_primary_key": change.get("is_primary_key", column.key),
        "enabled_patch_settings": _patchable(column.code, column.reason),
    }


def _patchable(code: str, reason: str) -> dict[str, Any]:
    if not code:
        return {"allowed": True}
    setting = {"allowed": False, "reason_code": code}
    return {**setting, "reason": reason} if code == "OTHER" else setting


def _pre_created(connection: Connection, selection: Selection) -> dict[str, Any]:
    """Return settings made before the source was read, exactly as they were sent."""
    tree = {}
    for name, change in selection.schemas.items():
        tables = {}
        for table_name, table_change in change.get("tables", {}).items():
            columns = tuple(Column(column) for column in table_change.get("columns", {}))
            table = Table(table_name, columns, history="sync_mode" in table_change)
            tables[table_name] = _table(table, table_change, selection)
        tree[name] = {
            "name_in_destination": schema_name(connection, name),
            "enabled": change.get("enabled", selection.base),
            "tables": tables,
        }
    return tree


def pre_create(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Store a selection before the source is read; what the source lacks is ignored."""
    if body.get("schemas") is None:
        raise InvalidInput("Field 'schemas' is required")
    changes = checked_tree(world.assumptions, body)
    with world.lock:
        _refuse_magic(world, connection)
        if captured(world, connection):
            status = world.assumptions.schema_exists_status
            text = f"Connector with id '{connection.id}' already has schema config"
            raise SandboxError(text, code=Conflict.code, status=status)
        handling = changes.get("schema_change_handling", "ALLOW_ALL")
        connection.selection = Selection(handling=handling, base=handling == "ALLOW_ALL")
        merge(connection.selection, changes)


def reload(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Read the source again; the mode says whether to exclude or include everything."""
    fields = checked_fields(body, {}, {"exclude_mode": EXCLUDE_MODES})
    mode = fields.get("exclude_mode", "PRESERVE")
    with world.lock:
        refuse_unconnected(connection)
        _refuse_magic(world, connection)
        selection = connection.selection or Selection()
        selection.captured = True
        if mode != "PRESERVE":
            selection.base = mode == "INCLUDE"
            for schema in selection.schemas.values():
                schema.pop("enabled", None)
                for table in schema.get("tables", {}).values():
                    table.pop("enabled", None)
        connection.selection = selection


def _refuse_magic(world: World, connection: Connection) -> None:
    if services()[connection.service].is_magic_folder:
        text = f"Service '{connection.service}' doesn't support schema configuration"
        raise InvalidInput(text, status=world.assumptions.no_schema_config_status)


def modify(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Change what is synced; if one change is refused, make none."""
    changes = checked_tree(world.assumptions, body)
    with world.lock:
        selection = selection_of(world, connection)
        if captured(world, connection):
            refuse_impossible(world.assumptions, source_of(connection), changes)
        connection.selection = selection
        merge(selection, changes)


def table_of(connection: Connection, schema: str, table: str) -> Table:
    """Return a table of a connection's source; names are case-sensitive."""
    source = source_of(connection).get(schema)
    if source is None:
        raise NotFound.entity("Schema", schema)
    for candidate in source.tables:
        if candidate.name == table:
            return candidate
    raise NotFound.entity("Table", table)


def columns(world: World, connection: Connection, schema: str, table: str) -> dict[str, Any]:
    """Return every column of a table as it is in the source now."""
    with world.lock:
        refuse_unconnected(connection)
        _refuse_magic(world, connection)
        source = table_of(connection, schema, table)
        changed = _changes(connection.selection or Selection(), schema, table)
        return {
            column.name: _column(column, changed.get(column.name, {})) for column in source.columns
        }


def _changes(selection: Selection, schema: str, table: str) -> dict[str, Any]:
    """Return a user's changes to the columns of a table."""
    tables = selection.schemas.get(schema, {}).get("tables", {})
    columns: dict[str, Any] = tables.get(table, {}).get("columns", {})
    return columns


def drop_columns(world: World, connection: Connection, paths: list[tuple[str, str, str]]) -> None:
    """Mark blocked columns for deletion in the next sync."""
    with world.lock:
        selection = selection_of(world, connection)
        for schema, table, column in paths:
            columns = table_of(connection, schema, table).columns
            if column not in {candidate.name for candidate in columns}:
                raise NotFound.entity("Column", column)
            if _changes(selection, schema, table).get(column, {}).get("enabled", True):
                raise Conflict(f"Column '{column}' of table '{table}' is not blocked")
        connection.selection = selection
        for path in paths:
            if list(path) not in selection.dropping:
                selection.dropping.append(list(path))


def refuse_unknown_tables(connection: Connection, scope: Mapping[str, list[str]]) -> None:
    """Refuse a re-sync of tables that the source lacks or the service does not support."""
    if services()[connection.service].type in ("File", "Events", "Function"):
        text = f"Service '{connection.service}' doesn't support table re-sync"
        raise InvalidInput(text)
    for schema, tables in scope.items():
        for table in tables:
            table_of(connection, schema, table)
