"""Channels, incidents and a sender of tests."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pbf.errors import NotDelivered
from pbf.rules.watch.kinds import IncidentEntry
from pbf.store.watch.tables import Channel
from pbf.watch.notifications.delivery import Delivery
from pbf.watch.notifications.notifier import Notifier
from tests.support.clock import Clock

# A Saturday; clocks in Berlin show one hour more.
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def incident(**values) -> IncidentEntry:
    values = {"connector_id": "c1", "connector_name": "Sales", "kind": "failing", **values}
    values.setdefault("title", "Sales fails again and again")
    return IncidentEntry(
        id=values.pop("id", "incident-1"), group_id="g", **{"opened_at": NOON, **values}
    )


def channel(id_: str = "ch1", **values) -> Channel:
    values = {"kind": "mail", "name": "Mail", "address": "ada@people.example", **values}
    return Channel(
        id=id_, group_id=values.pop("group_id", "g"), created_by="test", created_at=1.0, **values
    )


@dataclass
class Recorder:
    """A sender that keeps what it was given, and refuses as long as it is told to."""

    problem: str = ""
    sent: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, to, message) -> None:
        if self.problem:
            raise NotDelivered(self.problem)
        with self.lock:
            self.sent.append((to.id, message))

    def titles(self) -> list[str]:
        return [message.title for _, message in self.sent]


@dataclass
class Scene:
    """A notifier on a clock that stands still."""

    store: object
    sender: Recorder = field(default_factory=Recorder)
    clock: Clock = field(default_factory=lambda: Clock(NOON.timestamp()))
    members: set = field(default_factory=set)
    patience: float = 30.0

    def __post_init__(self) -> None:
        def is_member(group_id, person_id):
            return (group_id, person_id) in self.members

        delivery = Delivery(
            self.store,
            self.sender,
            is_member,
            base_url="https://data.example",
            clock=self.clock,
            patience=self.patience,
        )
        self.notifier = Notifier(
            self.store, delivery, is_member, lambda group, id_: f"service_of_{id_}", self.clock
        )

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def deliver(self, hours: float = 0.0) -> None:
        """Move the clock, and send what is due then."""
        self.clock.advance(hours * 3600)
        self.notifier.deliver_due()

    def over(self, hours: float, **values) -> IncidentEntry:
        return incident(closed_at=NOON + timedelta(hours=hours), **values)
