"""Records as the API returns them: plain dictionaries, ready for JSON."""

from typing import Any

from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.lifecycle import FAILURE, ConnectionState, setup_state, state_at
from pbf.sandbox.core.records import (
    MASK,
    Connection,
    Destination,
    Group,
    Member,
    Permission,
    Role,
    SystemKey,
    Team,
    User,
    Webhook,
)
from pbf.sandbox.core.schedules import DAILY


def group(record: Group) -> dict[str, Any]:
    """Return a group."""
    return {"id": record.id, "name": record.name, "created_at": stamp(record.created_at)}


def destination(record: Destination) -> dict[str, Any]:
    """Return a destination."""
    return {
        "id": record.id,
        "group_id": record.group_id,
        "service": record.service,
        "region": record.region,
        "time_zone_offset": record.time_zone_offset,
        "setup_status": record.setup_status,
        "daylight_saving_time_enabled": False,
        "networking_method": "Directly",
        **record.settings,
        "config": record.config,
    }


def destination_item(record: Destination) -> dict[str, Any]:
    """Return a destination as lists contain it: without its settings."""
    item = destination(record)
    del item["config"]
    return item


def user(record: User) -> dict[str, Any]:
    """Return a user."""
    optional = {"picture": record.picture, "phone": record.phone}
    return {
        "id": record.id,
        "email": record.email,
        "given_name": record.given_name,
        "family_name": record.family_name,
        "verified": not record.invited,
        "invited": record.invited,
        **{name: value for name, value in optional.items() if value is not None},
        "active": True,
        "role": record.role,
        "user_type": "USER",
        "has_api_key": record.has_api_key,
        "logged_in_at": None if record.invited else stamp(record.created_at),
        "created_at": stamp(record.created_at),
    }


def membership(id: str, record: Member) -> dict[str, Any]:
    """Return a membership in the group or connection with an id."""
    return {"id": id, "role": record.role, "created_at": stamp(record.created_at)}


def team_user(user_id: str, record: Member) -> dict[str, Any]:
    """Return a user's membership in a team."""
    return {"user_id": user_id, "role": record.role, "created_at": stamp(record.created_at)}


def team(record: Team) -> dict[str, Any]:
    """Return a team."""
    return {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "role": record.role,
    }


def system_key(record: SystemKey, *, show_key: bool = True) -> dict[str, Any]:
    """Return a system key without its secret."""
    times = {
        name: getattr(record, name)
        for name in ("created_at", "updated_at", "expired_at", "last_used_at")
    }
    return {
        "id": record.id,
        "name": record.name,
        **({"key": record.key} if show_key else {}),
        "permissions": [_permission(permission) for permission in record.permissions],
        **{name: stamp(time) for name, time in times.items() if time is not None},
    }


def _permission(record: Permission) -> dict[str, Any]:
    limits = {"ids": list(record.ids), "group_ids": list(record.group_ids)}
    given = {name: values for name, values in limits.items() if values}
    view: dict[str, Any] = {"resource_type": record.kind, "access_level": record.level}
    return {**view, "resource_filter": given} if given else view


def role(record: Role) -> dict[str, Any]:
    """Return a role."""
    return {
        "name": record.name,
        "description": record.description,
        "is_custom": False,
        "scope": [record.scope],
        "is_deprecated": bool(record.replacement),
        "replacement_role_name": record.replacement,
    }


def webhook(record: Webhook) -> dict[str, Any]:
    """Return a webhook, its secret masked."""
    fields = {
        "id": record.id,
        "type": record.type,
        "group_id": record.group_id,
        "url": record.url,
        "events": record.events,
        "active": record.active,
        "secret": MASK if record.secret else None,
        "created_at": stamp(record.created_at),
        "created_by": record.created_by,
    }
    return {name: value for name, value in fields.items() if value is not None}


def connection(record: Connection, now: float) -> dict[str, Any]:
    """Return a connection as it is at a time; the fields that time does not change are cached."""
    if record.static_fields is None:
        record.static_fields = _static_fields(record)
    return {**record.static_fields, **_dynamic_fields(record, state_at(record, now))}


def _dynamic_fields(record: Connection, state: ConnectionState) -> dict[str, Any]:
    status = {
        "setup_state": setup_state(record, state),
        "sync_state": state.sync_state,
        "update_state": state.update_state,
        "is_historical_sync": state.is_historical,
        "tasks": [*record.tasks, FAILURE] if state.failing else record.tasks,
        "warnings": record.warnings,
    }
    if state.rescheduled_for is not None:
        status["rescheduled_for"] = stamp(state.rescheduled_for)
    if "schema_status" in record.settings:
        status["schema_status"] = record.settings["schema_status"]
    status.update(record.reported)
    succeeded, failed = state.succeeded_at, state.failed_at
    return {
        "succeeded_at": None if succeeded is None else stamp(succeeded),
        "failed_at": None if failed is None else stamp(failed),
        "status": status,
    }


def _static_fields(record: Connection) -> dict[str, Any]:
    settings = {key: value for key, value in record.settings.items() if key != "schema_status"}
    if record.sync_frequency != DAILY:
        settings.pop("daily_sync_time", None)  # Fivetran ignores it then
    return {
        "id": record.id,
        "group_id": record.group_id,
        "service": record.service,
        "service_version": 1,
        "schema": record.schema,
        "connected_by": record.connected_by,
        "created_at": stamp(record.created_at),
        "paused": record.paused,
        "pause_after_trial": False,
        "sync_frequency": record.sync_frequency,
        "schedule_type": record.schedule_type,
        "data_delay_sensitivity": "NORMAL",
        "data_delay_threshold": 0,
        "networking_method": "Directly",
        "destination_schema_names": "FIVETRAN_NAMING",
        "source_sync_details": {},
        **settings,
        "config": dict(record.config),
    }
