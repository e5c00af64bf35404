"""Destinations: their kinds, their settings and their setup tests."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pbf.sandbox.catalogue.data_files import read_data
from pbf.sandbox.catalogue.services import Field, field_of
from pbf.sandbox.core.errors import Conflict, InvalidInput, NotFound
from pbf.sandbox.core.records import MASK, Destination
from pbf.sandbox.core.validation import checked_fields, fits, required
from pbf.sandbox.core.world import World

OFFSETS = ("0", *(f"{hours:+d}" for hours in range(-11, 13) if hours))
REGION_NAMES = """
GCP_US_EAST4 GCP_US_WEST1 GCP_US_CENTRAL1 GCP_EUROPE_WEST3 GCP_AUSTRALIA_SOUTHEAST1
GCP_NORTHAMERICA_NORTHEAST1 GCP_EUROPE_WEST2 GCP_ASIA_SOUTHEAST1 GCP_ASIA_SOUTHEAST2
GCP_ASIA_SOUTH1 GCP_ASIA_NORTHEAST1 AWS_US_EAST_1 AWS_US_EAST_2 AWS_US_WEST_2
AWS_AP_NORTHEAST_1 AWS_AP_SOUTHEAST_1 AWS_AP_SOUTHEAST_2 AWS_EU_CENTRAL_1 AWS_EU_WEST_1
AWS_EU_WEST_2 AWS_AP_SOUTH_1 AWS_CA_CENTRAL_1 AWS_US_GOV_WEST_1 AZURE_EASTUS2
AZURE_AUSTRALIAEAST AZURE_UKSOUTH AZURE_WESTEUROPE AZURE_CENTRALUS AZURE_CANADACENTRAL
AZURE_UAENORTH AZURE_SOUTHEASTASIA AZURE_EASTUS AZURE_JAPANEAST AZURE_CENTRALINDIA
"""
REGIONS = tuple(REGION_NAMES.split())
CHOICES: Mapping[str, tuple[str, ...]] = {
    "region": REGIONS,
    "time_zone_offset": OFFSETS,
    "networking_method": ("Directly", "PrivateLink", "SshTunnel", "ProxyAgent"),
}
TYPES: Mapping[str, type] = {
    "trust_certificates": bool,
    "trust_fingerprints": bool,
    "run_setup_tests": bool,
    "daylight_saving_time_enabled": bool,
    "config": dict,
    "external_secrets_keys_config": dict,
    "private_link_id": str,
    "proxy_agent_id": str,
    "hybrid_deployment_agent_id": str,
    "external_secrets_manager_id": str,
}
ATTRIBUTES = ("region", "time_zone_offset")
STORED = (
    "networking_method",
    *(name for name in TYPES if name.endswith(("_id", "_enabled"))),
)
ADDRESSES = ("host", "server_host_name", "project_id", "bootstrap_servers", "bucket")
ROLES = ("role_arn", "fivetran_role_arn", "fivetran_msk_role_arn", "project_id")


@cache
def kinds() -> Mapping[str, Mapping[str, Field]]:
    """Return the kinds of destinations by id, each with its settings by name."""
    return {
        raw["id"]: {field["name"]: field_of(field) for field in raw["fields"]}
        for raw in read_data("destinations.json")["destinations"]
    }


def get(world: World, destination_id: str) -> Destination:
    """Return one destination."""
    if destination_id not in world.destinations:
        raise NotFound.of("Destination", destination_id)
    return world.destinations[destination_id]


def create(world: World, body: Mapping[str, Any]) -> tuple[Destination, list[dict[str, Any]]]:
    """Create a group's destination; return it and the results of its setup tests, if they ran.

    It replaces the destination that the sandbox created with the group.
    """
    group_id, service = required(body, "group_id"), required(body, "service")
    if service not in kinds():
        raise InvalidInput(f"Unsupported service '{service}'")
    required(body, "time_zone_offset")
    fields = checked_fields(body, TYPES, CHOICES)
    config = _config_of(service, fields.get("config", {}))
    with world.lock:
        if group_id not in world.groups:
            raise NotFound(f"Destination with id {group_id} not found")
        present = world.destinations.get(group_id)
        if present is not None and not present.made_with_group:
            status = world.assumptions.second_destination_status
            raise Conflict(f"Destination with id '{group_id}' already exists", status=status)
        destination = Destination(
            group_id, group_id, service, "GCP_US_EAST4", setup_status="incomplete"
        )
        destination.config = {**_defaults(service), **config}
        _set(destination, fields)
        world.destinations[group_id] = destination
        return destination, _run_tests(destination) if fields.get("run_setup_tests", True) else []


def update(world: World, destination: Destination, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Update a destination; return the results of its setup tests, if they ran."""
    fields = checked_fields(body, TYPES, CHOICES)
    config = _config_of(destination.service, fields.get("config", {}))
    with world.lock:
        destination.config = {**destination.config, **config}
        destination.made_with_group = False
        _set(destination, fields)
        return _run_tests(destination) if fields.get("run_setup_tests", bool(config)) else []


def test(world: World, destination: Destination, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a destination's setup tests and return their results."""
    fields = checked_fields(body, TYPES, CHOICES)
    with world.lock:
        _set(destination, {name: fields[name] for name in fields if name.startswith("trust_")})
        return _run_tests(destination)


def delete(world: World, destination_id: str) -> None:
    """Delete a destination that no connection writes to."""
    with world.lock:
        get(world, destination_id)
        if world.matching(destination_id, None):
            raise Conflict("The destination still has connections. Delete them first.")
        del world.destinations[destination_id]


def _config_of(service: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the known settings, with secrets masked and numbers as text, as Fivetran does."""
    fields, stored = kinds()[service], {}
    for name, value in config.items():
        field = fields.get(name)
        if field is None or value is None:
            continue
        numeric = field.type == "integer" and isinstance(value, str) and value.isdecimal()
        if not numeric and not fits(field, value):
            raise InvalidInput("Invalid 'config' object")
        text = str(value) if field.type == "integer" else value
        stored[name] = MASK if field.secret and value != "" else text
    return stored


def _defaults(service: str) -> dict[str, Any]:
    fields = kinds()[service]
    direct = "connection_type" in fields and "Directly" in fields["connection_type"].enum
    return {"connection_type": "Directly"} if direct else {}


def _set(destination: Destination, fields: Mapping[str, Any]) -> None:
    for name in ATTRIBUTES:
        setattr(destination, name, fields.get(name, getattr(destination, name)))
    destination.settings.update({name: fields[name] for name in STORED if name in fields})
    for name in ("trust_certificates", "trust_fingerprints"):
        if fields.get(name):
            destination.trusted.add(name)


def _run_tests(destination: Destination) -> list[dict[str, Any]]:
    results = _results(destination)
    if all(result["status"] == "PASSED" for result in results):
        destination.setup_status = "connected"
    elif destination.setup_status == "connected":
        destination.setup_status = "broken"
    return results


def _results(destination: Destination) -> list[dict[str, Any]]:
    results, failed = [], False
    for title, error in _tests(destination):
        status = "SKIPPED" if failed else "FAILED" if error else "PASSED"
        message = "" if status != "FAILED" else error
        results.append({"title": title, "status": status, "message": message, "details": {}})
        failed = failed or bool(error)
    return results


def _tests(destination: Destination) -> list[tuple[str, str]]:
    """Return the titles of a destination's setup tests, each with its error or an empty text."""
    fields, config = kinds()[destination.service], destination.config
    setting = next((name for name in ADDRESSES if name in fields), None)
    address = "given" if setting is None else str(config.get(setting, ""))
    unreachable = not address or address.endswith(".invalid")
    tests = [("Host Connection", "The host cannot be reached" if unreachable else "")]
    if "SshTunnel" in (config.get("connection_type"), config.get("connection_method")):
        trusted = _is_trusted(destination, "fingerprints")
        tests.append(("Connecting to SSH tunnel", "" if trusted else "Fingerprint is not trusted"))
    if config.get("always_encrypted"):
        trusted = _is_trusted(destination, "certificates")
        tests.append(("Validate Certificate", "" if trusted else "Certificate is not trusted"))
    secrets = [name for name, field in fields.items() if field.secret]
    signed_in = not secrets or any(config.get(name) for name in (*secrets, *ROLES))
    tests.append(("Database Connection", "" if signed_in else "The credentials are missing"))
    return [*tests, ("Permission Test", "")]


def _is_trusted(destination: Destination, kind: str) -> bool:
    """Return whether requests have trusted any certificate or fingerprint, or approved one."""
    return f"trust_{kind}" in destination.trusted or any(
        destination.approvals.get(kind, {}).values()
    )
