"""Fivetran's values, times and durations in the words of the screens."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from pbf.clock import SKEW

CATEGORIES = {
    "API": "Custom and APIs",
    "BITool": "BI tools",
    "Database": "Databases",
    "Dbt": "dbt",
    "Engineering": "Engineering",
    "Events": "Events",
    "File": "Files",
    "Finance": "Finance",
    "Free": "Free",
    "Function": "Functions",
    "Hvr": "HVR",
    "HumanResources": "Human resources",
    "Log": "Logs",
    "Marketing": "Marketing",
    "Productivity": "Productivity",
    "Sales": "Sales",
    "Security": "Security",
    "Support": "Support",
    "Warehouse": "Warehouses",
}
STAGES = {
    "": "",
    "general_availability": "",
    "beta": "Beta",
    "private_preview": "Preview",
    "development": "In development",
    "sunset": "Sunset",
}
UNITS = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
HOUR = UNITS["hour"]
# How long ago or how far ahead something is, as in `times.js`.
LONG_UNITS = {"year": 31_536_000, "month": 2_592_000, "day": 86_400, "hour": 3_600, "minute": 60}


def spaced(value: str) -> str:
    """Return a value such as "NewThing" or "new_thing" as words: "New thing"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", value).replace("_", " ").split()
    return " ".join([*words[:1], *(word.lower() for word in words[1:])])


def capital(text: str) -> str:
    """Return a text with its first letter capitalized."""
    return text[:1].upper() + text[1:]


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, such as "5 minutes ago"; "not known" if still to come."""
    if is_to_come(moment, now):
        return "not known"
    seconds = (now - moment).total_seconds()
    return f"{span(seconds, LONG_UNITS)} ago" if seconds >= UNITS["minute"] else "just now"


def ahead(moment: datetime, now: datetime) -> str:
    """Return how far ahead something is, such as "in 2 hours"."""
    seconds = (moment - now).total_seconds()
    return f"in {span(seconds, LONG_UNITS)}" if seconds >= UNITS["minute"] else "within a minute"


def about(text: str) -> str:
    """Return "in about 2 hours" for "in 2 hours"."""
    return f"in about {text[3:]}" if text.startswith("in ") else text


def is_to_come(moment: datetime, now: datetime) -> bool:
    """Whether a time is later than now, also for clocks that differ; what has happened is not."""
    return (moment - now).total_seconds() > SKEW


def span(seconds: float, units: Mapping[str, int] = UNITS) -> str:
    """Return a length of time in its largest unit, such as "40 seconds"."""
    unit = next((unit for unit, length in units.items() if seconds >= length), list(units)[-1])
    number = max(0, int(seconds // units[unit]))
    return f"{number} {unit}{'' if number == 1 else 's'}"


def left(seconds: float) -> str:
    """Return the remaining time, rounded, such as "24 hours" or "90 minutes"."""
    for unit, least in (("day", 2), ("hour", 2), ("minute", 1)):
        # 2 days less a moment still reads "2 days", not "47 hours".
        if seconds >= 0.99 * least * UNITS[unit]:
            number = round(seconds / UNITS[unit])
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"


def exact(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
