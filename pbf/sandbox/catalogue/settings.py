"""The trees of a service's settings, as the metadata API returns them."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.descriptions import sentence
from pbf.sandbox.catalogue.labels import label
from pbf.sandbox.catalogue.services import Field, Service, service_item

NAMES = {
    "schema": "Schema in the destination; permanent once the connection exists.",
    "table": "Table in the destination; permanent once the connection exists.",
    "schema_prefix": "Prefix of the names of all its schemas in the destination; permanent.",
    "table_group_name": "Name of the group of tables in the destination; permanent.",
}

# Which settings are in a preview or being withdrawn is not published.
RELEASED = "general_availability"

Tree = dict[str, Any]
Raw = Mapping[str, Any]


@cache
def trees() -> Mapping[str, Mapping[str, list[Raw]]]:
    """Return the settings that the catalogue does not contain in full, by subject and service.

    `auth` has the settings for signing in, `secrets` the keys of an external secrets manager,
    `nested` the settings with parts.
    """
    return {
        subject: {service: group["fields"] for group in groups for service in group["services"]}
        for subject, groups in read_data("settings.json").items()
    }


def service_detail(service: Service, base: str) -> Tree:
    """Return a service with the trees of its settings."""
    detail = service_item(service, base)
    detail["supports_schema_reload"] = not service.is_magic_folder
    detail["config"] = config_tree(service)
    for key, subject in (("auth", "auth"), ("external_secrets_keys_config", "secrets")):
        if service.id in trees()[subject]:
            detail[key] = _object(trees()[subject][service.id], "")
    return detail


def config_tree(service: Service) -> Tree:
    """Return the tree of a service's settings, including its naming fields."""
    nested = {raw["name"]: raw for raw in trees()["nested"].get(service.id, [])}
    properties = {name: _name(name) for name in service.naming_fields}
    for field in service.fields:
        properties[field.name] = _node(nested.get(field.name) or _raw(field))
    return {
        "type": "object",
        "title": f"{service.name} config object",
        "description": "",
        "readonly": False,
        "properties": properties,
        "required": [
            name for name in service.naming_fields if name not in service.optional_naming_fields
        ],
    }


def _name(name: str) -> Tree:
    return {
        "type": "string",
        "title": label(name),
        "description": NAMES[name],
        "example": "my_name",
        "readonly": False,
        "nullable": False,
        "immutable": True,
        "fieldStatus": RELEASED,
    }


def _raw(field: Field) -> Raw:
    raw: dict[str, Any] = {"name": field.name, "type": field.type, "items": field.items}
    return {**raw, "secret": field.secret, "enum": list(field.enum)}


def _object(fields: Iterable[Raw], description: str) -> Tree:
    return {
        "type": "object",
        "description": description,
        "readonly": False,
        "properties": {raw["name"]: _node(raw) for raw in fields},
    }


def _node(raw: Raw) -> Tree:
    name, kind = raw["name"], raw["type"]
    description = sentence(name, kind)
    if kind == "object" and "fields" in raw:
        return {**_object(raw["fields"], description), "title": label(name)}
    node: Tree = {"type": "string" if kind == "enum" else kind, "title": label(name)}
    node |= {"description": description, "readonly": False}
    if kind == "enum":
        node |= {"enum": list(raw["enum"]), "example": " | ".join(raw["enum"])}
    # A null clears any of them.
    node |= {"nullable": True, "immutable": False, "fieldStatus": RELEASED}
    if kind == "array":
        node["items"] = _item(raw)
    elif raw.get("secret"):
        node["format"] = "password"
    elif "format" in raw:
        node["format"] = raw["format"]
    return node


def _item(raw: Raw) -> Tree:
    if "fields" in raw:
        return _object(raw["fields"], "")
    item: Tree = {"type": raw["items"], "description": "", "readonly": False}
    if "choices" in raw:
        item |= {"type": "string", "enum": list(raw["choices"])}
    if raw.get("secret"):
        item["format"] = "password"
    return item
