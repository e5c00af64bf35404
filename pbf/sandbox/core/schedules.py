"""The `schedule` object of a connection, which rules over the older fields."""

from collections.abc import Mapping
from typing import Any

from pbf.sandbox.core.errors import InvalidInput

DAILY = 1440
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
HOURS = frozenset(f"{hour:02}:00" for hour in range(24))
NEEDED = {"INTERVAL": "interval", "TIME_OF_DAY": "time_of_day", "CRON": "cron", "MANUAL": ""}
OLDER = frozenset({"sync_frequency", "schedule_type", "daily_sync_time"})


def resolved(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body whose older fields say what its `schedule` does; refuse one that is wrong."""
    if "schedule" not in given:
        return dict(given)
    if given.get("schedule_type") == "manual":
        raise InvalidInput("Field 'schedule_type' must not be 'manual' with 'schedule'")
    schedule = _checked(given["schedule"])
    kind, rest = schedule["schedule_type"], {k: v for k, v in given.items() if k not in OLDER}
    older: dict[str, Any] = {"schedule_type": "manual" if kind == "MANUAL" else "auto"}
    if kind == "INTERVAL":
        older["sync_frequency"] = schedule["interval"]
    elif kind == "TIME_OF_DAY":
        older |= {"sync_frequency": DAILY, "daily_sync_time": schedule["time_of_day"]}
    return {**rest, **older, "schedule": schedule}


def renewed(present: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body that keeps a present `schedule` in step with the older fields it changes."""
    if present is None or "schedule" in given or not given.keys() & OLDER:
        return dict(given)
    minutes, hour = given.get("sync_frequency"), given.get("daily_sync_time")
    if given.get("schedule_type") == "manual":
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
        return dict(given)
    return {**given, "schedule": schedule}


_EMPTY: dict[str, Any] = dict.fromkeys(
    ("schedule_type", "interval", "cron", "days_of_week", "time_of_day")
)


def _checked(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("schedule_type"), str):
        raise InvalidInput("Invalid 'schedule' object")
    kind = value["schedule_type"]
    needed, days = NEEDED.get(kind), value.get("days_of_week") or []
    if needed is None or not _fits(needed, value.get(needed)):
        raise InvalidInput("Invalid 'schedule' object")
    if not isinstance(days, list) or any(day not in DAYS for day in days):
        raise InvalidInput("Invalid 'days_of_week' value")
    if kind == "TIME_OF_DAY":
        days = days or [*DAYS]
    kept = {"schedule_type": kind, "days_of_week": days or None}
    return {**_EMPTY, **kept, **({needed: value[needed]} if needed else {})}


def _fits(name: str, value: Any) -> bool:
    if name == "interval":
        return isinstance(value, int) and not isinstance(value, bool) and value > 0
    if name == "time_of_day":
        return isinstance(value, str) and value in HOURS
    return not name or (isinstance(value, str) and len(value.split()) == 5)
