"""The `schedule` object of a connection, which takes precedence over the legacy fields."""

from collections.abc import Mapping
from typing import Any

from pbf.sandbox.core.errors import InvalidInput

# The minutes between syncs that `sync_frequency` accepts.
FREQUENCIES = (1, 5, 15, 30, 60, 120, 180, 360, 480, 720, 1440)
DAILY = 1440
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
HOURS = frozenset(f"{hour:02}:00" for hour in range(24))
REQUIRED = {"INTERVAL": "interval", "TIME_OF_DAY": "time_of_day", "CRON": "cron", "MANUAL": ""}
LEGACY_FIELDS = frozenset({"sync_frequency", "schedule_type", "daily_sync_time"})


def resolved(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body whose legacy fields agree with its `schedule`; refuse an invalid one."""
    if "schedule" not in fields:
        return dict(fields)
    if fields.get("schedule_type") == "manual":
        raise InvalidInput("Field 'schedule_type' must not be 'manual' with 'schedule'")
    schedule = _checked(fields["schedule"])
    kind = schedule["schedule_type"]
    rest = {key: value for key, value in fields.items() if key not in LEGACY_FIELDS}
    legacy: dict[str, Any] = {"schedule_type": "manual" if kind == "MANUAL" else "auto"}
    if kind == "INTERVAL":
        legacy["sync_frequency"] = schedule["interval"]
    elif kind == "TIME_OF_DAY":
        legacy |= {"sync_frequency": DAILY, "daily_sync_time": schedule["time_of_day"]}
    return {**rest, **legacy, "schedule": schedule}


def renewed(present: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body with the `schedule` that its legacy fields make of a present one."""
    if present is None or "schedule" in fields or not fields.keys() & LEGACY_FIELDS:
        return dict(fields)
    minutes, hour = fields.get("sync_frequency"), fields.get("daily_sync_time")
    if fields.get("schedule_type") == "manual":
        schedule = {**_EMPTY, "schedule_type": "MANUAL"}
    elif minutes == DAILY and hour:
        schedule = {
            **_EMPTY,
            "schedule_type": "TIME_OF_DAY",
            "time_of_day": hour,
            "days_of_week": [*DAYS],
        }
    elif minutes:
        schedule = {**_EMPTY, "schedule_type": "INTERVAL", "interval": minutes}
    else:
        return dict(fields)
    return {**fields, "schedule": schedule}


_EMPTY: dict[str, Any] = dict.fromkeys(
    ("schedule_type", "interval", "cron", "days_of_week", "time_of_day")
)


def _checked(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("schedule_type"), str):
        raise InvalidInput("Invalid 'schedule' object")
    kind = value["schedule_type"]
    required, days = REQUIRED.get(kind), value.get("days_of_week") or []
    if required is None or not _fits(required, value.get(required)):
        raise InvalidInput("Invalid 'schedule' object")
    if not isinstance(days, list) or any(day not in DAYS for day in days):
        raise InvalidInput("Invalid 'days_of_week' value")
    if kind == "TIME_OF_DAY":
        days = days or [*DAYS]
    checked = {"schedule_type": kind, "days_of_week": days or None}
    return {**_EMPTY, **checked, **({required: value[required]} if required else {})}


def _fits(name: str, value: Any) -> bool:
    if name == "interval":
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if name == "time_of_day":
        return isinstance(value, str) and value in HOURS
    return not name or (isinstance(value, str) and len(value.split()) == 5)
