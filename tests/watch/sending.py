"""Channels, incidents and a sender of tests."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pbf.errors import NotDelivered
from pbf.store.watch.tables import Channel
from pbf.watch.notifications.delivery import Delivery
from pbf.watch.notifications.notifier import Notifier
from tests.support.clock import Clock

# A Saturday; clocks in Berlin show one hour more.
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    id: str = "incident-1"
    group_id: str = "g"
    connector_id: str = "c1"
    connector_name: str = "Sales"
    kind: str = "failing"
    title: str = "Sales fails again and again"
    opened_at: datetime = NOON
    closed_at: datetime | None = None
    explained_by: str = ""
    next_step: str = "Open the connector and see why its syncs fail."


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

    def over(self, hours: float, **values) -> Told:
        return Told(closed_at=NOON + timedelta(hours=hours), **values)
