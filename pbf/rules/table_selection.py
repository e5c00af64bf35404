"""The tables of a source, and what a selection among them changes.

Tables are identified by (schema, table), never by their position in a list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pbf.fivetran.models import Lock, SchemaConfig

Key = tuple[str, str]
Choices = Mapping[Key, bool]

LISTED_NAMES = 4
LOCK_REASONS = {
    "SYSTEM_TABLE": "Fivetran needs this table.",
    "DELETED": "The source no longer has this table.",
}
NEW_TABLES = {
    "ALLOW_ALL": "New tables and columns in the source are synced automatically.",
    "ALLOW_COLUMNS": "New tables in the source stay off; new columns are synced.",
    "BLOCK_ALL": "New tables and columns in the source stay off until you switch them on.",
}


@dataclass(frozen=True)
class SourceTable:
    """One table: names in source and destination, whether it is synced, why it is locked."""

    schema: str
    table: str
    destination: str
    on: bool
    locked: str = ""

    @property
    def key(self) -> Key:
        """The identity of the table."""
        return self.schema, self.table


def source_tables(config: SchemaConfig) -> list[SourceTable]:
    """Return every table of a source, sorted by name."""
    tables = [
        SourceTable(
            schema=schema_name,
            table=name,
            destination=f"{schema.name_in_destination or schema_name}."
            f"{table.name_in_destination or name}",
            # In a schema that is off every table is off, whatever its own flag.
            on=schema.enabled is not False and bool(table.enabled),
            locked=_locked(table.enabled_patch_settings),
        )
        for schema_name, schema in config.schemas.items()
        for name, table in schema.tables.items()
    ]
    return sorted(tables, key=lambda table: (table.schema.lower(), table.table.lower(), table.key))


def matching(tables: Iterable[SourceTable], typed: str) -> list[SourceTable]:
    """Return the tables whose names contain every typed word."""
    words = typed.lower().split()
    return [
        table
        for table in tables
        if all(
            word in f"{table.schema}.{table.table} {table.destination}".lower() for word in words
        )
    ]


def changes(tables: Iterable[SourceTable], chosen: Choices) -> dict[Key, bool]:
    """Return what a selection changes; locked and missing tables stay as they are."""
    return {
        table.key: chosen[table.key]
        for table in tables
        if not table.locked and table.key in chosen and chosen[table.key] != table.on
    }


def patch(config: SchemaConfig, changed: Choices) -> dict[Key, bool]:
    """Return the tables to send to Fivetran, so that exactly these changes take effect.

    Enabling the first table of a schema that is off enables the schema, and with it every table
    in it whose own flag is on. Those tables are disabled by name.
    """
    tables = dict(changed)
    for schema_name in {schema for (schema, _), on in changed.items() if on}:
        schema = config.schemas[schema_name]
        if schema.enabled is not False:
            continue
        for name, table in schema.tables.items():
            if table.enabled and not _locked(table.enabled_patch_settings):
                tables.setdefault((schema_name, name), False)
    return tables


def summary(changed: Choices) -> str:
    """Return changes in one line, such as "2 on, 1 off: on a.b, a.c; off a.d"."""
    named = {
        word: [".".join(key) for key, enabled in changed.items() if enabled is on]
        for word, on in (("on", True), ("off", False))
    }
    named = {word: names for word, names in named.items() if names}
    if not named:
        return "Nothing is changed."
    counts = ", ".join(f"{len(names)} {word}" for word, names in named.items())
    if len(named) == 1:
        return f"{counts}: {_shortened(*named.values())}"
    return f"{counts}: {'; '.join(f'{word} {_shortened(names)}' for word, names in named.items())}"


def _shortened(names: list[str]) -> str:
    more = len(names) - LISTED_NAMES
    return ", ".join(names[:LISTED_NAMES]) + (f" and {more} more" if more > 0 else "")


def _locked(lock: Lock) -> str:
    if lock.allowed is not False:
        return ""
    reason = lock.reason or LOCK_REASONS.get(lock.reason_code)
    return reason or "Fivetran does not allow this table to be changed."
