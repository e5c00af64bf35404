"""The sources behind the connections: the schemas, tables and columns of each service.

A source depends on its service's id alone, so only what is added to it later is stored.
"""

import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.services import Service, features, services

SINGLE_KEYS = {
    "salesforce": "salesforce",
    "salesforce_sandbox": "salesforce",
    "netsuite_suiteanalytics": "netsuite",
}
DATABASE_SCHEMAS = (
    (re.compile("oracle|db2|sap|snowflake|netsuite"), ("SALES", "FINANCE"), True),
    (re.compile("sql_server|sqlserver|azure_sql"), ("dbo", "reporting"), False),
    (re.compile("mysql|maria|aurora$|planetscale|singlestore|magento"), ("webshop",), False),
    (re.compile("postgres|cockroach|clarity"), ("public", "analytics"), False),
    (re.compile("mongo|cosmos|documentdb|firebase|convex|dynamodb"), ("app",), False),
    (re.compile("elastic|es_|opendistro|opensearch"), ("indices",), False),
)
DOCUMENTS = re.compile("mongo|cosmos|document|firebase|dynamo|elastic|es_self|open(distro|search)")
NO_KEY = "The table has no primary key"
KEY_COLUMN = "Column does not support exclusion as it is a Primary Key"
ONE_TABLE = ("File", "Events")


class Column(NamedTuple):
    """A column of a source's table; a code says why it cannot be excluded."""

    name: str
    key: bool = False
    code: str = ""
    reason: str = ""


class Table(NamedTuple):
    """A table of a source; a code says why it is always or never synced."""

    name: str
    columns: tuple[Column, ...]
    code: str = ""
    reason: str = ""
    history: bool = False
    columns_config: bool = True

    @property
    def locked(self) -> bool | None:
        """Whether the table is always synced, or never; None if the user decides."""
        return None if not self.code else self.code == "SYSTEM_TABLE"


class Schema(NamedTuple):
    """A schema of a source; without a name, it has the connection's."""

    name: str
    tables: tuple[Table, ...]


@lru_cache(maxsize=64)
def schemas_of(service_id: str) -> tuple[Schema, ...]:
    """Return the schemas of a service's source."""
    service = services()[service_id]
    if service.type == "Database":
        return _database(service)
    history = "HISTORY" in features(service)
    tables = [
        _table(line, columns_config=service.type != "Function", history=history)
        for line in _lines(service)
    ]
    if service.naming == "schema_prefix":
        names, _ = _database_names(service)
        return (Schema(names[0], (*tables, *_special(service))),)
    if service.naming == "schema_table" and service.type in ONE_TABLE:
        return (Schema("", (tables[0]._replace(name=""),)),)
    return (Schema(SINGLE_KEYS.get(service_id, ""), (*tables, *_special(service))),)


def with_added(schema: Schema, lines: Iterable[str]) -> Schema:
    """Return a schema with tables that its source got later, or with new columns of its tables."""
    tables = {table.name: table for table in schema.tables}
    for line in lines:
        new = _table(line, history=any(table.history for table in schema.tables))
        if old := tables.get(new.name):
            names = {column.name for column in old.columns}
            more = tuple(column for column in new.columns if column.name not in names)
            new = old._replace(columns=old.columns + more)
        tables[new.name] = new
    return schema._replace(tables=tuple(tables.values()))


def _number(purpose: str, limit: int) -> int:
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8]) % limit


def _lines(service: Service) -> list[str]:
    """Return the tables of a service's source, one a line.

    A line is the table's name, a colon, and its columns; key columns end with `*`. Well-known
    services have their own tables, the others those of their type.
    """
    tables = read_data("source_tables.json")
    own: list[str] | None = tables["by_service"].get(tables["variants"].get(service.id, service.id))
    if own is not None:
        return own
    always, optional = _lines_of_type(service, tenths=6)
    extra = service.type not in ("Function", "Events", "Log", "File")
    return [*always, *optional, *(tables["common"] if extra else [])]


def _lines_of_type(service: Service, *, tenths: int) -> tuple[list[str], list[str]]:
    """Return the tables that every service of this type has, and the optional ones of this one."""
    tables = read_data("source_tables.json")["by_type"][service.type]
    optional = [
        line
        for line in tables["some"]
        if _number(f"{service.id}:{line.partition(':')[0]}", 10) < tenths
    ]
    return tables["always"], optional


def _table(
    line: str, *, columns_config: bool = True, history: bool = False, upper: bool = False
) -> Table:
    name, _, rest = line.partition(":")
    columns = [_column(word) for word in rest.split()]
    columns.append(Column("_fivetran_synced", code="SYSTEM_COLUMN"))
    if upper:
        columns = [column._replace(name=column.name.upper()) for column in columns]
        name = name.upper()
    return Table(name, tuple(columns), history=history, columns_config=columns_config)


def _column(word: str) -> Column:
    if word.endswith("*"):
        return Column(word[:-1], key=True, code="OTHER", reason=KEY_COLUMN)
    return Column(word)


def _special(service: Service) -> list[Table]:
    """Return the tables that a user cannot select: a system table and a deleted one."""
    audit = _table("fivetran_audit: id* table start done rows_updated_or_inserted")
    tables = [audit._replace(code="SYSTEM_TABLE", columns_config=False)]
    if not _number(f"{service.id}:gone", 3):
        deleted = _table("legacy_export: id* body exported_at")
        tables.append(deleted._replace(code="DELETED"))
    return tables


def _database(service: Service) -> tuple[Schema, ...]:
    names, upper = _database_names(service)
    documents = bool(DOCUMENTS.search(service.id))
    history = not documents and "HISTORY" in features(service)
    always, optional = _lines_of_type(service, tenths=7)
    blocks = [always, optional] if len(names) > 1 else [always + optional]
    schemas: list[Schema] = []
    for name, lines in zip(names, blocks, strict=True):
        if documents:
            lines = [_document(line) for line in lines]
        tables = [
            _table(line, columns_config=not documents, history=history, upper=upper)
            for line in lines
        ]
        if not schemas and not documents:
            tables += _unkeyed(upper)
        schemas.append(Schema(name, tuple(tables)))
    return tuple(schemas)


def _database_names(service: Service) -> tuple[tuple[str, ...], bool]:
    if service.naming != "schema_prefix":
        return ("",), False
    for pattern, names, upper in DATABASE_SCHEMAS:
        if pattern.search(service.id):
            return names, upper
    return ("main",), False


def _document(line: str) -> str:
    return f"{line.partition(':')[0]}: _id* data"


def _unkeyed(upper: bool) -> list[Table]:
    table = _table("import_buffer: line body loaded_at", upper=upper)
    return [table._replace(code="OTHER", reason=NO_KEY)]
