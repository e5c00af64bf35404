"""Who is told of incidents."""

from typing import Protocol

from pbf.rules.watch.kinds import IncidentEntry


class Notifier(Protocol):
    """Tells people of incidents; the same call again tells nobody twice."""

    def incident_opened(self, incident: IncidentEntry) -> None:
        """Tell of an incident that opened, or became one of another kind."""

    def incident_closed(self, incident: IncidentEntry) -> None:
        """Tell of an incident that is over."""
