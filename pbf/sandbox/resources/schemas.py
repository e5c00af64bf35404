"""The schema configuration of a connection: what of its source is synced, and how."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pbf.sandbox.catalogue import sources
from pbf.sandbox.catalogue.services import services
from pbf.sandbox.catalogue.sources import Column, Schema, Table
from pbf.sandbox.core import lifecycle
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotConnected, NotFound, SandboxError
from pbf.sandbox.core.records import Connection, Selection
from pbf.sandbox.core.world import World
from pbf.sandbox.resources.schema_changes import checked_tree, merge, refuse_impossible

EXCLUDE_MODES = ("PRESERVE", "EXCLUDE", "INCLUDE")


def source_of(connection: Connection) -> dict[str, Schema]:
    """Return the schemas of a connection's source by their names."""
    own, _, table = connection.schema.partition(".")
    found = {}
    for schema in sources.schemas_of(connection.service):
        tables = tuple(each if each.name else each._replace(name=table) for each in schema.tables)
        found[schema.name or own] = Schema(schema.name or own, tables)
    return found


def destination_name(name: str) -> str:
    """Return how Fivetran names a source's schema, table or column in the destination."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    clean = re.sub(r"[^A-Za-z0-9]+", "_", split).lower()
    return f"_{clean}" if clean[:1].isdigit() else clean


def schema_name(connection: Connection, name: str) -> str:
    """Return the name that a schema of the source has in the destination."""
    own = connection.schema.partition(".")[0]
    if services()[connection.service].naming == "schema_prefix":
        return f"{own}_{destination_name(name)}"
    return own


def captured(world: World, connection: Connection) -> bool:
    """Tell whether the source was read: by a reload, or by a sync that succeeded."""
    if connection.selection is not None and connection.selection.captured:
        return True
    return lifecycle.moment(connection, world.clock()).succeeded_at is not None


def selection_of(world: World, connection: Connection) -> Selection:
    """Return what was chosen for a connection, or refuse if there is nothing to choose from."""
    magic = sources.is_magic_folder(services()[connection.service])
    if not magic and connection.selection is not None:
        return connection.selection
    if magic or not captured(world, connection):
        text = f"Connector with id '{connection.id}' doesn't have schema config"
        raise NotFound(text, code="NotFound_SchemaConfig")
    return Selection(captured=True)


def refuse_unconnected(connection: Connection) -> None:
    """Refuse to read the source of a connection that is not connected."""
    if connection.setup_state != "connected":
        raise NotConnected(connection.setup_state)


def shown(world: World, connection: Connection) -> dict[str, Any]:
    """Return a connection's schema configuration; of the columns, those that a user changed."""
    with world.lock:
        chosen = selection_of(world, connection)
        if captured(world, connection):
            tree = {
                name: _schema(connection, schema, chosen)
                for name, schema in source_of(connection).items()
            }
        else:
            tree = _announced(connection, chosen)
        return {
            "enable_new_by_default": chosen.handling == "ALLOW_ALL",
            "schema_change_handling": chosen.handling,
            "schemas": tree,
        }


def _schema(connection: Connection, schema: Schema, chosen: Selection) -> dict[str, Any]:
    change = chosen.schemas.get(schema.name, {})
    tables = change.get("tables", {})
    return {
        "name_in_destination": schema_name(connection, schema.name),
        "enabled": change.get("enabled", chosen.base),
        "tables": {
            table.name: _table(table, tables.get(table.name, {}), chosen) for table in schema.tables
        },
    }


def _table(table: Table, change: Mapping[str, Any], chosen: Selection) -> dict[str, Any]:
    changed = change.get("columns", {}) if table.columns_config else {}
    told: dict[str, Any] = {
        "name_in_destination": destination_name(table.name),
        "enabled": change.get("enabled", chosen.base) if table.locked is None else table.locked,
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
        told["sync_mode"] = change.get("sync_mode", "SOFT_DELETE")
    return told


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
    told = {"allowed": False, "reason_code": code}
    return {**told, "reason": reason} if code == "OTHER" else told


def _announced(connection: Connection, chosen: Selection) -> dict[str, Any]:
    """Return settings made before the source was read: exactly what was asked for."""
    tree = {}
    for name, change in chosen.schemas.items():
        tables = {}
        for table_name, given in change.get("tables", {}).items():
            columns = tuple(Column(column) for column in given.get("columns", {}))
            table = Table(table_name, columns, history="sync_mode" in given)
            tables[table_name] = _table(table, given, chosen)
        tree[name] = {
            "name_in_destination": schema_name(connection, name),
            "enabled": change.get("enabled", chosen.base),
            "tables": tables,
        }
    return tree


def pre_create(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Choose before the source was read; what the source then lacks is ignored."""
    if body.get("schemas") is None:
        raise InvalidInput("Field 'schemas' is required")
    given = checked_tree(world.assumptions, body)
    with world.lock:
        _refuse_magic(world, connection)
        if captured(world, connection):
            status = world.assumptions.schema_exists_status
            text = f"Connector with id '{connection.id}' already has schema config"
            raise SandboxError(text, code=Conflict.code, status=status)
        handling = given.get("schema_change_handling", "ALLOW_ALL")
        connection.selection = Selection(handling=handling, base=handling == "ALLOW_ALL")
        merge(connection.selection, given)


def reload(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Read the source again; the mode says whether everything is left out or taken in."""
    mode = body.get("exclude_mode")
    mode = "PRESERVE" if mode is None else mode
    if mode not in EXCLUDE_MODES:
        raise InvalidInput("Invalid 'exclude_mode' value")
    with world.lock:
        refuse_unconnected(connection)
        _refuse_magic(world, connection)
        chosen = connection.selection or Selection()
        chosen.captured = True
        if mode != "PRESERVE":
            chosen.base = mode == "INCLUDE"
            for schema in chosen.schemas.values():
                schema.pop("enabled", None)
                for table in schema.get("tables", {}).values():
                    table.pop("enabled", None)
        connection.selection = chosen


def _refuse_magic(world: World, connection: Connection) -> None:
    if sources.is_magic_folder(services()[connection.service]):
        text = f"Service '{connection.service}' doesn't support schema configuration"
        raise InvalidInput(text, status=world.assumptions.no_schema_config_status)


def modify(world: World, connection: Connection, body: Mapping[str, Any]) -> None:
    """Change what is synced; all of it, or nothing if any of it cannot be."""
    given = checked_tree(world.assumptions, body)
    with world.lock:
        chosen = selection_of(world, connection)
        if captured(world, connection):
            refuse_impossible(world.assumptions, source_of(connection), given)
        connection.selection = chosen
        merge(chosen, given)


def table_of(connection: Connection, schema: str, table: str) -> Table:
    """Return a table of a connection's source; names are case-sensitive."""
    known = source_of(connection).get(schema)
    if known is None:
        raise NotFound.entity("Schema", schema)
    for each in known.tables:
        if each.name == table:
            return each
    raise NotFound.entity("Table", table)


def columns(world: World, connection: Connection, schema: str, table: str) -> dict[str, Any]:
    """Return every column of a table as the source has it now."""
    with world.lock:
        refuse_unconnected(connection)
        _refuse_magic(world, connection)
        found = table_of(connection, schema, table)
        changed = _changes(connection.selection or Selection(), schema, table)
        return {each.name: _column(each, changed.get(each.name, {})) for each in found.columns}


def _changes(chosen: Selection, schema: str, table: str) -> dict[str, Any]:
    """Return what a user chose of the columns of a table."""
    tables = chosen.schemas.get(schema, {}).get("tables", {})
    columns: dict[str, Any] = tables.get(table, {}).get("columns", {})
    return columns


def drop_columns(world: World, connection: Connection, wanted: list[tuple[str, str, str]]) -> None:
    """Mark columns, each blocked already, for deletion in the next sync."""
    with world.lock:
        chosen = selection_of(world, connection)
        for schema, table, column in wanted:
            if column not in {each.name for each in table_of(connection, schema, table).columns}:
                raise NotFound.entity("Column", column)
            if _changes(chosen, schema, table).get(column, {}).get("enabled", True):
                raise Conflict(f"Column '{column}' of table '{table}' is not blocked")
        connection.selection = chosen
        for each in wanted:
            if list(each) not in chosen.dropping:
                chosen.dropping.append(list(each))


def refuse_unknown_tables(connection: Connection, scope: Mapping[str, list[str]]) -> None:
    """Refuse a re-sync of tables that the source does not have, or of a service without them."""
    if services()[connection.service].type in ("File", "Events", "Function"):
        text = f"Service '{connection.service}' doesn't support table re-sync"
        raise InvalidInput(text)
    for schema, tables in scope.items():
        for table in tables:
            table_of(connection, schema, table)
