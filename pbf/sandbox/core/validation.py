"""Validation of the bodies that create and update connections."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pbf.sandbox.catalogue.services import Field, Service
from pbf.sandbox.core.assumptions import Assumptions
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.core.records import MASK
from pbf.sandbox.core.schedules import FREQUENCIES, HOURS, resolved

NAME = re.compile(r"[a-z_][a-z0-9_]*")

CHOICES: Mapping[str, Collection[Any]] = {
    "sync_frequency": FREQUENCIES,
    "schedule_type": ("auto", "manual"),
    "data_delay_sensitivity": ("LOW", "NORMAL", "HIGH", "CUSTOM", "SYNC_FREQUENCY"),
    "networking_method": ("Directly", "PrivateLink", "SshTunnel", "ProxyAgent"),
    "destination_schema_names": ("FIVETRAN_NAMING", "SOURCE_NAMING"),
    "daily_sync_time": HOURS,
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
# Published scripts send booleans as text, and Fivetran takes them.
TRUTH = {"true": True, "false": False}
KINDS: Mapping[str, type] = {
    "boolean": bool,
    "integer": int,
    "number": float,
    "array": list,
    "object": dict,
}
DEFAULT_CHOICES = {
    "connection_type": "Directly",
    "timeframe_months": "TWELVE",
}
# What stands for a setting of each type that somebody has made.
SAMPLES: Mapping[str, Any] = {"integer": 1, "number": 1, "array": [], "object": {}}
TRANSIENT = frozenset({"run_setup_tests", "trust_certificates", "trust_fingerprints"})
PERSISTENT = (
    (frozenset(CHOICES) | frozenset(TYPES))
    - TRANSIENT
    - {
        "connect_card_config",
        "destination_schema_names",
    }
)
STORED = (
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
    """Return a required field, a string that is not empty."""
    value = body.get(field)
    if value is None or value == "":
        raise InvalidInput(f"Field '{field}' is required")
    if not isinstance(value, str):
        raise InvalidInput(f"Invalid '{field}' value")
    return value


def checked(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body without nulls; raise InvalidInput for a field of a wrong type or choice."""
    fields = dict(body)
    frequency = fields.get("sync_frequency")
    if isinstance(frequency, str) and frequency.isdecimal():
        fields["sync_frequency"] = int(frequency)
    return resolved(checked_fields(fields, TYPES, CHOICES))


def checked_fields(
    body: Mapping[str, Any],
    types: Mapping[str, type],
    choices: Mapping[str, Collection[Any]] | None = None,
) -> dict[str, Any]:
    """Return a body without nulls; raise InvalidInput for a wrong type or choice."""
    fields = {
        name: truth(value) if types.get(name) is bool else value
        for name, value in body.items()
        if value is not None
    }
    for name, offered in (choices or {}).items():
        value = fields.get(name)
        if name in fields and (isinstance(value, (bool, list, dict)) or value not in offered):
            raise InvalidInput(f"Invalid '{name}' value")
    for name, kind in types.items():
        if name in fields and not is_a(fields[name], kind):
            noun = "object" if kind is dict else "value"
            raise InvalidInput(f"Invalid '{name}' {noun}")
    return fields


def truth(value: Any) -> Any:
    """Return the boolean that a text stands for; any other value unchanged."""
    return TRUTH.get(value.lower(), value) if isinstance(value, str) else value


def is_a(value: Any, kind: type) -> bool:
    """Return whether a value has a type; a boolean is no integer."""
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def schema_of(service: Service, config: Mapping[str, Any], assumptions: Assumptions) -> str:
    """Return the `schema` that the naming fields of a config make."""
    parts = []
    for name in service.naming_fields:
        if name in service.optional_naming_fields and config.get(name) in (None, ""):
            continue
        value = required(config, name)
        if not NAME.fullmatch(value) or len(value) > assumptions.longest_name:
            text = assumptions.invalid_name_message.format(field=name, value=value)
            raise InvalidInput(text)
        parts.append(value)
    return ".".join(parts)


def config_of(service: Service, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the service's own fields of a config, validated, with secrets masked."""
    return settings_of(service.by_name, config)


def settings_of(fields: Mapping[str, Field], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a config that exist, validated, with secrets masked.

    Unknown fields are dropped silently, as Fivetran does. A null clears a field.
    """
    stored: dict[str, Any] = {}
    for name, sent in config.items():
        field = fields.get(name)
        if field is None:
            continue
        value = truth(sent) if field.type == "boolean" else sent
        if value is None:
            stored[name] = None
            continue
        if not has_type(field, value):
            raise InvalidInput("Invalid 'config' object")
        stored[name] = masked(value) if field.secret else value
    return stored


def masked(value: Any) -> Any:
    """Return the mask for a secret or a list of secrets; an empty value is not masked."""
    if isinstance(value, list):
        return [masked(item) for item in value]
    return MASK if value != "" else value


def fits(field: Field, value: Any) -> bool:
    """Return whether a value has a field's type and is one of its choices."""
    return has_type(field, value) and (not field.enum or value in ("", *field.enum))


def has_type(field: Field, value: Any) -> bool:
    """Return whether a value has a field's type.

    For connections, Fivetran takes more choices than its definition lists: XMIN for PostgreSQL.
    """
    if field.type == "number" and is_a(value, int):
        return True
    return is_a(value, KINDS.get(field.type, str))


def defaults(service: Service) -> dict[str, Any]:
    """Return the config of a new connection before anybody fills it in."""
    filled: dict[str, Any] = {}
    for field in service.fields:
        if field.type == "boolean":
            filled[field.name] = False
        elif choice := _default_choice(field):
            filled[field.name] = choice
    if service.id == "google_sheets":
        filled.update(auth_type="OAuth", sheet_id="", named_range="")
    return filled


def filled(service: Service) -> dict[str, Any]:
    """Return the config of a connection that somebody has set up: its credentials, masked.

    It is empty for the services whose settings Fivetran's definition does not list.
    """
    config = defaults(service)
    secrets = {
        field.name: MASK for field in service.fields if field.secret and has_type(field, MASK)
    }
    if not (config or secrets):
        first = next(iter(service.fields), None)
        return {first.name: SAMPLES.get(first.type, "sample")} if first else {}
    return {**config, **secrets}


def _default_choice(field: Field) -> str:
    """Return what Fivetran chooses where nobody has, as far as it is known; "" otherwise."""
    if field.name.endswith("sync_mode"):
        return next((choice for choice in field.enum if choice.startswith("All")), "")
    known = DEFAULT_CHOICES.get(field.name, "")
    return known if known in field.enum else ""


def card_config(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the validated `connect_card_config` of a body, or None if there is none."""
    config = checked_fields(body, {"connect_card_config": dict}).get("connect_card_config")
    if config is None:
        return None
    if not required(config, "redirect_uri").startswith(("http://", "https://")):
        raise InvalidInput("The 'redirect_uri' must start with 'http' or 'https'")
    options = {
        name: config.get(name) for name in ("redirect_uri", "hide_setup_guide", "all_fields")
    }
    return checked_fields(options, {"hide_setup_guide": bool, "all_fields": bool})
