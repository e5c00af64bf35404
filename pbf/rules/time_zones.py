"""Time zones by their names, and times in UTC by their seconds since 1970."""

from datetime import UTC, datetime
from functools import cache
from typing import overload
from zoneinfo import ZoneInfo, available_timezones


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones; finding them searches the disk."""
    return frozenset(available_timezones())


def time_zone(name: str | None) -> ZoneInfo:
    """Return a time zone; UTC if there is no name, or none that is known on this machine."""
    try:
        return ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


@overload
def moment(seconds: float) -> datetime: ...
@overload
def moment(seconds: None) -> None: ...
@overload
def moment(seconds: float | None) -> datetime | None: ...
def moment(seconds: float | None) -> datetime | None:
    """Return a time in UTC; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
