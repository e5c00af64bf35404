"""A connector's history as Fivetran reports it: its syncs and errors."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from pbf.fivetran.fields import Moment, Text, readable

Item = TypeVar("Item")

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

    An object without any of these fields is not a sync, and validation fails.
    """

    sync_id: Text = ""
    start: Moment = None
    end: Moment = None
    status: Text = ""
    reason: Text = ""
    # True if Fivetran reports no start yet, but not if the start is unreadable.
    is_queued: bool = False

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
        return {**item, "is_queued": bool(starts) and item["start"] is None and item["end"] is None}

    @model_validator(mode="after")
    def _require_content(self) -> "SyncRecord":
        if not (self.start or self.end or self.status or self.is_queued):
            raise ValueError("no sync")
        return self


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
