"""Fivetran's values in the words of the screens."""

import re
from datetime import UTC, datetime
from unicodedata import category, normalize

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

# Controls, direction marks and other signs without a shape, halves of letters.
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
# What Unicode calls letters or marks, though they show nothing.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINERS = frozenset("\u200c\u200d")
# What comes along with a text that is copied, and is no part of it.
ENDS = (
    " \t\n\r\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")


def spaced(value: str) -> str:
    """Return a value such as "NewThing" or "new_thing" as words: "New thing"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", value).replace("_", " ").split()
    return " ".join([*words[:1], *(word.lower() for word in words[1:])])


def capital(text: str) -> str:
    """Return a text with a capital letter in front, the rest as it is."""
    return text[:1].upper() + text[1:]


def ago(moment: datetime, now: datetime) -> str:
    """Return how long ago something was, such as "5 minutes ago"."""
    seconds = (now - moment).total_seconds()
    return f"{span(seconds)} ago" if seconds >= UNITS["minute"] else "just now"


def ahead(moment: datetime, now: datetime) -> str:
    """Return how far ahead something is, such as "in 2 hours"."""
    seconds = (moment - now).total_seconds()
    return f"in {span(seconds)}" if seconds >= UNITS["minute"] else "within a minute"


def span(seconds: float) -> str:
    """Return a length of time in its largest unit, such as "40 seconds"."""
    unit = next((unit for unit, length in UNITS.items() if seconds >= length), "second")
    number = max(0, int(seconds // UNITS[unit]))
    return f"{number} {unit}{'' if number == 1 else 's'}"


def left(seconds: float) -> str:
    """Return the time that is left for something, rounded, such as "24 hours" or "90 minutes"."""
    for unit, least in (("day", 2), ("hour", 2), ("minute", 1)):
        # What was 2 days a moment ago is not 47 hours yet.
        if seconds >= 0.99 * least * UNITS[unit]:
            number = round(seconds / UNITS[unit])
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return "less than a minute"


def exact(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def shown(text: str) -> str:
    """Return a text from outside as one line of visible characters, the unprintable as "\ufffd"."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text
    line = " ".join(_BREAKS.sub(" ", text).split())
    if not (line.isprintable() and line.isascii()):
        line = "".join(map(_visible, " " + line, line, line[1:] + " "))
    return line or ("\ufffd" if text else "")


def typeable(text: str) -> str:
    """Return what one types for a text that is shown: without what no keyboard has."""
    return " ".join(normalize("NFC", shown(text)).replace("\ufffd", "").split())


def is_one_line(text: str) -> bool:
    """Whether a text is one line of visible characters."""
    return "\ufffd" not in shown(text) and not _BREAKS.search(text)


def _visible(before: str, character: str, after: str) -> str:
    """Return a character, or a mark in the place of one that shows nothing or turns the text."""
    if character in _JOINERS and _joins(before) and _joins(after):
        return character  # emoji of several signs, and scripts whose letters are joined
    return "\ufffd" if category(character) in _UNSEEN or character in _BLANK_LETTERS else character


def _joins(character: str) -> bool:
    return not character.isascii() and category(character) not in _UNSEEN
