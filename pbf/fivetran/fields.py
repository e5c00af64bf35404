"""Types for single values of Fivetran's responses: unreadable values become the empty value.

Every type accepts anything. If the validation context is a set, it collects the names of the
fields that could not be read, for the caller to log; null and "" count as empty, not unreadable.
Where an empty value has a meaning of its own, an unreadable one becomes UNREADABLE instead.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationInfo

from pbf.paths import LONGEST_ID
from pbf.visible_text import storable

Readable = TypeVar("Readable", list[Any], list[str], dict[str, Any])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Times outside are placeholders: Go's zero time for "never", the year 9999 for "for ever".
EARLIEST, LATEST = EPOCH, datetime(2100, 1, 1, tzinfo=UTC)
# Smaller numbers are not times; numbers from FIRST_MILLISECOND on are milliseconds.
FIRST_SECOND, FIRST_MILLISECOND = 10**9, 10**11
# The largest valid count or number of minutes; date arithmetic cannot overflow with it.
LARGEST = 10_000_000
LONGEST_TEXT = 10_000
UNREADABLE = "?"
# Longer names and states would not be found again once they are stored.
LONGEST_NAME, LONGEST_STATE = 200, 40


def moment(value: object, info: ValidationInfo) -> datetime | None:
    """Return a time in UTC, also if it has no zone; None for "never" and for anything else."""
    if value is None or value == "":
        return None
    try:
        time = _time(value)
        if time is not None:
            time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        time = None
    if time is None or time > LATEST:
        mark_unreadable(info)
        return None
    return time if time > EARLIEST else None


def _time(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        # Java appends the zone's name in brackets.
        plain = value.strip()[:64].partition("[")[0].upper().removesuffix("UTC").strip()
        return datetime.fromisoformat(plain)
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= FIRST_SECOND:
        unit = "milliseconds" if value >= FIRST_MILLISECOND else "seconds"
        return EPOCH + timedelta(**{unit: value})
    return None


def readable(value: object) -> bool:
    """Whether a value is text that can be encoded and stored: no lone surrogate, no NUL."""
    return isinstance(value, str) and "\0" not in value and (value.isascii() or _encodes(value))


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: object, info: ValidationInfo, longest: int = LONGEST_TEXT) -> str:
    """Return a readable text, cut to a length; "" for anything else."""
    if not isinstance(value, str):
        if value is not None:
            mark_unreadable(info)
        return ""
    if len(value) > longest:
        mark_unreadable(info)
    return storable(value, longest)


def filled_text(value: object, info: ValidationInfo) -> str:
    """Return a readable text; "" for an empty value only, UNREADABLE for anything else."""
    return text(value, info) or ("" if value in (None, "") else UNREADABLE)


def name(value: object, info: ValidationInfo) -> str:
    """Return a readable text, cut to LONGEST_NAME; "" for anything else."""
    return text(value, info, LONGEST_NAME)


def state(value: object, info: ValidationInfo) -> str:
    """Return a readable text, cut to LONGEST_STATE; "" for anything else."""
    return text(value, info, LONGEST_STATE)


def number(value: object, info: ValidationInfo) -> int | None:
    """Return an integer from 0 to LARGEST, also from a text; None for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            parsed = int(value[:20] if isinstance(value, str) else value)
        except (ValueError, OverflowError):
            parsed = -1
        if 0 <= parsed <= LARGEST:
            return parsed
    mark_unreadable(info)
    return None


def flag(value: object, info: ValidationInfo) -> bool | None:
    """Return True or False, also from "true" and "false"; None for anything else."""
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(value, bool):
        return value
    if value not in (None, ""):
        mark_unreadable(info)
    return None


def texts(value: object, info: ValidationInfo) -> list[str]:
    """Return the texts of a list; an empty list for anything else."""
    items = _items(value, info)
    return _marked([item for item in items if readable(item)], len(items), info)


def objects(value: object, info: ValidationInfo) -> list[Any]:
    """Return the objects of a list; an empty list for anything else."""
    items = _items(value, info)
    return _marked([item for item in items if isinstance(item, dict)], len(items), info)


def an_object(value: object, info: ValidationInfo) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    if isinstance(value, dict):
        return value
    if value is not None:
        mark_unreadable(info)
    return {}


def named_objects(value: object, info: ValidationInfo) -> dict[str, Any]:
    """Return the objects in an object by name, without unreadable ones."""
    items = an_object(value, info)
    return _marked(readable_objects(items), len(items), info)


def readable_objects(items: dict[str, Any]) -> dict[str, Any]:
    """Return the objects among some items whose name is readable."""
    return {name: item for name, item in items.items() if readable(name) and isinstance(item, dict)}


def _items(value: object, info: ValidationInfo) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if value is not None:
        mark_unreadable(info)
    return []


def _marked(items: Readable, expected: int, info: ValidationInfo) -> Readable:
    if len(items) != expected:
        mark_unreadable(info)
    return items


def mark_unreadable(info: ValidationInfo) -> None:
    """Add the field that is being validated to the unreadable ones."""
    if isinstance(info.context, set):
        info.context.add(info.field_name or "")


Moment = Annotated[datetime | None, BeforeValidator(moment)]
Text = Annotated[str, BeforeValidator(text)]
FilledText = Annotated[str, BeforeValidator(filled_text)]
Name = Annotated[str, BeforeValidator(name)]
State = Annotated[str, BeforeValidator(state)]
# An object without a valid id is left out.
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")]
Number = Annotated[int | None, BeforeValidator(number)]
Flag = Annotated[bool | None, BeforeValidator(flag)]
Texts = Annotated[tuple[str, ...], BeforeValidator(texts)]
