"""A connector's history as Fivetran reports it: its syncs and errors."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from pbf.fivetran.fields import Moment, Text, readable
from pbf.visible_text import storable

Item = TypeVar("Item")

# Numbers whose names have such a part are volumes; what else is not understood is kept as text.
VOLUME = re.compile("extract|process|load|volume|row|record|byte|size|count")
MOST_FIELDS = 20
LONGEST_FIELD = 200

NEVER = "0001-01-01"
# The field names of a sync are not published. These are observed and likely names, in lower case
# and without underscores. See the API reference of sync-history.
SYNC_FIELDS: dict[str, tuple[str, ...]] = {
    "sync_id": ("syncid", "id"),
    "start": ("start", "startedat", "starttime", "syncstart", "syncstarttime", "syncstartedat"),
    "end": ("end", "endedat", "endtime", "syncend", "syncendtime", "finishedat", "completedat"),
    "status": ("status", "syncstatus", "state", "result"),
    "reason": ("reason", "message", "failurereason"),
}


class History(BaseModel, Generic[Item]):
    """The newest items of a history, how many more there are, and how many are unreadable.

    `missing` is why there is no history, as a sentence, or "" if Fivetran returned one.
    """

    model_config = ConfigDict(frozen=True)

    items: tuple[Item, ...] = ()
    more: int = 0
    unread: int = 0
    missing: str = ""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SyncRecord(_Record):
    """A finished sync, a running one (without end) or a queued one (without start).

    `volumes` are numbers of the stages by name, such as "extract_rows"; `unknown` are the fields
    that are not understood, as text. An object without a start, an end or a status is
    not a sync, and validation fails, unless it says that the sync is queued.
    """

    sync_id: Text = ""
    start: Moment = None
    end: Moment = None
    status: Text = ""
    reason: Text = ""
    # True if Fivetran reports no start yet, but not if the start is unreadable.
    is_queued: bool = False
    volumes: Mapping[str, float] = {}
    unknown: Mapping[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _by_other_names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        by_name = {_bare(name): name for name in reversed(value) if isinstance(name, str)}
        item: dict[str, Any] = {
            name: given for name, given in value.items() if readable(name) and name != "is_queued"
        }
        for field, names in SYNC_FIELDS.items():
            given = [value[by_name[name]] for name in names if name in by_name]
            item[field] = next((candidate for candidate in given if not _is_empty(candidate)), None)
        starts = [name for name in SYNC_FIELDS["start"] if name in by_name]
        is_queued = bool(starts) and item["start"] is None and item["end"] is None
        understood = {name for names in SYNC_FIELDS.values() for name in names}
        others = {
            name: given for name, given in value.items() if _bare(str(name)) not in understood
        }
        return {**item, "is_queued": is_queued, **_volumes_and_unknown(others)}

    @model_validator(mode="after")
    def _require_content(self) -> "SyncRecord":
        if not (self.start or self.end or self.status or self.is_queued):
            raise ValueError("no sync")
        return self


def _volumes_and_unknown(fields: Mapping[Any, Any]) -> dict[str, dict[str, Any]]:
    """Return the readable fields of an item, and of the objects in it, as numbers and as text."""
    volumes: dict[str, float] = {}
    unknown: dict[str, str] = {}
    for name, value in _flat(fields):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number and VOLUME.search(name.lower()) and isfinite(value):
            if len(volumes) < MOST_FIELDS:
                volumes[name] = float(value)
        elif value not in (None, "") and len(unknown) < MOST_FIELDS:
            unknown[name] = storable(str(value), LONGEST_FIELD)
    return {"volumes": volumes, "unknown": unknown}


def _flat(fields: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if readable(name):
            path = f"{prefix}{name}"[:LONGEST_FIELD]
            if isinstance(value, dict) and not prefix:
                yield from _flat(value, f"{path}_")
            else:
                yield path, value


def _is_empty(value: object) -> bool:
    """Whether a value means none; Go sends the year 1 for a time that is not set."""
    return value in (None, "") or (isinstance(value, str) and value.startswith(NEVER))


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


class ErrorRecord(_Record):
    """An error of a connector, as Fivetran explains it."""

    type: Text = ""
    title: Text = ""
    reason: Text = ""
    message: Text = ""
    created_at: Moment = None

    @model_validator(mode="after")
    def _require_content(self) -> "ErrorRecord":
        if not (self.type or self.title or self.reason or self.message):
            raise ValueError("no error")
        return self
