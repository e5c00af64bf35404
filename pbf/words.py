"""Fivetran's values in the words of the screens."""

import re
from datetime import UTC, datetime

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


def spaced(value: str) -> str:
    """Return a value such as "NewThing" or "new_thing" as words: "New thing"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", value).replace("_", " ").split()
    return " ".join([*words[:1], *(word.lower() for word in words[1:])])


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, such as "5 minutes ago"."""
    seconds = (now - moment).total_seconds()
    for length, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            number = int(seconds // length)
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


def exact(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
