"""Channels and messages as screens and routes show them, without what is secret."""

from dataclasses import dataclass
from datetime import datetime, time

from pbf.errors import InvalidChannel
from pbf.paths import LONGEST_ID
from pbf.rules.notifications.addresses import masked
from pbf.rules.time_zones import moment, time_zones
from pbf.rules.watch.freshness import SCOPES
from pbf.rules.watch.kinds import KINDS
from pbf.store.watch.tables import Channel, Notification
from pbf.visible_text import is_one_line, shown

LONGEST_NAME = 100
LONGEST_ESCALATION = 168
DIGESTS = ("now", "hourly", "daily")
STATUSES = {"": "waiting", "sent": "sent", "failed": "failed", "dropped": "not needed"}


@dataclass(frozen=True)
class ChannelValues:
    """What somebody enters for a channel; an empty `address` keeps that of an existing one."""

    kind: str
    name: str
    address: str = ""
    events: tuple[str, ...] = ()
    scope: str = "tenant"
    target: str = ""
    digest: str = "now"
    quiet_from: str = ""
    quiet_until: str = ""
    time_zone: str = "UTC"
    escalates_after: float | None = None

    def check(self) -> None:
        """Raise InvalidChannel with a sentence about the first value that cannot be used."""
        for is_valid, sentence in self._checks():
            if not is_valid:
                raise InvalidChannel(sentence)

    def _checks(self) -> tuple[tuple[bool, str], ...]:
        name = self.name.strip()
        quiet = (self.quiet_from, self.quiet_until)
        is_scope = self.scope in SCOPES and len(self.target) <= LONGEST_ID
        hours = self.escalates_after
        return (
            (
                0 < len(name) <= LONGEST_NAME and is_one_line(name),
                f"Enter a name: one line of at most {LONGEST_NAME} visible characters.",
            ),
            (set(self.events) <= set(KINDS), f"Events are {', '.join(KINDS)}."),
            (
                is_scope and bool(self.target) == (self.scope != "tenant"),
                "Choose the connector or the service.",
            ),
            (self.digest in DIGESTS, "Messages are sent now, hourly or daily."),
            (
                all(map(_is_time, quiet)) or quiet == ("", ""),
                "Enter when quiet hours begin and end, such as 22:00 and 07:00.",
            ),
            (self.time_zone in time_zones(), "Enter a time zone such as Europe/Berlin."),
            (
                hours is None or 0 < hours <= LONGEST_ESCALATION,
                f"An incident escalates after at most {LONGEST_ESCALATION} hours.",
            ),
        )


@dataclass(frozen=True)
class ChannelEntry:
    """A channel; `address` is masked. `is_own` tells one of a person from one of the tenant."""

    id: str
    is_own: bool
    kind: str
    name: str
    address: str
    events: tuple[str, ...]
    scope: str
    target: str
    digest: str
    quiet_from: str
    quiet_until: str
    time_zone: str
    escalates_after: float | None
    created_at: datetime
    is_disabled: bool
    problem: str
    problem_since: datetime | None

    @classmethod
    def of(cls, row: Channel) -> "ChannelEntry":
        """Return a row as an entry."""
        return cls(
            id=row.id,
            is_own=bool(row.person_id),
            kind=row.kind,
            name=shown(row.name),
            address=masked(row.kind, row.address),
            events=tuple(row.events.split(",")) if row.events else (),
            scope=row.scope,
            target=row.target,
            digest=row.digest,
            quiet_from=row.quiet_from,
            quiet_until=row.quiet_until,
            time_zone=row.time_zone,
            escalates_after=row.escalates_after,
            created_at=moment(row.created_at),
            is_disabled=row.disabled_at is not None,
            problem=row.problem,
            problem_since=moment(row.problem_since),
        )


@dataclass(frozen=True)
class DeliveryEntry:
    """A message to a channel; `due_at` is when it is sent, or was to be sent."""

    id: str
    kind: str
    title: str
    status: str
    attempts: int
    problem: str
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None

    @classmethod
    def of(cls, row: Notification) -> "DeliveryEntry":
        """Return a row as an entry."""
        return cls(
            id=row.id,
            kind=row.kind,
            title=shown(row.title),
            status=STATUSES[row.status],
            attempts=row.attempts,
            problem=row.error,
            created_at=moment(row.created_at),
            due_at=moment(row.due_at),
            sent_at=moment(row.sent_at),
        )


def _is_time(text: str) -> bool:
    try:
        return len(text) == 5 and time.fromisoformat(text).second == 0
    except ValueError:
        return False
