"""What judging needs of others: the sync history of one tenant, and who is told of incidents."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from pbf.rules.timeline.entries import DayEntry, Period, SyncEntry
from pbf.rules.watch.kinds import IncidentEntry


class Timeline(Protocol):
    """The sync history of one tenant."""

    def syncs(
        self, connector_id: str, since: datetime, until: datetime, *, limit: int | None = None
    ) -> Sequence[SyncEntry]:
        """Return a connector's syncs of a period, the newest first."""

    def outcomes(self, connector_id: str, since: datetime, until: datetime) -> Sequence[SyncEntry]:
        """Return when a connector's syncs started and ended, and how, the oldest first."""

    def days(self, connector_id: str, since: date, until: date) -> Sequence[DayEntry]:
        """Return a connector's days in UTC."""

    def observed(self, connector_id: str, since: datetime, until: datetime) -> Sequence[Period]:
        """Return when a connector was observed, sorted and without overlaps."""


class Notifier(Protocol):
    """Tells people of incidents; the same call again tells nobody twice."""

    def incident_opened(self, incident: IncidentEntry) -> None:
        """Tell of an incident that opened, or became one of another kind."""

    def incident_closed(self, incident: IncidentEntry) -> None:
        """Tell of an incident that is over."""
