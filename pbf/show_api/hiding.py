"""What may be shown of a body: without secrets, and short enough to read."""

import json
from functools import lru_cache
from typing import Any

from pbf.redaction import HIDDEN, escape_controls, redact

SHOWN_ITEMS = 3
SHOWN_FIELDS = 60
LONGEST_TEXT = 400
LONGEST_BODY = 8_000
DEEPEST = 12


def shown(value: Any, depth: int = 0) -> Any:
    """Return a JSON value without secrets, and with the first few items of each list."""
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth == DEEPEST:
        return "…"
    if isinstance(value, dict):
        fields = list(value.items())
        visible = {
            _text(str(name)): _field(name, item, depth) for name, item in fields[:SHOWN_FIELDS]
        }
        return visible | _rest(len(fields) - SHOWN_FIELDS)
    return [shown(item, depth + 1) for item in value[:SHOWN_ITEMS]] + rest_of(len(value))


def as_text(value: Any) -> str:
    """Return a JSON value as indented text without secrets; a long text is cut."""
    text = as_json(shown(value))
    return text if len(text) <= LONGEST_BODY else f"{text[:LONGEST_BODY]}\n… (cut)"


def as_json(value: Any) -> str:
    """Return a value as indented JSON; controls and direction marks are escapes in it."""
    # The only line breaks are those of the indentation; those within a text are escapes already.
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    return "\n".join(map(escape_controls, lines))


def rest_of(number: int) -> list[str]:
    """Return how many of so many items are not shown, as the last item of a list."""
    return [f"… {number - SHOWN_ITEMS:,} more"] if number > SHOWN_ITEMS else []


def _field(name: Any, value: Any, depth: int) -> Any:
    is_text = isinstance(value, str) and value
    return HIDDEN if is_text and _names_secret(str(name)) else shown(value, depth + 1)


def _rest(number: int) -> dict[str, str]:
    return {"…": f"{number:,} more"} if number > 0 else {}


def _text(text: str) -> str:
    cleared = redact(text)
    return cleared if len(cleared) <= LONGEST_TEXT else f"{cleared[:LONGEST_TEXT]}… (cut)"


@lru_cache(maxsize=1024)
def _names_secret(name: str) -> bool:
    """Return whether the values of a field are secrets by its name."""
    return HIDDEN in redact(f"{name}=value")
