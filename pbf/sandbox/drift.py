"""How a definition of the API differs from the one that the sandbox was held against."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.core.errors import InvalidInput

METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
OWN = "definition.json"

Shape = dict[str, list[str]]


class Difference(NamedTuple):
    """An operation or a field that only one of the two definitions has."""

    is_new: bool
    kind: str
    name: str

    def __str__(self) -> str:
        """Return a line such as "new operation: GET /v1/teams"."""
        return f"{'new' if self.is_new else 'removed'} {self.kind}: {self.name}"


def drift(path: str) -> list[Difference]:
    """Return what a definition in a file has and the sandbox's does not, and the reverse.

    Raises InvalidInput if the file is no definition.
    """
    try:
        definition = json.loads(Path(path).read_text(encoding="utf-8"))
        theirs = shape(definition)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InvalidInput(f"{path} is not a readable OpenAPI definition in JSON.") from error
    return sorted(_differences(read_data(OWN), theirs), key=lambda item: (item.kind, item.name))


def shape(definition: Mapping[str, Any]) -> dict[str, Shape]:
    """Return the names in a definition: operations by path, and fields by schema."""
    paths, schemas = definition["paths"], definition["components"]["schemas"]
    fields = {name: sorted(set(_fields(schema))) for name, schema in schemas.items()}
    return {
        "operations": {
            path: sorted(method.upper() for method in item if method in METHODS)
            for path, item in sorted(paths.items())
        },
        "fields": {name: listed for name, listed in sorted(fields.items()) if listed},
    }


def _fields(schema: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the fields of a schema and of the objects in it, as paths with dots."""
    for part in schema.get("allOf", ()):
        yield from _fields(part, prefix)
    for name, value in (schema.get("properties") or {}).items():
        yield f"{prefix}{name}"
        yield from _fields(value, f"{prefix}{name}.")
        yield from _fields(value.get("items") or {}, f"{prefix}{name}[].")


def _differences(ours: dict[str, Shape], theirs: dict[str, Shape]) -> Iterator[Difference]:
    for kind, subject in (("operation", "operations"), ("field", "fields")):
        before, after = _names(kind, ours[subject]), _names(kind, theirs[subject])
        yield from (Difference(True, kind, name) for name in after - before)
        yield from (Difference(False, kind, name) for name in before - after)


def _names(kind: str, shaped: Shape) -> set[str]:
    if kind == "operation":
        return {f"{method} {path}" for path, methods in shaped.items() for method in methods}
    return {f"{schema}.{field}" for schema, listed in shaped.items() for field in listed}
