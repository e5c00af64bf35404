"""The catalogue: the services that the sandbox imitates, read once from a data file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pbf.sandbox.catalogue.data_files import read_data

NAMING_FIELDS: Mapping[str, tuple[str, ...]] = {
    "schema": ("schema",),
    "schema_table": ("schema", "table"),
    "schema_prefix": ("schema_prefix",),
    "schema_table_group": ("schema", "table_group_name"),
}


# Services without API_CONFIGURABLE, so that clients meet some; which ones is an assumption.
DASHBOARD_ONLY = frozenset({"fivetran_log", "heroku_kafka", "sigma_computing_source"})


# Their reports make one table each, or several.
TABLE_OPTIONAL = frozenset({"google_display_and_video_360", "double_click_campaign_manager"})


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a service."""

    name: str
    type: str
    secret: bool = False
    enum: tuple[str, ...] = ()
    items: str = "string"


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of source that can be connected."""

    id: str
    name: str
    type: str
    naming: str
    docs: str
    auth: bool
    fields: tuple[Field, ...]
    description: str
    mark: str | None
    status: str
    status_date: str
    connector_class: str

    @property
    def api_configurable(self) -> bool:
        """Whether the API can create connections to it."""
        return self.id not in DASHBOARD_ONLY

    @property
    def is_magic_folder(self) -> bool:
        """Whether it syncs each file as a table and has no schema to configure."""
        return self.type == "File" and self.naming != "schema_table"

    @property
    def naming_fields(self) -> tuple[str, ...]:
        """The fields that name a connection to this service."""
        return NAMING_FIELDS[self.naming]

    @property
    def optional_naming_fields(self) -> tuple[str, ...]:
        """Those of them that may be left out."""
        return ("table",) if self.id in TABLE_OPTIONAL else ()

    @property
    def by_name(self) -> dict[str, Field]:
        """The service's fields by name."""
        return {field.name: field for field in self.fields}


def field_of(raw: Mapping[str, Any]) -> Field:
    """Return a setting from its entry in a data file."""
    return Field(
        name=raw["name"],
        type=raw["type"],
        secret=bool(raw.get("secret")),
        enum=tuple(raw.get("enum", ())),
        items=raw.get("items", "string"),
    )


def _service(raw: dict[str, Any]) -> Service:
    plain = {key: raw[key] for key in ("id", "name", "type", "naming", "docs", "auth")}
    return Service(
        **plain,
        fields=tuple(field_of(field) for field in raw["fields"]),
        description=raw["description"],
        mark=raw.get("mark"),
        status=raw["status"],
        status_date=raw["status_date"],
        connector_class=raw["class"],
    )


@cache
def services() -> Mapping[str, Service]:
    """Return every service by id, sorted by id."""
    return {raw["id"]: _service(raw) for raw in read_data("catalogue.json")["services"]}


@cache
def features(service: Service) -> tuple[str, ...]:
    """Return the ids of the features that a service supports."""
    names = ["API_CONFIGURABLE"] if service.api_configurable else []
    names += [] if service.is_magic_folder else ["DATA_BLOCKING"]
    names += ["COLUMN_HASHING", "RE_SYNC"]
    if service.type == "Database":
        names += ["CAPTURE_DELETES", "HISTORY", "PRIVATE_NETWORKING", "ROW_FILTERING"]
    if service.auth or service.fields:
        names.append("AUTHORIZATION_VIA_API")
    return tuple(names)


def service_item(service: Service, base: str) -> dict[str, Any]:
    """Return a service as lists of services contain it, its icon under the base URL."""
    icon = f"{base}/icons/{service.id}.svg"
    item = {
        "id": service.id,
        "name": service.name,
        "type": service.type,
        "description": service.description,
        "icon_url": icon,
        "icons": [icon, f"{icon}?size=large"],
        "link_to_docs": service.docs,
        "connector_class": service.connector_class,
        "supported_features": [{"id": name} for name in features(service)],
        "service_status": service.status,
        "service_status_updated_at": service.status_date,
    }
    if service.type not in ("Database", "File", "Events", "Function", "Log"):
        item["link_to_erd"] = f"{service.docs}#schemainformation"
    return item
