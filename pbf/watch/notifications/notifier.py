"""Which channels are notified of an incident, and when: one message, and one when it is over."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from pbf.clock import current_time
from pbf.rules.notifications.delivery_times import Timing
from pbf.rules.time_zones import moment
from pbf.rules.watch.kinds import IncidentEntry
from pbf.store.store import Store
from pbf.store.watch.notifications import WAITING
from pbf.store.watch.tables import Channel, Notification
from pbf.watch.notifications.delivery import Delivery
from pbf.watch.notifications.messages import Kind, data_of, title_of
from pbf.watch.notifications.zones import timing_of

# Kinds of incidents that explain many others; they concern every channel.
MASS = ("unreachable", "source_down")
SENT, DROPPED, FAILED = "sent", "dropped", "failed"


@dataclass(frozen=True)
class Notifier:
    """Turns incidents into messages, and sends what is due.

    `is_member` tells whether a person still belongs to the tenant of a group, `service_of` the
    service of a connector of a group ("" if unknown). Every method may be repeated after a crash:
    a channel has one message of each kind about an incident.
    """

    store: Store
    delivery: Delivery
    is_member: Callable[[str, str], bool]
    service_of: Callable[[str, str], str]
    clock: Callable[[], float] = current_time

    def incident_opened(self, incident: IncidentEntry) -> None:
        """Store one message for each channel that wants to know of an incident.

        The message about a mass failure stands for what that failure explains.
        """
        if incident.explained_by:
            return
        now = moment(self.clock())
        for channel in self._interested(incident):
            timing = timing_of(channel)
            kind: Kind = "escalated" if channel.escalates_after else "opened"
            self._add(channel, incident, kind, timing.opened_due(incident.opened_at, now))

    def incident_closed(self, incident: IncidentEntry) -> None:
        """Store one message for each channel that was notified of an incident, or is about to be.

        A message that still waits for the end of quiet hours or for its escalation is dropped.
        """
        openings = [
            row
            for row in self.store.notifications.openings(incident.group_id, incident.id)
            if row.status in (WAITING, SENT)
        ]
        channels = self.store.channels.with_ids([row.channel_id for row in openings])
        now = moment(self.clock())
        for row in openings:
            channel = channels.get(row.channel_id)
            if channel and not self._drop(row, channel, incident, now):
                self._add(channel, incident, "closed", timing_of(channel).due(now))

    def deliver_due(self) -> float | None:
        """Send what is due; return when the next message is due, in seconds since 1970."""
        return self.delivery.run()

    def _interested(self, incident: IncidentEntry) -> Iterable[Channel]:
        for channel in self.store.channels.listed(incident.group_id):
            events = channel.events.split(",") if channel.events else (incident.kind,)
            if (
                channel.disabled_at is None
                and incident.kind in events
                and (incident.kind in MASS or self._is_in_scope(channel, incident))
                and (not channel.person_id or self.is_member(channel.group_id, channel.person_id))
            ):
                yield channel

    def _is_in_scope(self, channel: Channel, incident: IncidentEntry) -> bool:
        if channel.scope == "connector":
            return channel.target == incident.connector_id
        if channel.scope == "service":
            return channel.target == self.service_of(incident.group_id, incident.connector_id)
        return True

    def _add(self, channel: Channel, incident: IncidentEntry, kind: Kind, due: datetime) -> None:
        data = data_of(incident)
        self.store.notifications.add(
            Notification(
                group_id=incident.group_id,
                id=f"msg_{uuid4().hex}",
                channel_id=channel.id,
                subject_id=incident.id,
                kind=kind,
                title=title_of(kind, data, channel.escalates_after),
                body=json.dumps(data, ensure_ascii=False),
                created_at=self.clock(),
                due_at=due.timestamp(),
            )
        )

    def _drop(
        self, row: Notification, channel: Channel, incident: IncidentEntry, now: datetime
    ) -> bool:
        """Drop a message that nobody has read yet; False if it is or will be sent."""
        is_held_back = row.status == WAITING and row.attempts == 0 and row.due_at > now.timestamp()
        timing = timing_of(channel)
        # A digest tells what was open and is over, unless it was over before it escalated.
        was_short = bool(timing.escalates_after) and not _escalated(timing, incident)
        if not is_held_back or (timing.digest != "now" and not was_short):
            return False
        return self.store.notifications.write(
            row, status=DROPPED, owner=uuid4().hex, lease_until=0.0
        )


def _escalated(timing: Timing, incident: IncidentEntry) -> bool:
    closed = incident.closed_at or incident.opened_at
    hours = (closed - incident.opened_at).total_seconds() / 3600
    return hours >= (timing.escalates_after or 0)
