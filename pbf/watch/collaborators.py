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


class NothingObserved:
    """The history of a tenant of which nothing was observed."""

    def syncs(
        self,
        connector_id: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
        *,
        limit: int | None = None,  # noqa: ARG002
    ) -> Sequence[SyncEntry]:
        """Return nothing."""
        return ()

    def days(
        self,
        connector_id: str,  # noqa: ARG002
        since: date,  # noqa: ARG002
        until: date,  # noqa: ARG002
    ) -> Sequence[DayEntry]:
        """Return nothing."""
        return ()

    def observed(
        self,
        connector_id: str,  # noqa: ARG002
        since: datetime,  # noqa: ARG002
        until: datetime,  # noqa: ARG002
    ) -> Sequence[Period]:
        """Return nothing."""
        return ()


class NobodyTold:
    """Tells nobody, where there are no channels."""

    def incident_opened(self, incident: IncidentEntry) -> None:
        """Do nothing."""

    def incident_closed(self, incident: IncidentEntry) -> None:
        """Do nothing."""
