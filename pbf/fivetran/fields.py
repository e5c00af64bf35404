"""Types for single values of Fivetran's answers: what cannot be read becomes the empty value.

Every type accepts anything. A validation context that is a set collects the names of the fields
that could not be read, so that whoever parses can say so; null and "" are not odd.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, ValidationInfo

Kept = TypeVar("Kept", list[Any], list[str], dict[str, Any])

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Times outside are placeholders: Go's zero time for "never", 9999 for "for ever".
EARLIEST, LATEST = EPOCH, datetime(2100, 1, 1, tzinfo=UTC)
# Seconds since 1970 from 2001 on; a smaller number is no time. From here on, milliseconds.
FIRST_SECOND, FIRST_MILLISECOND = 10**9, 10**11
# The largest number that is a count or a number of minutes; time can be reckoned with it.
LARGEST = 10_000_000
LONGEST_TEXT = 10_000


def moment(value: object, info: ValidationInfo) -> datetime | None:
    """Return a time in UTC, taken as UTC where it has no zone; None for "never" and no time."""
    if value is None or value == "":
        return None
    try:
        found = _time(value)
        if found is not None:
            found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or found > LATEST:
        note(info)
        return None
    return found if found > EARLIEST else None


def _time(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        # Java adds the zone's name in brackets.
        plain = value.strip()[:64].partition("[")[0].upper().removesuffix("UTC").strip()
        return datetime.fromisoformat(plain)
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= FIRST_SECOND:
        unit = "milliseconds" if value >= FIRST_MILLISECOND else "seconds"
        return EPOCH + timedelta(**{unit: value})
    return None


def readable(value: object) -> bool:
    """Whether a text can be encoded: half a letter (a lone surrogate) cannot."""
    return isinstance(value, str) and (value.isascii() or _encodes(value))


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: object, info: ValidationInfo) -> str:
    """Return a text that can be encoded, cut at LONGEST_TEXT; "" for anything else."""
    if not isinstance(value, str):
        if value is not None:
            note(info)
        return ""
    if len(value) > LONGEST_TEXT:
        note(info)
        value = value[:LONGEST_TEXT]
    return value if readable(value) else value.encode(errors="replace").decode()


def number(value: object, info: ValidationInfo) -> int | None:
    """Return a whole number from 0 to LARGEST, also from a text; None for anything else."""
    if value is None or value == "":
        return None
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            found = int(value[:20] if isinstance(value, str) else value)
        except (ValueError, OverflowError):
            found = -1
        if 0 <= found <= LARGEST:
            return found
    note(info)
    return None


def flag(value: object, info: ValidationInfo) -> bool | None:
    """Return True or False, also from "true" and "false"; None for anything else."""
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.lower(), value)
    if isinstance(value, bool):
        return value
    if value not in (None, ""):
        note(info)
    return None


def texts(value: object, info: ValidationInfo) -> list[str]:
    """Return the texts of a list; nothing for anything else."""
    items = _items(value, info)
    kept = [item for item in items if readable(item)]
    return _noted(kept, len(items), info)


def objects(value: object, info: ValidationInfo) -> list[Any]:
    """Return the objects of a list; nothing for anything else."""
    items = _items(value, info)
    kept = [item for item in items if isinstance(item, dict)]
    return _noted(kept, len(items), info)


def an_object(value: object, info: ValidationInfo) -> dict[str, Any]:
    """Return an object; an empty one for anything else."""
    if isinstance(value, dict):
        return value
    if value is not None:
        note(info)
    return {}


def named_objects(value: object, info: ValidationInfo) -> dict[str, Any]:
    """Return the objects of an object by their names, without those that cannot be read."""
    items = an_object(value, info)
    kept = {name: item for name, item in items.items() if readable(name) and isinstance(item, dict)}
    return _noted(kept, len(items), info)


def _items(value: object, info: ValidationInfo) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    if value is not None:
        note(info)
    return []


def _noted(kept: Kept, number_of_all: int, info: ValidationInfo) -> Kept:
    if len(kept) != number_of_all:
        note(info)
    return kept


def note(info: ValidationInfo) -> None:
    """Note the field that is being validated as one that could not be read."""
    if isinstance(info.context, set):
        info.context.add(info.field_name or "")


Moment = Annotated[datetime | None, BeforeValidator(moment)]
Text = Annotated[str, BeforeValidator(text)]
Number = Annotated[int | None, BeforeValidator(number)]
Flag = Annotated[bool | None, BeforeValidator(flag)]
Texts = Annotated[tuple[str, ...], BeforeValidator(texts)]
