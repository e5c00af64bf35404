"""What the API demands of the bodies that create and change connections."""

import re
from collections.abc import Mapping
from typing import Any

from pbf.sandbox.catalogue.services import NAMING_FIELDS, Field, Service
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.lifecycle import FREQUENCIES
from pbf.sandbox.core.records import MASK
from pbf.sandbox.core.schedules import resolved

NAME = re.compile(r"[a-z_][a-z0-9_]*")
ALL_NAMING = frozenset(name for names in NAMING_FIELDS.values() for name in names)

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "sync_frequency": FREQUENCIES,
    "schedule_type": ("auto", "manual"),
    "data_delay_sensitivity": ("LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"),
    "networking_method": ("Directly", "PrivateLink", "SshTunnel", "ProxyAgent"),
    "destination_schema_names": ("FIVETRAN_NAMING", "SOURCE_NAMING"),
    "daily_sync_time": tuple(f"{hour:02}:00" for hour in range(24)),
    "schema_status": ("ready", "blocked_on_capture"),
}
TYPES: Mapping[str, type] = {
    "paused": bool,
    "pause_after_trial": bool,
    "is_historical_sync": bool,
    "run_setup_tests": bool,
    "trust_certificates": bool,
    "trust_fingerprints": bool,
    "data_delay_threshold": int,
    "config": dict,
    "auth": dict,
    "connect_card_config": dict,
    "schedule": dict,
    "external_secrets_keys_config": dict,
    "destination_configuration": dict,
    "private_link_id": str,
    "proxy_agent_id": str,
    "hybrid_deployment_agent_id": str,
    "external_secrets_manager_id": str,
}
TRANSIENT = frozenset({"run_setup_tests", "trust_certificates", "trust_fingerprints"})
PERSISTENT = (
    (frozenset(CHOICES) | frozenset(TYPES))
    - TRANSIENT
    - {
        "connect_card_config",
        "destination_schema_names",
    }
)
KEPT = (
    "pause_after_trial",
    "data_delay_sensitivity",
    "data_delay_threshold",
    "daily_sync_time",
    "networking_method",
    "destination_schema_names",
    "private_link_id",
    "proxy_agent_id",
    "hybrid_deployment_agent_id",
    "destination_configuration",
    "external_secrets_manager_id",
    "schema_status",
    "schedule",
)


def required(body: Mapping[str, Any], field: str) -> str:
    """Return a field that must be a string and not empty."""
    value = body.get(field)
    if value is None or value == "":
        raise InvalidInput(f"Field '{field}' is required")
    if not isinstance(value, str):
        raise InvalidInput(f"Invalid '{field}' value")
    return value


def checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body without nulls, once each known field is of its type and among its choices."""
    given = {key: value for key, value in body.items() if value is not None}
    if isinstance(given.get("sync_frequency"), str) and given["sync_frequency"].isdecimal():
        given["sync_frequency"] = int(given["sync_frequency"])
    for key, choices in CHOICES.items():
        value = given.get(key)
        if key in given and (isinstance(value, (bool, list, dict)) or value not in choices):
            raise InvalidInput(f"Invalid '{key}' value")
    for key, kind in TYPES.items():
        if key in given and not _is(given[key], kind):
            noun = "object" if kind is dict else "value"
            raise InvalidInput(f"Invalid '{key}' {noun}")
    return resolved(given)


def _is(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (kind is int and isinstance(value, bool))


def schema_of(service: Service, config: Mapping[str, Any], assumptions: Assumptions) -> str:
    """Return the `schema` value that the naming fields of a config make."""
    parts = []
    for name in service.naming_fields:
        value = required(config, name)
        if not NAME.fullmatch(value) or len(value) > assumptions.longest_name:
            text = assumptions.invalid_name_message.format(field=name, value=value)
            raise InvalidInput(text)
        parts.append(value)
    return ".".join(parts)


def config_of(service: Service, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known fields of a config, each of its type, secrets masked.

    Fields the service does not know are dropped without a word, as Fivetran does.
    """
    known = service.by_name
    kept = {}
    for name, value in config.items():
        field = known.get(name)
        if field is None or value is None:
            continue
        if not fits(field, value):
            raise InvalidInput("Invalid 'config' object")
        kept[name] = masked(value) if field.secret else value
    return kept


def masked(value: Any) -> Any:
    """Return what is shown of a secret, or of a list of them; an empty one is no secret."""
    if isinstance(value, list):
        return [masked(each) for each in value]
    return MASK if value != "" else value


def fits(field: Field, value: Any) -> bool:
    """Tell whether a value is of a field's type, and among its choices."""
    if field.enum:
        return value in ("", *field.enum) if isinstance(value, str) else False
    kinds: dict[str, type | tuple[type, ...]] = {
        "boolean": bool,
        "integer": int,
        "number": (int, float),
        "array": list,
        "object": dict,
    }
    kind = kinds.get(field.type, str)
    return isinstance(value, kind) and not (kind is not bool and isinstance(value, bool))


def defaults(service: Service) -> dict[str, Any]:
    """Return what the config of a new connection holds before anybody filled it in."""
    filled: dict[str, Any] = {}
    for field in service.fields:
        if field.type == "boolean":
            filled[field.name] = False
        elif field.name == "connection_type" and "Directly" in field.enum:
            filled[field.name] = "Directly"
    if service.id == "google_sheets":
        filled.update(auth_type="OAuth", sheet_id="", named_range="")
    return filled


def card_config(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the checked `connect_card_config` of a body, None where there is none."""
    given = body.get("connect_card_config")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InvalidInput("Invalid 'connect_card_config' object")
    address = required(given, "redirect_uri")
    if not address.startswith(("http://", "https://")):
        raise InvalidInput("The 'redirect_uri' must start with 'http' or 'https'")
    kept: dict[str, Any] = {"redirect_uri": address}
    for name in ("hide_setup_guide", "all_fields"):
        value = given.get(name)
        if value is not None and not isinstance(value, bool):
            raise InvalidInput(f"Invalid '{name}' value")
        if value is not None:
            kept[name] = value
    return kept
