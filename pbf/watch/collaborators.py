"""Who is notified of incidents."""

from typing import Protocol

from pbf.rules.watch.kinds import IncidentEntry


class Notifier(Protocol):
    """Notifies people of incidents; the same call again notifies nobody twice."""

    def incident_opened(self, incident: IncidentEntry) -> None:
        """Notify of an incident that opened, or became one of another kind."""

    def incident_closed(self, incident: IncidentEntry) -> None:
        """Notify of an incident that is over."""
