"""What of a source is synced: its tables in a list, and what a choice among them changes (pure).

Tables are known by (schema, table), never by their place in a list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pbf.fivetran.models import Lock, SchemaConfig

Key = tuple[str, str]
Choices = Mapping[Key, bool]

NAMED = 4
LOCKED = {
    "SYSTEM_TABLE": "Fivetran needs this table.",
    "DELETED": "The source has this table no longer.",
}
NEW_TABLES = {
    "ALLOW_ALL": "What the source adds later is synced by itself.",
    "ALLOW_COLUMNS": "Tables that the source adds later stay off; columns it adds are synced.",
    "BLOCK_ALL": "What the source adds later stays off until somebody switches it on.",
}


@dataclass(frozen=True)
class SourceTable:
    """One table: what it is called here and there, whether it is synced, and why that is fixed."""

    schema: str
    table: str
    destination: str
    on: bool
    locked: str = ""

    @property
    def key(self) -> Key:
        """What the table is known by."""
        return self.schema, self.table


def source_tables(config: SchemaConfig) -> list[SourceTable]:
    """Return every table of a source, in the order of their names."""
    found = [
        SourceTable(
            schema=schema_name,
            table=name,
            destination=f"{schema.name_in_destination or schema_name}."
            f"{table.name_in_destination or name}",
            # A table of a schema that is off is off, whatever it says of itself.
            on=schema.enabled is not False and bool(table.enabled),
            locked=_locked(table.enabled_patch_settings),
        )
        for schema_name, schema in config.schemas.items()
        for name, table in schema.tables.items()
    ]
    return sorted(found, key=lambda one: (one.schema.lower(), one.table.lower(), one.key))


def matching(tables: Iterable[SourceTable], typed: str) -> list[SourceTable]:
    """Return the tables whose name, with that of the schema, holds every typed word."""
    words = typed.lower().split()
    return [
        one
        for one in tables
        if all(word in f"{one.schema}.{one.table} {one.destination}".lower() for word in words)
    ]


def changes(tables: Iterable[SourceTable], chosen: Choices) -> dict[Key, bool]:
    """Return what a choice changes; what is locked or gone stays as it is."""
    return {
        one.key: chosen[one.key]
        for one in tables
        if not one.locked and one.key in chosen and chosen[one.key] != one.on
    }


def patch(config: SchemaConfig, changed: Choices) -> dict[Key, bool]:
    """Return what to ask of Fivetran, so that just these changes come about.

    Switching on the first table of a schema that is off switches the schema on, and with it every
    table in there that was on before: those are switched off by name.
    """
    wanted = dict(changed)
    for schema_name in {schema for (schema, _), on in changed.items() if on}:
        schema = config.schemas[schema_name]
        if schema.enabled is not False:
            continue
        for name, table in schema.tables.items():
            if table.enabled and not _locked(table.enabled_patch_settings):
                wanted.setdefault((schema_name, name), False)
    return wanted


def summary(changed: Choices) -> str:
    """Return changes in a line, such as "2 on, 1 off: on a.b, a.c; off a.d"."""
    named = {on: [".".join(key) for key, to in changed.items() if to is on] for on in (True, False)}
    told = {_word(on): names for on, names in named.items() if names}
    if not told:
        return "Nothing is changed."
    counts = ", ".join(f"{len(names)} {word}" for word, names in told.items())
    if len(told) == 1:
        return f"{counts}: {_listed(*told.values())}"
    return f"{counts}: {'; '.join(f'{word} {_listed(names)}' for word, names in told.items())}"


def _word(on: bool) -> str:
    return "on" if on else "off"


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _locked(lock: Lock) -> str:
    if lock.allowed is not False:
        return ""
    known = LOCKED.get(lock.reason_code)
    return lock.reason or known or "Fivetran does not let this table be switched."
