"""What Fivetran tells of a connector's past: its syncs, and what went wrong."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from pbf.fivetran.fields import Moment, Text, readable

Item = TypeVar("Item")

NEVER = "0001-01-01"
# The names of the fields of a sync are not published: what has been seen, and what they may be,
# in lower case and without underscores. See the API reference of sync-history.
SYNC_FIELDS: dict[str, tuple[str, ...]] = {
    "sync_id": ("syncid", "id"),
    "start": ("start", "startedat", "starttime", "syncstart", "syncstarttime", "syncstartedat"),
    "end": ("end", "endedat", "endtime", "syncend", "syncendtime", "finishedat", "completedat"),
    "status": ("status", "syncstatus", "state", "result"),
    "reason": ("reason", "message", "failurereason"),
}


class History(BaseModel, Generic[Item]):
    """What is shown of a past: the newest items, how many are not shown, and how many unreadable.

    `missing` is why there is none, as a sentence; "" where Fivetran told it.
    """

    model_config = ConfigDict(frozen=True)

    items: tuple[Item, ...] = ()
    more: int = 0
    unread: int = 0
    missing: str = ""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class SyncRecord(_Record):
    """One sync of the past, the one that runs (no end), or one that waits (no start yet).

    What has none of these fields is not a sync, and is refused.
    """

    sync_id: Text = ""
    start: Moment = None
    end: Moment = None
    status: Text = ""
    reason: Text = ""
    # Fivetran says that it has not started yet; a start that cannot be read is another matter.
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
            item[field] = next((one for one in given if not _is_nothing(one)), None)
        starts = [name for name in SYNC_FIELDS["start"] if name in by_name]
        return {**item, "is_queued": bool(starts) and item["start"] is None and item["end"] is None}

    @model_validator(mode="after")
    def _says_something(self) -> "SyncRecord":
        if not (self.start or self.end or self.status or self.is_queued):
            raise ValueError("no sync")
        return self


def _is_nothing(value: object) -> bool:
    """Whether a value stands for none; Go sends the year 1 for a time that has not come."""
    return value in (None, "") or (isinstance(value, str) and value.startswith(NEVER))


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


class ErrorRecord(_Record):
    """Something that went wrong, as Fivetran explains it."""

    type: Text = ""
    title: Text = ""
    reason: Text = ""
    message: Text = ""
    created_at: Moment = None

    @model_validator(mode="after")
    def _says_something(self) -> "ErrorRecord":
        if not (self.type or self.title or self.reason or self.message):
            raise ValueError("no error")
        return self
