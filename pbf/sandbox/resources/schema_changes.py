"""Changes to a schema configuration: validated, refused or stored."""

from collections.abc import Iterator, Mapping
from typing import Any

from pbf.sandbox.catalogue.sources import Schema, Table
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.errors import InvalidInput, NotFound, SandboxError
from pbf.sandbox.core.records import Selection

HANDLING = ("ALLOW_ALL", "ALLOW_COLUMNS", "BLOCK_ALL")
SYNC_MODES = ("SOFT_DELETE", "HISTORY", "LIVE")
CHILDREN = {"schema": "tables", "table": "columns", "column": ""}
BELOW = {"schema": "table", "table": "column"}
FLAGS = {
    "schema": ("enabled",),
    "table": ("enabled",),
    "column": ("enabled", "hashed", "is_primary_key"),
}


def checked_tree(rules: Assumptions, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the validated changes of a body to schemas, tables and columns."""
    checked: dict[str, Any] = {}
    handling = body.get("schema_change_handling")
    if handling is not None:
        checked["schema_change_handling"] = _choice("schema_change_handling", handling, HANDLING)
    if body.get("is_type_locked") is not None:
        checked["is_type_locked"] = _flag("is_type_locked", body["is_type_locked"])
    if body.get("schemas") is not None:
        checked["schemas"] = _nodes(rules, "schemas", body["schemas"], "schema")
    return checked


def _nodes(rules: Assumptions, name: str, value: Any, level: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"Invalid '{name}' object")
    return {key: _node(rules, node, level) for key, node in value.items()}


def _node(rules: Assumptions, node: Any, level: str) -> dict[str, Any]:
    if not isinstance(node, Mapping):
        raise InvalidInput(f"Invalid '{level}' object")
    empty = node.get("enabled") is None and not node.get(CHILDREN[level])
    if empty and (rules.enabled_required or not node):
        raise InvalidInput("Field 'enabled' is required")
    checked: dict[str, Any] = {
        flag: _flag(flag, node[flag]) for flag in FLAGS[level] if node.get(flag) is not None
    }
    if level == "table" and node.get("sync_mode") is not None:
        checked["sync_mode"] = _choice("sync_mode", node["sync_mode"], SYNC_MODES)
    children = CHILDREN[level]
    if children and node.get(children) is not None:
        checked[children] = _nodes(rules, children, node[children], BELOW[level])
    return checked


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput(f"Invalid '{name}' value")
    return value


def _choice(name: str, value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(f"Invalid '{name}' value")
    return value


def refuse_impossible(
    rules: Assumptions, source: Mapping[str, Schema], changes: Mapping[str, Any]
) -> None:
    """Refuse changes to what the source lacks or does not allow to change."""
    for name, schema in changes.get("schemas", {}).items():
        if name not in source:
            raise NotFound.entity("Schema", name)
        tables = {table.name: table for table in source[name].tables}
        for table_name, change in schema.get("tables", {}).items():
            if table_name not in tables:
                raise NotFound.entity("Table", table_name)
            for problem in _problems(name, tables[table_name], change):
                raise SandboxError(problem, code="InvalidInput", status=rules.locked_change_status)


def _problems(schema: str, table: Table, change: Mapping[str, Any]) -> Iterator[str]:
    where = f"Table '{table.name}' of schema '{schema}'"
    if table.locked is not None and change.get("enabled", table.locked) != table.locked:
        yield f"{where} can not be {'excluded' if table.locked else 'included'}"
    if "sync_mode" in change and not table.history:
        yield f"{where} doesn't support switching sync modes"
    if change.get("columns") and not table.columns_config:
        yield f"{where} doesn't supports columns configuration"
    columns = {column.name: column for column in table.columns}
    for name, column_change in change.get("columns", {}).items():
        if name not in columns:
            raise NotFound.entity("Column", name)
        if columns[name].code and column_change.get("enabled") is False:
            yield f"Column '{name}' of table '{table.name}' can not be excluded"


def merge(selection: Selection, changes: Mapping[str, Any]) -> None:
    """Store validated changes."""
    selection.handling = changes.get("schema_change_handling", selection.handling)
    selection.type_locked = changes.get("is_type_locked", selection.type_locked)
    _merge(selection.schemas, changes.get("schemas", {}))


def _merge(stored: dict[str, Any], changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, Mapping):
            _merge(stored.setdefault(name, {}), value)
        else:
            stored[name] = value
