"""What the sync history is made of: syncs, periods, days and hours. All times are UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from pbf.rules.timeline.outcomes import Outcome

Source = Literal["history", "webhook", "list"]


@dataclass(frozen=True)
class SyncReport:
    """What one source says about one sync; times in seconds since 1970.

    `outcome` is an Outcome. `volumes` are numbers by name, such as "extract_rows"; `unknown` are
    fields that are not understood, as text. `started_after` is a time before which it cannot have
    started, if only its end is known.
    """

    connector_id: str
    sync_id: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    outcome: str = Outcome.ENDED
    reason: str = ""
    volumes: Mapping[str, float] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    started_after: float | None = None


@dataclass(frozen=True)
class SyncEntry:
    """One sync, merged from all sources that reported it.

    A queued sync has no start; one that only a list showed has an end but no start.
    """

    connector_id: str
    sync_id: str
    started_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome
    reason: str = ""
    volumes: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        """How long it took, or None if either time is unknown."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, (self.ended_at - self.started_at).total_seconds())


@dataclass(frozen=True)
class Period:
    """From a time to a later one, the end excluded."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class DayEntry:
    """The syncs of a connector on one day in UTC, counted by outcome.

    `other` are syncs that neither succeeded nor failed. `busy_seconds` is the sum of durations.
    """

    day: date
    succeeded: int = 0
    failed: int = 0
    other: int = 0
    busy_seconds: float = 0.0


@dataclass(frozen=True)
class HourCount:
    """The syncs of a tenant that belong to one hour, counted by outcome."""

    hour: datetime
    succeeded: int = 0
    failed: int = 0
    other: int = 0


@dataclass(frozen=True)
class DayCount:
    """The syncs of a tenant on one day in UTC, counted by outcome."""

    day: date
    succeeded: int = 0
    failed: int = 0
    other: int = 0
