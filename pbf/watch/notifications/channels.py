"""The channels of one tenant: its own, which admins manage, and those of each person."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

from pbf.clock import current_time
from pbf.connectors.access.caller import caller, require
from pbf.connectors.portal import Portal
from pbf.errors import LimitReached, NotDelivered, NotNow, UnknownChannel
from pbf.rules.access.permissions import Permission, allows
from pbf.rules.notifications.addresses import WEBHOOK, masked
from pbf.rules.time_zones import moment
from pbf.store.store import Store
from pbf.store.watch.tables import Channel, Notification
from pbf.watch.notifications.delivery import LEASE
from pbf.watch.notifications.entries import ChannelEntry, ChannelValues, DeliveryEntry
from pbf.watch.notifications.messages import TEST_TITLE, message_of
from pbf.watch.notifications.sending import Sender, hide_address
from pbf.watch.notifications.webhooks import new_secret
from pbf.watch.notifications.zones import zone_of

MOST_OWN, MOST_OF_TENANT = 10, 50
# How many messages the log of a channel shows, and how many tests of it an hour has.
LISTED, MOST_TESTS = 50, 10
HOUR = 3600.0
UNKNOWN = "There is no such channel. It may have been removed."
OWN_ONLY = "Only people who are signed in have channels of their own. Add one for the tenant."


@dataclass(frozen=True)
class ChannelService:
    """Manages the channels that the caller may: those of `person_id`, and admins the tenant's.

    `person_id` is empty for programs and while sign-in is off.
    """

    portal: Portal
    store: Store
    sender: Sender
    person_id: str
    base_url: str | None = None
    clock: Callable[[], float] = current_time

    @property
    def may_have_own(self) -> bool:
        """Whether the caller can have channels of their own."""
        return bool(self.person_id)

    def listed(self) -> Sequence[ChannelEntry]:
        """Return the channels that the caller may manage."""
        may_manage = allows(caller().role, Permission.MANAGE_NOTIFICATIONS)
        return tuple(
            ChannelEntry.of(row)
            for row in self.store.channels.listed(self.portal.tenant.group_id)
            if (row.person_id == self.person_id and row.person_id)
            or (not row.person_id and may_manage)
        )

    def add(self, values: ChannelValues, *, is_own: bool) -> tuple[ChannelEntry, str]:
        """Add a channel; return it and, of a webhook, the secret that signs its messages.

        Raises InvalidChannel, LimitReached, NotPermitted or UnknownConnector.
        """
        details = f"{values.name.strip()[:100]}, {values.kind}"
        with self.portal.audit_log.record("add a channel", details=details):
            self._require(is_own=is_own)
            self._check(values, address=values.address)
            self._require_room(is_own=is_own)
            secret = new_secret() if values.kind == WEBHOOK else ""
            row = Channel(
                id=uuid4().hex,
                group_id=self.portal.tenant.group_id,
                person_id=self.person_id if is_own else "",
                kind=values.kind,
                secret=secret,
                address=values.address,
                created_by=caller().actor,
                created_at=self.clock(),
                name=values.name.strip(),
            )
            for column, value in _columns(values).items():
                setattr(row, column, value)
            hide_address(row.address, row.secret)
            self.store.channels.add(row)
        return ChannelEntry.of(row), secret

    def change(self, channel_id: str, values: ChannelValues) -> ChannelEntry:
        """Change a channel; its kind stays, and without a new address so does its address."""
        with self.portal.audit_log.record("change a channel") as entry:
            row = self._find(channel_id)
            address = values.address or row.address
            entry.details = f"{row.name}, {masked(row.kind, row.address)}"
            self._check(values, address=address)
            self._write(row, address=address, **_columns(values))
        return self.entry(channel_id)

    def set_enabled(self, channel_id: str, *, enabled: bool) -> None:
        """Send messages to a channel again, or no more; what waits is then not sent."""
        action = "enable a channel" if enabled else "disable a channel"
        with self.portal.audit_log.record(action) as entry:
            row = self._find(channel_id)
            entry.details = f"{row.name}, {masked(row.kind, row.address)}"
            self._write(row, disabled_at=None if enabled else self.clock())

    def remove(self, channel_id: str) -> None:
        """Remove a channel with its log."""
        with self.portal.audit_log.record("remove a channel") as entry:
            row = self._find(channel_id)
            entry.details = f"{row.name}, {masked(row.kind, row.address)}"
            self.store.channels.remove(row.group_id, row.id)

    def entry(self, channel_id: str) -> ChannelEntry:
        """Return a channel; raise UnknownChannel."""
        return ChannelEntry.of(self._find(channel_id))

    def send_test(self, channel_id: str) -> str:
        """Send a test now; return why the channel did not take it, or "" if it did."""
        with self.portal.audit_log.record("test a channel") as entry:
            row, now = self._find(channel_id), self.clock()
            entry.details = f"{row.name}, {masked(row.kind, row.address)}"
            self._require_few_tests(row, now)
            test = _test_of(row, now)
            self.store.notifications.add(test, lease=LEASE)
            problem = ""
            try:
                self.sender.send(row, message_of(test, zone_of(row), self.base_url))
            except NotDelivered as error:
                problem = str(error)
                entry.outcome = type(error).__name__
            sent_at = None if problem else self.clock()
            status = "failed" if problem else "sent"
            self.store.notifications.release(
                test, attempts=1, sent_at=sent_at, status=status, error=problem
            )
            self.store.channels.change(
                row, problem=problem, problem_since=(row.problem_since or now) if problem else None
            )
        return problem

    def deliveries(self, channel_id: str) -> Sequence[DeliveryEntry]:
        """Return the newest messages of a channel."""
        row = self._find(channel_id)
        rows = self.store.notifications.of_channel(row.group_id, row.id, LISTED)
        return tuple(map(DeliveryEntry.of, rows))

    def send_again(self, channel_id: str, delivery_id: str) -> DeliveryEntry:
        """Have a message sent again, with the same id, within a minute; return it."""
        with self.portal.audit_log.record("send a message again") as entry:
            channel = self._find(channel_id)
            entry.details = f"{channel.name}, {masked(channel.kind, channel.address)}"
            row = self.store.notifications.find(channel.group_id, delivery_id)
            if row is None or row.channel_id != channel.id:
                raise UnknownChannel("There is no such message. It may have been removed.")
            is_held = self.store.notifications.is_held(row)
            if is_held or not row.status or channel.disabled_at is not None:
                raise NotNow("This message is about to be sent, or its channel is disabled.")
            self.store.notifications.release(
                row, status="", sent_at=None, attempts=0, due_at=self.clock(), error=""
            )
        return DeliveryEntry.of(self.store.notifications.find(channel.group_id, row.id) or row)

    def _find(self, channel_id: str) -> Channel:
        row = self.store.channels.find(self.portal.tenant.group_id, channel_id)
        may_manage = allows(caller().role, Permission.MANAGE_NOTIFICATIONS)
        if row is None or not (row.person_id == self.person_id if row.person_id else may_manage):
            raise UnknownChannel(UNKNOWN)
        require(Permission.VIEW)
        return row

    def _require(self, *, is_own: bool) -> None:
        require(Permission.VIEW if is_own else Permission.MANAGE_NOTIFICATIONS)
        if is_own and not self.may_have_own:
            raise NotNow(OWN_ONLY)

    def _require_room(self, *, is_own: bool) -> None:
        owner = self.person_id if is_own else ""
        rows = self.store.channels.listed(self.portal.tenant.group_id)
        most = MOST_OWN if is_own else MOST_OF_TENANT
        if sum(row.person_id == owner for row in rows) >= most:
            raise LimitReached(f"There are {most} channels already. Remove one first.")

    def _require_few_tests(self, row: Channel, now: float) -> None:
        newest = self.store.notifications.of_channel(row.group_id, row.id, LISTED)
        lately = [one for one in newest if one.kind == "test" and one.created_at > now - HOUR]
        if len(lately) >= MOST_TESTS:
            raise NotNow(f"This channel was tested {MOST_TESTS} times in an hour. Wait a while.")

    def _check(self, values: ChannelValues, *, address: str) -> None:
        self.sender.check(values.kind, address)
        values.check()
        if values.scope == "connector":
            self.portal.connector(values.target)

    def _write(self, row: Channel, **values: object) -> None:
        if not self.store.channels.change(row, **values):
            raise UnknownChannel(UNKNOWN)


def _columns(values: ChannelValues) -> dict[str, object]:
    """Return the columns that both a new and a changed channel have."""
    hours = values.escalates_after
    return {
        "name": values.name.strip(),
        "events": ",".join(values.events),
        "scope": values.scope,
        "target": values.target,
        "digest": values.digest,
        "quiet_from": values.quiet_from,
        "quiet_until": values.quiet_until,
        "time_zone": values.time_zone,
        "escalates_after": None if hours is None else float(hours),
    }


def _test_of(channel: Channel, now: float) -> Notification:
    key = f"msg_{uuid4().hex}"
    opened_at = moment(now).isoformat(timespec="seconds")
    data = dict.fromkeys(
        ("incident_id", "title", "connector_id", "connector_name", "closed_at", "next_step"), ""
    )
    return Notification(
        group_id=channel.group_id,
        id=key,
        channel_id=channel.id,
        subject_id=key,
        kind="test",
        title=TEST_TITLE,
        body=json.dumps({**data, "kind": "test", "opened_at": opened_at}),
        created_at=now,
        due_at=now,
    )
